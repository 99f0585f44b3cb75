"""The life of a row, the same for every noun that is kept by id.

A noun brings `settle`, which turns what was asked into column values: it resolves references
inside the caller's areas and checks the rules.  Everything else (areas, versions, source ids,
history, events) is done here, once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Table

from kit.conditional import check_if_match
from kit.errors import NotFound
from kit.ids import new_id
from services.registry.domain.problems import SourceTaken
from services.registry.operations.work import Work
from services.registry.storage import changes, rows
from services.registry.storage.changes import Change
from services.registry.storage.rows import Lock, Row

#: Ending of the columns that only stand beside a sealed one; a history names the field itself.
HASH_ENDING = "_hash"

Wanted = Mapping[str, Any]
Settle = Callable[[Work, Wanted, Row | None], Awaitable[Row]]
MayEnd = Callable[[Work, Row], Awaitable[None]]
After = Callable[[Work, Row, Row], Awaitable[None]]
Seal = Callable[[Work, Row, Row, Row | None], Row]
Noted = Callable[[Work, Change], Awaitable[None]]


async def _always(_work: Work, _row: Row) -> None:
    """Let every row end."""


async def _nothing(_work: Work, _before: Row, _after: Row) -> None:
    """Follow up nothing."""


def _plain(_work: Work, _identity: Row, values: Row, _stored: Row | None) -> Row:
    """Store the values as they are."""
    return values


async def _untold(_work: Work, _change: Change) -> None:
    """Tell nobody else of a change."""


@dataclass(frozen=True, slots=True)
class Kept:
    """How one noun is kept.

    `settle(work, wanted, stored)` returns the column values; `may_end` refuses the end of a row
    that others need; `after` follows up a change of a stored row.  `seal(work, identity, values,
    stored)` turns personal values into what is stored of them, `noted` is told of each change last
    in its transaction, `counts` says whether the numbers of a community depend on the noun.
    """

    noun: str
    table: Table
    absent: type[NotFound]
    settle: Settle
    may_end: MayEnd = _always
    after: After = _nothing
    seal: Seal = _plain
    noted: Noted = _untold
    counts: bool = True

    @property
    def area(self) -> str:
        """The name of the column with the code that a row belongs to."""
        return rows.area_of(self.table).name


async def read(kept: Kept, work: Work, row_id: UUID, *, lock: Lock = "none") -> Row:
    """Return an active row in the caller's areas; the noun's NotFound otherwise."""
    row = await rows.one(work.tx, rows.of_id(kept.table, row_id, work.areas, lock=lock))
    if row is None:
        raise kept.absent
    return row


async def create(kept: Kept, work: Work, wanted: Wanted) -> Row:
    """Add a row without a source; returns it."""
    values = await kept.settle(work, wanted, None)
    return await _add(kept, work, values | {"source": None, "source_id": None})


async def change(kept: Kept, work: Work, row_id: UUID, patch: Wanted, if_match: str | None) -> Row:
    """Change the given fields of a row (RFC 7396: null empties); nothing new, no new version."""
    stored = await read(kept, work, row_id, lock="update")
    check_if_match(if_match, stored["version"])
    values = await kept.settle(work, patch, stored)
    return await _store(kept, work, stored, values)


async def put_by_source(
    kept: Kept, work: Work, origin: tuple[str, str], wanted: Wanted, if_match: str | None
) -> tuple[Row, bool]:
    """Create the row of a source, or replace it whole; returns it and whether it is new.

    An ended row that its source sends again comes back under its old id.
    """
    source, source_id = origin
    stored = await rows.one(
        work.tx, rows.of_source(kept.table, source, source_id, work.areas, lock="update")
    )
    if stored is None:
        values = await kept.settle(work, wanted, None)
        taken = (kept.table.c.source == source) & (kept.table.c.source_id == source_id)
        if await rows.count(work.tx, kept.table, taken):
            raise SourceTaken
        return await _add(kept, work, values | {"source": source, "source_id": source_id}), True
    if stored["ended_at"] is None:
        check_if_match(if_match, stored["version"])
    values = await kept.settle(work, wanted, None) | {"ended_at": None}
    return await _store(kept, work, stored, values), stored["ended_at"] is not None


async def end(kept: Kept, work: Work, row_id: UUID, if_match: str | None) -> None:
    """End a row: it leaves lists and counts, its history and its source id stay."""
    stored = await read(kept, work, row_id, lock="update")
    check_if_match(if_match, stored["version"])
    await kept.may_end(work, stored)
    values = {
        "ended_at": work.at,
        "updated_at": work.at,
        "version": stored["version"] + 1,
    }
    await rows.change(work.tx, kept.table, kept.table.c.id == row_id, values)
    await _note(kept, work, stored | values, "ended", ["ended_at"])


async def _add(kept: Kept, work: Work, values: Row) -> Row:
    values |= {"id": new_id()}
    row = kept.seal(work, values, values, None) | {
        "ended_at": None,
        "version": 1,
        "created_at": work.at,
        "updated_at": work.at,
    }
    await rows.add(work.tx, kept.table, row)
    await _note(kept, work, row, "created", [])
    return row


async def _store(kept: Kept, work: Work, stored: Row, values: Row) -> Row:
    values = kept.seal(work, stored, values, stored)
    fields = [name for name, value in values.items() if stored[name] != value]
    if not fields:
        return stored
    row = stored | values | {"version": stored["version"] + 1, "updated_at": work.at}
    written = {name: row[name] for name in [*fields, "version", "updated_at"]}
    await rows.change(work.tx, kept.table, kept.table.c.id == stored["id"], written)
    await kept.after(work, stored, row)
    former = stored[kept.area] if kept.area in fields else None
    await _note(kept, work, row, "updated", fields, former)
    return row


async def _note(
    kept: Kept, work: Work, row: Row, action: str, fields: list[str], former: str | None = None
) -> None:
    change = Change(
        noun=kept.noun,
        subject=str(row["id"]),
        area=row[kept.area],
        action=action,
        fields=[name for name in fields if not name.endswith(HASH_ENDING)],
        version=row["version"],
        former_area=former,
        counts=kept.counts,
    )
    await changes.note(work.tx, change, client_id=work.caller.client_id, at=work.at)
    await kept.noted(work, change)
