"""Use cases of units (单元): the entrances by which a large building can be split."""

from __future__ import annotations

from kit.web.schemas import Crs
from services.registry.domain.dwelling_problems import UnitNotFound
from services.registry.operations import places, references
from services.registry.operations.keeping import Kept, Wanted
from services.registry.operations.work import Work
from services.registry.storage.rows import Row
from services.registry.storage.tables import UNITS

_PLAIN = ("name", "floors", "dwellings", "households_resident", "households_registered")


async def settle(work: Work, wanted: Wanted, stored: Row | None) -> Row:
    """Return the column values of a unit; its community is its building's."""
    kept = stored or {}
    values: Row = {name: wanted.get(name, kept.get(name)) for name in _PLAIN}
    if stored is not None and not references.names(wanted, "building"):
        wanted = dict(wanted) | {"building_id": stored["building_id"]}
    building = await references.referred(work, references.BUILDING, wanted, "building")
    if building is None:
        raise references.absent(references.BUILDING, "/building_id")
    values |= {"building_id": building["id"], "community_code": building["community_code"]}
    if stored is None or "geometry" in wanted:
        values |= {"geometry": None, **places.NO_EXTENT}
        if wanted.get("geometry") is not None:
            crs: Crs = wanted.get("crs", "CGCS2000")
            around = await places.expected_extent(work, building["community_code"])
            values["geometry"], shape = places.checked(wanted["geometry"], crs, around)
            values |= places.extent_of(shape)
    return values


UNITS_KEPT = Kept("unit", UNITS, UnitNotFound, settle)
