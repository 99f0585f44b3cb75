"""Who changed what and when (field names, never values), and the events that tell of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, insert, select

from kit.areas import narrow
from kit.db import Tx
from kit.outbox import Event, record
from services.registry.storage.places import Listed, is_one_code, within
from services.registry.storage.tables import CHANGES, OUTBOX


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one row; `area` is the code that the row belongs to after it.

    `counts` tells whether a community's numbers depend on it.
    """

    noun: str
    subject: str
    area: str
    action: str
    fields: Sequence[str]
    version: int
    former_area: str | None = None
    counts: bool = True


async def note(tx: Tx, change: Change, *, client_id: str, at: datetime) -> None:
    """Write a change into the history and the outbox, with the transaction of the change."""
    row = {
        "at": at,
        "client_id": client_id,
        "noun": change.noun,
        "subject": change.subject,
        "action": change.action,
        "fields": sorted(change.fields),
    }
    areas = {change.area, change.former_area or change.area}
    await tx.execute(insert(CHANGES), [row | {"area": area} for area in sorted(areas)])
    thin = {"id": change.subject, "version": change.version, "fields": sorted(change.fields)}
    told = Event(f"registry.{change.noun}.{change.action}", change.subject, change.area, thin)
    others = _communities(areas) if change.counts else []
    await record(tx, OUTBOX, told, *others, now=at)


def _communities(codes: Iterable[str]) -> list[Event]:
    return [
        Event("registry.community.changed", code, code, {"community_code": code})
        for code in sorted(codes)
        if len(code) == 12
    ]


async def tell_communities(tx: Tx, import_id: UUID, *, at: datetime) -> None:
    """Record one event a community that an import has changed, however many rows it changed."""
    areas = await tx.scalars(
        # The time is what an index finds; every row of an import bears the same.
        select(CHANGES.c.area)
        .where(CHANGES.c.at == at, CHANGES.c.import_id == import_id)
        .distinct()
    )
    await record(tx, OUTBOX, *_communities(set(areas)), now=at)


def listing(
    areas: Sequence[str],
    *,
    area: str | None,
    noun: str | None,
    subject: str | None,
    updated_since: datetime | None,
) -> Listed:
    """Return the history visible in the areas, oldest first, and its paging key.

    Narrowed to a prefix of codes it stands code by code: each is one stretch of an index.
    """
    columns = CHANGES.c
    prefixes = narrow(areas, area)
    statement = select(CHANGES).where(within(columns.area, prefixes))
    if noun is not None:
        statement = statement.where(columns.noun == noun)
    if subject is not None:
        statement = statement.where(columns.subject == subject)
    if updated_since is not None:
        statement = statement.where(columns.at >= updated_since)
    in_time: list[ColumnElement[Any]] = [columns.at, columns.seq]
    is_stretch = (
        subject is not None or prefixes in {(), ("",)} or is_one_code(columns.area, prefixes)
    )
    return statement, in_time if is_stretch else [columns.area, *in_time]
