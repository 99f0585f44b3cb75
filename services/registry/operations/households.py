"""Use cases of single household rows."""

from __future__ import annotations

from typing import Any

from services.registry.domain.people_problems import HouseholdHasResidents
from services.registry.domain.problems import (
    BuildingNotFound,
    HouseholdNotFound,
    ReferenceAmbiguous,
)
from services.registry.operations import places
from services.registry.operations.keeping import Kept, Wanted
from services.registry.operations.work import Work
from services.registry.storage import residents, rows
from services.registry.storage.rows import Row
from services.registry.storage.tables import BUILDINGS, HOUSEHOLDS

_PLAIN = ("household_no", "residence", "unit", "floor")


async def settle(work: Work, wanted: Wanted, stored: Row | None) -> Row:
    """Return the column values of a household; its community is its building's."""
    kept = stored or {}
    values: Row = {name: wanted.get(name, kept.get(name)) for name in _PLAIN}
    if stored is not None and "building_id" not in wanted and "building" not in wanted:
        wanted = {"building_id": stored["building_id"]}
    building = await _building(work, wanted)
    values |= {"building_id": building["id"], "community_code": building["community_code"]}
    return values


async def _building(work: Work, wanted: Wanted) -> dict[str, Any]:
    found: Row | None = None
    building_id, reference = wanted.get("building_id"), wanted.get("building")
    if building_id is not None:
        found = await rows.one(
            work.tx, rows.of_id(BUILDINGS, building_id, work.areas, lock="share")
        )
        if found is None:
            raise BuildingNotFound(errors=[places.unknown("/building_id", BuildingNotFound)])
    if reference is not None:
        row = await rows.one(
            work.tx,
            rows.of_source(
                BUILDINGS, reference["source"], reference["source_id"], work.areas, lock="share"
            ),
        )
        if row is None or row["ended_at"] is not None:
            raise BuildingNotFound(errors=[places.unknown("/building", BuildingNotFound)])
        if found is not None and found["id"] != row["id"]:
            raise ReferenceAmbiguous
        found = row
    if found is None:
        raise BuildingNotFound(errors=[places.unknown("/building_id", BuildingNotFound)])
    return found


async def may_end(work: Work, row: Row) -> None:
    """Refuse the end of a household that residents still belong to: HouseholdHasResidents."""
    count = await residents.count_in(work.tx, row["id"])
    if count:
        raise HouseholdHasResidents(count=count)


async def after(work: Work, before: Row, row: Row) -> None:
    """Let the residents follow a household that moves to another community."""
    if before["community_code"] != row["community_code"]:
        await residents.follow_household(work.tx, row["id"])


HOUSEHOLDS_KEPT = Kept("household", HOUSEHOLDS, HouseholdNotFound, settle, may_end, after)
