"""Use cases of single household rows."""

from __future__ import annotations

from services.registry.domain.dwelling_problems import DwellingMismatch
from services.registry.domain.people_problems import HouseholdHasResidents
from services.registry.domain.problems import HouseholdNotFound
from services.registry.operations import references
from services.registry.operations.keeping import Kept, Wanted
from services.registry.operations.work import Work
from services.registry.storage import residents
from services.registry.storage.rows import Row
from services.registry.storage.tables import HOUSEHOLDS

_PLAIN = ("household_no", "residence", "residence_type", "unit", "floor")


async def settle(work: Work, wanted: Wanted, stored: Row | None) -> Row:
    """Return the column values of a household; its community is its building's.

    A dwelling brings its building, and unit and floor where the household states none.
    """
    kept = stored or {}
    values: Row = {name: wanted.get(name, kept.get(name)) for name in _PLAIN}
    dwelling = await references.referred(work, references.DWELLING, wanted, "dwelling")
    building = await _building(work, wanted, stored, dwelling)
    stays = stored is not None and building["id"] == stored["building_id"]
    if stored is not None and stays and not references.names(wanted, "dwelling"):
        # Whoever moves to another building leaves the dwelling behind; whoever stays keeps it.
        kept_id = {"dwelling_id": stored["dwelling_id"]}
        dwelling = await references.referred(work, references.DWELLING, kept_id, "dwelling")
    if dwelling is not None:
        if dwelling["building_id"] != building["id"]:
            raise DwellingMismatch
        for name in ("unit", "floor"):
            if values[name] is None:
                values[name] = dwelling[name]
    values["dwelling_id"] = None if dwelling is None else dwelling["id"]
    return values | {"building_id": building["id"], "community_code": building["community_code"]}


async def _building(work: Work, wanted: Wanted, stored: Row | None, dwelling: Row | None) -> Row:
    is_given = wanted.get("building_id") is not None or wanted.get("building") is not None
    if not is_given and dwelling is not None:
        wanted = {"building_id": dwelling["building_id"]}
    elif stored is not None and not references.names(wanted, "building"):
        wanted = {"building_id": stored["building_id"]}
    found = await references.referred(work, references.BUILDING, wanted, "building")
    if found is None:
        raise references.absent(references.BUILDING, "/building_id")
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
