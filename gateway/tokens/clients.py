"""What an administrator does with service clients; the API and the command line both call this."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from gateway.tokens import storage
from gateway.tokens.domain import SECRETS_LIVE_MAX, Client, fingerprint, new_secret
from gateway.tokens.hashing import SecretHasher
from gateway.tokens.problems import (
    ClientExists,
    ClientNotFound,
    ClientRevoked,
    SecretNotFound,
    SecretsFull,
)
from kit.areas import require_area
from kit.conditional import check_if_match
from kit.db import Tx
from kit.ids import new_id

log = structlog.get_logger()

_RANDOM_BYTES = 32


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A secret in clear, for the one time that it is shown."""

    secret_id: UUID
    text: str


def fresh_secret() -> str:
    """Return a new random secret."""
    return new_secret(secrets.token_bytes(_RANDOM_BYTES))


async def create(
    tx: Tx,
    client: Client,
    *,
    by_areas: Sequence[str],
    hasher: SecretHasher,
    now: datetime,
    secret: str | None = None,
) -> NewSecret:
    """Store a client with its first secret.

    Nobody can make a client that reaches farther than itself.  Raises ClientExists,
    ClientNotFound for areas outside the caller's.
    """
    for area in client.areas or ("*",):
        require_area(by_areas, area, ClientNotFound)
    if not await storage.add(tx, client, now=now):
        raise ClientExists
    log.info("client_created", client_id=client.client_id, scopes=client.scopes)
    return await _store_secret(tx, client.client_id, secret or fresh_secret(), hasher, now)


async def show(tx: Tx, client_id: str, *, by_areas: Sequence[str]) -> dict[str, Any]:
    """Return a client's row with its secrets' ids; raises ClientNotFound."""
    row = await storage.one(tx, client_id, by_areas)
    if row is None:
        raise ClientNotFound
    return dict(row)


async def add_secret(
    tx: Tx, client_id: str, *, by_areas: Sequence[str], hasher: SecretHasher, now: datetime
) -> NewSecret:
    """Give a client a second live secret, so that it can change over without a gap.

    Raises ClientNotFound, ClientRevoked, SecretsFull.
    """
    await _changeable(tx, client_id, by_areas)
    if len(await storage.secrets_of(tx, client_id)) >= SECRETS_LIVE_MAX:
        raise SecretsFull(secrets_max=SECRETS_LIVE_MAX)
    made = await _store_secret(tx, client_id, fresh_secret(), hasher, now)
    await storage.change(tx, client_id, now=now)
    log.info("client_secret_added", client_id=client_id, secret_id=str(made.secret_id))
    return made


async def drop_secret(
    tx: Tx,
    client_id: str,
    secret_id: UUID,
    *,
    by_areas: Sequence[str],
    if_match: str | None,
    now: datetime,
) -> None:
    """Delete a secret; tokens that it obtained live on for their minutes.

    Raises ClientNotFound, SecretNotFound, PreconditionRequired, PreconditionFailed.
    """
    row = await storage.locked(tx, client_id, by_areas)
    if row is None:
        raise ClientNotFound
    check_if_match(if_match, row["version"])
    if not await storage.drop_secret(tx, client_id, secret_id):
        raise SecretNotFound
    await storage.change(tx, client_id, now=now)
    log.info("client_secret_dropped", client_id=client_id, secret_id=str(secret_id))


async def revoke(tx: Tx, client_id: str, *, by_areas: Sequence[str], now: datetime) -> None:
    """End a client for good; its tokens stop working everywhere within 30 s.

    Raises ClientNotFound, ClientRevoked.
    """
    await _changeable(tx, client_id, by_areas)
    await storage.change(tx, client_id, now=now, revoked_at=now)
    log.info("client_revoked", client_id=client_id)


async def ensure(
    tx: Tx, client: Client, secret: str, *, hasher: SecretHasher, now: datetime
) -> bool:
    """Make a client and its secret be as given, whatever was there; True when it was created.

    For bootstrap: repeating it changes nothing.  A secret that the client does not have takes the
    place of its oldest one when two live already.  Raises ClientRevoked.
    """
    everywhere = ("*",)
    row = await storage.locked(tx, client.client_id, everywhere)
    if row is None:
        await create(tx, client, by_areas=everywhere, hasher=hasher, now=now, secret=secret)
        return True
    if row["revoked_at"] is not None:
        raise ClientRevoked
    kept = storage.as_client(row)
    if kept != client:
        await storage.change(
            tx,
            client.client_id,
            now=now,
            name=client.name,
            scopes=list(client.scopes),
            areas=list(client.areas),
            organization_id=client.organization_id,
            expires_at=client.expires_at,
        )
    known = await storage.secrets_of(tx, client.client_id)
    if fingerprint(secret) not in {entry["fingerprint"] for entry in known}:
        for entry in known[: len(known) - SECRETS_LIVE_MAX + 1]:
            await storage.drop_secret(tx, client.client_id, entry["id"])
        await _store_secret(tx, client.client_id, secret, hasher, now)
    return False


async def _changeable(tx: Tx, client_id: str, by_areas: Sequence[str]) -> None:
    row = await storage.locked(tx, client_id, by_areas)
    if row is None:
        raise ClientNotFound
    if row["revoked_at"] is not None:
        raise ClientRevoked


async def _store_secret(
    tx: Tx, client_id: str, secret: str, hasher: SecretHasher, now: datetime
) -> NewSecret:
    made = NewSecret(new_id(), secret)
    encoded = await hasher.hash(secret)
    await storage.add_secret(tx, client_id, made.secret_id, fingerprint(secret), encoded, now=now)
    return made
