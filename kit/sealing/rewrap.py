"""Rewrap: what is sealed under an older key comes under the newest, while the service goes on.

In batches, each a transaction of its own: what is killed goes on where it stopped, because only
values under older keys are looked for.  A value that changes meanwhile is left alone; whoever
changed it has sealed it anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Table, and_, bindparam, func, or_, select, update

from kit.db import Database
from kit.sealing.vault import Vault

BATCH_ROWS = 500

Bound = Mapping[Any, Any]


@dataclass(frozen=True, slots=True)
class SealedTable:
    """A table with sealed columns; its rows have an `id`."""

    table: Table
    columns: Sequence[str]


@dataclass(frozen=True, slots=True)
class Rewrapped:
    """What was done to a table: values sealed anew, and values still under older keys."""

    table: str
    rewrapped: int
    left: int


async def rewrap(
    database: Database,
    vault: Vault,
    tables: Sequence[SealedTable],
    *,
    batch_rows: int = BATCH_ROWS,
    tell: Callable[[str, int], None] = lambda _table, _done: None,
) -> list[Rewrapped]:
    """Seal anew what lies under older keys; `tell` hears the count after each batch.

    Raises SealBroken when a value's key is not in the ring.
    """
    return [await _one(database, vault, sealed, batch_rows, tell) for sealed in tables]


async def _one(
    database: Database,
    vault: Vault,
    sealed: SealedTable,
    batch_rows: int,
    tell: Callable[[str, int], None],
) -> Rewrapped:
    t = sealed.table
    prefix = vault.ring.prefix
    columns = [t.c[name] for name in sealed.columns]
    old = or_(*(_is_old(column, prefix) for column in columns))
    last, done = UUID(int=0), 0
    while True:
        page = select(t.c.id, *columns).where(old, t.c.id > last).order_by(t.c.id).limit(batch_rows)
        async with database.unit_of_work() as tx:
            rows = (await tx.execute(page)).mappings().all()
            for name in sealed.columns:
                changes = await asyncio.to_thread(_anew, vault, t.name, name, rows)
                if changes:
                    await tx.execute(_written(t, name), changes)
                    done += len(changes)
        if len(rows) < batch_rows:
            break
        last = rows[-1]["id"]
        tell(t.name, done)
    async with database.reading() as tx:
        left = await tx.scalar(select(func.count()).select_from(t).where(old))
    tell(t.name, done)
    return Rewrapped(t.name, done, int(left or 0))


def _is_old(column: Column[Any], prefix: bytes) -> ColumnElement[bool]:
    return and_(column.is_not(None), func.substring(column, 1, len(prefix)) != prefix)


def _anew(vault: Vault, table: str, column: str, rows: Sequence[Bound]) -> list[dict[str, Any]]:
    prefix = vault.ring.prefix
    return [
        {
            "row": row["id"],
            "old": row[column],
            "new": vault.reseal(table, column, row["id"], row[column]),
        }
        for row in rows
        if row[column] is not None and not bytes(row[column]).startswith(prefix)
    ]


def _written(table: Table, name: str) -> Any:
    same = (table.c.id == bindparam("row")) & (table.c[name] == bindparam("old"))
    return update(table).where(same).values({name: bindparam("new")})
