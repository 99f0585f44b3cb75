"""Use cases of the rights of persons: erasure, retention, a copy of what is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from kit.audit.trail import Entry, Purpose, append, area_of, of_command
from kit.conditional import check_if_match
from kit.db import Database
from kit.errors import NotFound
from kit.quota import spend
from services.registry.domain.people_problems import AlreadyErased
from services.registry.operations import personal as shared
from services.registry.operations.personal import MEMBER, RESIDENT, Personal
from services.registry.operations.work import People, PersonalWork
from services.registry.storage import changes, erasing
from services.registry.storage.changes import Change
from services.registry.storage.rows import Row
from services.registry.storage.tables import QUOTAS

HISTORY_MAX = 1000
_BATCH_ROWS = 500
_RETENTION = "retention_ended"
#: What else of a row tells of the person, and what stands in its place.
_ALSO: Mapping[str, Row] = {
    RESIDENT.noun: {
        "sex": None,
        "birth_year": None,
        "relation_to_householder": None,
        "residence_type": None,
        "registered_elsewhere": None,
        "tags": [],
        "warnings": [],
    },
    MEMBER.noun: {"public_contact": False},
}


def _in_place(of: Personal) -> Row:
    return of.emptied() | _ALSO[of.noun]


def _told(of: Personal, row: Row) -> list[str]:
    """Return the names of the fields of a row that hold something to erase."""
    names = [*of.fields, *_ALSO[of.noun]]
    return [name for name in names if row[name] not in (None, [], False)]


@dataclass(frozen=True, slots=True)
class Erasure:
    """What an erasure does, or would do."""

    row: Row
    fields: list[str]


async def erase(
    work: PersonalWork,
    of: Personal,
    absent: type[NotFound],
    row_id: UUID,
    reason: str,
    *,
    dry_run: bool,
    if_match: str | None,
) -> Erasure:
    """Erase the data of one person for good; a tombstone with when, why and by whom is left.

    A dry run only tells what would go.  Raises `absent`, AlreadyErased, CodeUnknown.
    """
    work.people.lists.check("erasure_reasons", reason, "/reason")
    stored = await erasing.of_id(work.tx, of.table, row_id, work.areas)
    if stored is None:
        raise absent
    if stored["erased_at"] is not None:
        raise AlreadyErased
    fields = _told(of, stored)
    if dry_run:
        return Erasure(stored, fields)
    check_if_match(if_match, stored["version"])
    stone = {
        "erased_at": work.at,
        "erased_by": work.caller.client_id,
        "erasure_reason": reason,
    }
    values = _in_place(of) | stone
    await erasing.write_tombstones(work.tx, of.table, [row_id], values, at=work.at)
    row = stored | values | {"version": stored["version"] + 1, "updated_at": work.at}
    change = Change(
        noun=of.noun,
        subject=str(row_id),
        area=row[of.area],
        action="erased",
        fields=fields,
        version=row["version"],
        counts=False,
    )
    await changes.note(work.tx, change, client_id=work.caller.client_id, at=work.at)
    await shared.noted(work, change)
    return Erasure(row, fields)


@dataclass(frozen=True, slots=True)
class Copy:
    """All that is kept of a person, for that person: newest first where it is a list."""

    row: Row
    changes: list[Row]
    disclosures: list[Row]


async def copy(
    work: PersonalWork, of: Personal, absent: type[NotFound], row_id: UUID, purpose: Purpose
) -> Copy:
    """Return what is kept of a person, also who changed and who read it; written into the trail."""
    row = await erasing.of_id(work.tx, of.table, row_id, work.areas)
    if row is None:
        raise absent
    people = work.people
    await spend(work.tx, QUOTAS, people.clear_rows, work.caller.client_id, 1, at=work.at)
    subject = str(row_id)
    found = Copy(
        row,
        await erasing.history(work.tx, subject, HISTORY_MAX),
        await erasing.disclosures(work.tx, subject, HISTORY_MAX),
    )
    entry = Entry(
        action="copied",
        noun=of.noun,
        subjects=[subject],
        area=row[of.area],
        fields=of.fields,
        purpose=purpose,
        details={"count": 1, "clear": True},
    )
    await shared.tell(people, work, work.actor, entry)
    return found


@dataclass(slots=True)
class Due:
    """Whose time is over, by noun and code, and how many were erased."""

    noun: str
    before: datetime
    by_area: dict[str, int] = field(default_factory=dict)
    erased: int = 0

    @property
    def due(self) -> int:
        """How many are due in all."""
        return sum(self.by_area.values())


async def retain(
    database: Database,
    people: People,
    of: Personal,
    before: datetime,
    *,
    apply: bool,
    clock: Callable[[], datetime],
) -> Due:
    """Erase the data of those who ended before a time, batch after batch; or only count them."""
    found = Due(of.noun, before)
    async with database.reading() as tx:
        found.by_area = await erasing.due_by_area(tx, of.table, before)
    while apply:
        async with database.unit_of_work() as tx:
            at = clock()
            batch = await erasing.next_due(tx, of.table, before, _BATCH_ROWS)
            if not batch:
                break
            await _erase_batch(tx, people, of, batch, at)
        found.erased += len(batch)
    return found


async def _erase_batch(
    tx: Any, people: People, of: Personal, batch: list[tuple[UUID, str]], at: datetime
) -> None:
    actor = of_command("retention")
    stone = {"erased_at": at, "erased_by": actor.client_id, "erasure_reason": _RETENTION}
    ids = [row_id for row_id, _ in batch]
    await erasing.write_tombstones(tx, of.table, ids, _in_place(of) | stone, at=at)
    await erasing.note_erased(tx, of.noun, batch, of.fields, client_id=actor.client_id, at=at)
    entry = Entry(
        action="erased",
        noun=of.noun,
        subjects=[str(row_id) for row_id in ids],
        area=area_of([area for _, area in batch]),
        fields=of.fields,
        details={"count": len(batch), "reason": _RETENTION},
    )
    await append(tx, people.trail.table, actor, entry, at=at)
