"""Queries of erasing: whose time is over, and what is stored in place of their data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Table, func, insert, select, update

from kit.areas import in_areas
from kit.db import Tx
from kit.outbox import Event, record
from services.registry.storage import rows
from services.registry.storage.rows import Row, area_of
from services.registry.storage.tables import AUDIT, CHANGES, OUTBOX


async def of_id(tx: Tx, table: Table, row_id: UUID, areas: Sequence[str]) -> Row | None:
    """Return a row in the areas, ended ones too, locked for its change."""
    condition = (table.c.id == row_id) & in_areas(area_of(table), areas)
    return await rows.one(tx, rows.locked(select(table).where(condition), "update"))


def due(table: Table, before: datetime) -> ColumnElement[bool]:
    """Return the condition that a row has ended before a time and still holds its data."""
    return table.c.erased_at.is_(None) & (table.c.ended_at < before)


async def due_by_area(tx: Tx, table: Table, before: datetime) -> dict[str, int]:
    """Return how many rows are due, by the code that they belong to."""
    code = area_of(table)
    statement = select(code, func.count()).where(due(table, before)).group_by(code).order_by(code)
    return {row[0]: row[1] for row in await tx.execute(statement)}


async def next_due(tx: Tx, table: Table, before: datetime, limit: int) -> list[tuple[UUID, str]]:
    """Return id and code of rows that are due, locked; those that somebody works on are left."""
    statement = (
        select(table.c.id, area_of(table))
        .where(due(table, before))
        .order_by(table.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [(row[0], row[1]) for row in await tx.execute(statement)]


async def write_tombstones(
    tx: Tx, table: Table, ids: Sequence[UUID], values: Mapping[str, Any], *, at: datetime
) -> None:
    """Store the values in place of the data of rows; those that go on end now."""
    written = dict(values) | {
        "ended_at": func.coalesce(table.c.ended_at, at),
        "version": table.c.version + 1,
        "updated_at": at,
    }
    await tx.execute(update(table).where(table.c.id.in_(ids)).values(written))


async def note_erased(
    tx: Tx,
    noun: str,
    erased: Sequence[tuple[UUID, str]],
    fields: Sequence[str],
    *,
    client_id: str,
    at: datetime,
) -> None:
    """Write history and events of rows (id, code) that were erased by the retention."""
    rows_of = [
        {
            "at": at,
            "client_id": client_id,
            "noun": noun,
            "subject": str(row_id),
            "area": area,
            "action": "erased",
            "fields": sorted(fields),
        }
        for row_id, area in erased
    ]
    await tx.execute(insert(CHANGES), rows_of)
    events = [
        Event(f"registry.{noun}.erased", str(row_id), area, {"id": str(row_id)})
        for row_id, area in erased
    ]
    await record(tx, OUTBOX, *events, now=at)


async def history(tx: Tx, subject: str, limit: int) -> list[Row]:
    """Return the newest changes of a row."""
    statement = (
        select(CHANGES)
        .where(CHANGES.c.subject == subject)
        .order_by(CHANGES.c.seq.desc())
        .limit(limit)
    )
    return [dict(row) for row in (await tx.execute(statement)).mappings()]


async def disclosures(tx: Tx, subject: str, limit: int) -> list[Row]:
    """Return the newest rows of the audit trail that concern a row."""
    statement = (
        select(AUDIT)
        .where(AUDIT.c.subjects.contains([subject]))
        .order_by(AUDIT.c.seq.desc())
        .limit(limit)
    )
    return [dict(row) for row in (await tx.execute(statement)).mappings()]
