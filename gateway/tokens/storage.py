"""Queries on clients, secrets and signing keys; the only place of the gateway with select()."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    delete,
    exists,
    func,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import RowMapping

from gateway.tokens.domain import Client
from gateway.tokens.tables import CLIENTS, SECRETS, SIGNING_KEYS
from kit.areas import EVERYWHERE, in_areas
from kit.db import Tx


def within(areas: Sequence[str]) -> ColumnElement[bool]:
    """Return the condition that every area of a client lies in the caller's areas.

    A client without areas (it carries an organization) is seen by those who see everywhere.
    """
    if EVERYWHERE in areas:
        return true()
    area = func.unnest(CLIENTS.c.areas).column_valued("area")
    outside = exists(select(area).where(~in_areas(area, areas)))
    return and_(func.cardinality(CLIENTS.c.areas) > 0, ~outside)


def listed(areas: Sequence[str]) -> Select[Any]:
    """Return the statement of the clients that a caller may see, with their secrets' ids."""
    mine = SECRETS.c.client_id == CLIENTS.c.client_id
    entry = func.jsonb_build_object("id", SECRETS.c.id, "created_at", SECRETS.c.created_at)
    secrets = (
        select(func.coalesce(func.jsonb_agg(entry), func.jsonb_build_array()))
        .where(mine)
        .scalar_subquery()
    )
    return select(*CLIENTS.c, secrets.label("secrets")).where(within(areas))


async def one(tx: Tx, client_id: str, areas: Sequence[str]) -> RowMapping | None:
    """Return a client with its secrets' ids; locks nothing."""
    statement = listed(areas).where(CLIENTS.c.client_id == client_id)
    row: RowMapping | None = (await tx.execute(statement)).mappings().one_or_none()
    return row


async def locked(tx: Tx, client_id: str, areas: Sequence[str]) -> RowMapping | None:
    """Return a client, held against other changes until the transaction ends."""
    statement = select(CLIENTS).where(CLIENTS.c.client_id == client_id, within(areas))
    return (await tx.execute(statement.with_for_update())).mappings().one_or_none()


async def add(tx: Tx, client: Client, *, now: datetime) -> bool:
    """Store a new client; False when the id is taken."""
    done = await tx.execute(
        insert(CLIENTS)
        .values(
            client_id=client.client_id,
            name=client.name,
            scopes=list(client.scopes),
            areas=list(client.areas),
            organization_id=client.organization_id,
            expires_at=client.expires_at,
            version=1,
            created_at=now,
            updated_at=now,
        )
        .on_conflict_do_nothing()
    )
    return bool(done.rowcount)


async def change(tx: Tx, client_id: str, *, now: datetime, **values: Any) -> None:
    """Change columns of a client; its version goes up."""
    await tx.execute(
        update(CLIENTS)
        .where(CLIENTS.c.client_id == client_id)
        .values(version=CLIENTS.c.version + 1, updated_at=now, **values)
    )


async def add_secret(
    tx: Tx, client_id: str, secret_id: UUID, fingerprint: bytes, encoded: str, *, now: datetime
) -> None:
    """Store the hash of a secret."""
    await tx.execute(
        insert(SECRETS).values(
            id=secret_id,
            client_id=client_id,
            fingerprint=fingerprint,
            hash=encoded,
            created_at=now,
        )
    )


async def secrets_of(tx: Tx, client_id: str) -> Sequence[RowMapping]:
    """Return the secrets of a client, oldest first."""
    statement = select(SECRETS).where(SECRETS.c.client_id == client_id)
    return (await tx.execute(statement.order_by(SECRETS.c.created_at))).mappings().all()


async def drop_secret(tx: Tx, client_id: str, secret_id: UUID) -> bool:
    """Delete a secret; False when the client has no such one."""
    mine = (SECRETS.c.client_id == client_id) & (SECRETS.c.id == secret_id)
    return bool((await tx.execute(delete(SECRETS).where(mine))).rowcount)


async def to_authenticate(
    tx: Tx, client_id: str, fingerprint: bytes
) -> tuple[Client, str | None] | None:
    """Return a client and the hash of its secret with the fingerprint, if there is one."""
    joined = CLIENTS.outerjoin(
        SECRETS,
        (SECRETS.c.client_id == CLIENTS.c.client_id) & (SECRETS.c.fingerprint == fingerprint),
    )
    statement = (
        select(CLIENTS, SECRETS.c.hash)
        .select_from(joined)
        .where(CLIENTS.c.client_id == client_id)
        .limit(1)
    )
    row = (await tx.execute(statement)).mappings().one_or_none()
    return None if row is None else (as_client(row), row["hash"])


async def revoked_since(tx: Tx, since: datetime) -> Sequence[tuple[str, datetime]]:
    """Return the clients revoked after a time, with that time."""
    statement = (
        select(CLIENTS.c.client_id, CLIENTS.c.revoked_at)
        .where(CLIENTS.c.revoked_at > since)
        .order_by(CLIENTS.c.client_id)
    )
    return [(row.client_id, row.revoked_at) for row in await tx.execute(statement)]


async def signing_keys(tx: Tx, *, now: datetime) -> Sequence[RowMapping]:
    """Return the keys that are still published, oldest first."""
    until = SIGNING_KEYS.c.published_until
    statement = select(SIGNING_KEYS).where(until.is_(None) | (until > now))
    return (await tx.execute(statement.order_by(SIGNING_KEYS.c.signs_from))).mappings().all()


async def add_signing_key(
    tx: Tx, kid: str, sealed: bytes, *, signs_from: datetime, now: datetime
) -> None:
    """Store a sealed key."""
    await tx.execute(
        insert(SIGNING_KEYS).values(kid=kid, sealed=sealed, created_at=now, signs_from=signs_from)
    )


async def retire_signing_keys(tx: Tx, kids: Sequence[str], *, published_until: datetime) -> None:
    """Set when keys vanish from the key set; never later than was set before."""
    until = func.least(
        func.coalesce(SIGNING_KEYS.c.published_until, published_until), published_until
    )
    await tx.execute(
        update(SIGNING_KEYS).where(SIGNING_KEYS.c.kid.in_(kids)).values(published_until=until)
    )


def as_client(row: RowMapping) -> Client:
    """Return the client of a row."""
    return Client(
        client_id=row["client_id"],
        name=row["name"],
        scopes=tuple(row["scopes"]),
        areas=tuple(row["areas"]),
        organization_id=row["organization_id"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
    )
