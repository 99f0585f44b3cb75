"""References to other rows: by our id, or by the source that owns the row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Table

from kit.errors import NotFound
from services.registry.domain.dwelling_problems import DwellingNotFound
from services.registry.domain.organization_problems import OrganizationNotFound, TeamNotFound
from services.registry.domain.people_problems import MemberNotFound
from services.registry.domain.problems import BuildingNotFound, EstateNotFound, ReferenceAmbiguous
from services.registry.operations import places
from services.registry.operations.keeping import Wanted
from services.registry.operations.work import Work
from services.registry.storage import organizations, rows
from services.registry.storage.rows import Row
from services.registry.storage.tables import BUILDINGS, DWELLINGS, ESTATES, MEMBERS, TEAMS


@dataclass(frozen=True, slots=True)
class Target:
    """What can be referred to: how it is found, and what its absence is called."""

    absent: type[NotFound]
    of_id: Callable[..., Select[Any]]
    of_source: Callable[..., Select[Any]]


def _kept(table: Table, absent: type[NotFound]) -> Target:
    return Target(
        absent,
        lambda row_id, areas, lock: rows.of_id(table, row_id, areas, lock=lock),
        lambda source, source_id, areas, lock: rows.of_source(
            table, source, source_id, areas, lock=lock
        ),
    )


ORGANIZATION = Target(OrganizationNotFound, organizations.of_id, organizations.of_source)
ESTATE = _kept(ESTATES, EstateNotFound)
BUILDING = _kept(BUILDINGS, BuildingNotFound)
DWELLING = _kept(DWELLINGS, DwellingNotFound)
MEMBER = _kept(MEMBERS, MemberNotFound)
TEAM = _kept(TEAMS, TeamNotFound)


def names(wanted: Wanted, name: str) -> bool:
    """Tell whether something is said of the reference `<name>_id` or `<name>`, be it null."""
    return f"{name}_id" in wanted or name in wanted


async def referred(work: Work, target: Target, wanted: Wanted, name: str) -> Row | None:
    """Return the row that `<name>_id` or `<name>` names; None where both are empty.

    It is locked against its end.  Raises the target's absence, also for a row outside the
    caller's areas, and ReferenceAmbiguous.
    """
    found: Row | None = None
    row_id: UUID | None = wanted.get(f"{name}_id")
    reference = wanted.get(name)
    if row_id is not None:
        found = await rows.one(work.tx, target.of_id(row_id, work.areas, lock="share"))
        if found is None:
            raise absent(target, f"/{name}_id")
    if reference is not None:
        source, source_id = reference["source"], reference["source_id"]
        row = await rows.one(work.tx, target.of_source(source, source_id, work.areas, lock="share"))
        if row is None or row["ended_at"] is not None:
            raise absent(target, f"/{name}")
        if found is not None and found["id"] != row["id"]:
            raise ReferenceAmbiguous
        found = row
    return found


async def referred_id(
    work: Work, target: Target, wanted: Wanted, name: str, stored: Row | None
) -> UUID | None:
    """Return the id for the column `<name>_id`: what was asked, else what is stored."""
    if not names(wanted, name):
        return None if stored is None else stored[f"{name}_id"]
    row = await referred(work, target, wanted, name)
    return None if row is None else row["id"]


def absent(target: Target, pointer: str) -> NotFound:
    """Return the refusal of a reference to nothing, pointing at its field."""
    return target.absent(errors=[places.unknown(pointer, target.absent)])
