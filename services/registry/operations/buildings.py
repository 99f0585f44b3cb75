"""Use cases of buildings."""

from __future__ import annotations

from kit.web.schemas import Crs
from services.registry.domain.buildings import judge_distance
from services.registry.domain.geometry import Outline, Shape
from services.registry.domain.problems import (
    BuildingInUse,
    BuildingNotFound,
)
from services.registry.operations import places, references
from services.registry.operations.keeping import Kept, Wanted
from services.registry.operations.work import Work
from services.registry.storage import buildings, divisions, residents
from services.registry.storage.rows import Row
from services.registry.storage.tables import BUILDINGS

_PLAIN = (
    "name",
    "kind",
    "units",
    "floors",
    "dwellings",
    "households_resident",
    "households_registered",
    "count_source",
)
_PLACE = ("geometry", *places.EXTENT, "lon", "lat")


async def settle(work: Work, wanted: Wanted, stored: Row | None) -> Row:
    """Return the column values of a building: `wanted` over what is stored."""
    kept = stored or {}
    values: Row = {name: wanted.get(name, kept.get(name)) for name in _PLAIN}
    values |= {name: kept.get(name) for name in _PLACE}
    code = wanted.get("community_code", kept.get("community_code"))
    values |= await _place(work, wanted, code)
    shape = _point(values)
    values["community_code"] = await places.community_of(work, code, shape)
    values["outside_m"] = None
    if shape is not None:
        values["outside_m"] = await _outside_m(work, values["community_code"], *_where(values))
    values["estate_id"] = await references.referred_id(
        work, references.ESTATE, wanted, "estate", stored
    )
    return values


async def _place(work: Work, wanted: Wanted, code: str | None) -> Row:
    if "geometry" not in wanted:
        return {}
    if wanted["geometry"] is None:
        return dict.fromkeys(_PLACE)
    crs: Crs = wanted.get("crs", "CGCS2000")
    around = await places.expected_extent(work, code)
    text, shape = places.checked(wanted["geometry"], crs, around)
    return {"geometry": text, "lon": shape.lon, "lat": shape.lat, **places.extent_of(shape)}


def _point(values: Row) -> Shape | None:
    if values["lon"] is None:
        return None
    west, south, east, north = (values[name] for name in places.EXTENT)
    return Shape(west, south, east, north, values["lon"], values["lat"])


def _where(values: Row) -> tuple[float, float]:
    return values["lon"], values["lat"]


async def _outside_m(work: Work, code: str, lon: float, lat: float) -> float | None:
    boundary = await divisions.boundary_of(work.tx, code)
    if boundary is None:
        return None
    return judge_distance(Outline(boundary).distance_m(lon, lat), work.rules.placement)


async def may_end(work: Work, row: Row) -> None:
    """Refuse the end of a building that still holds something: BuildingInUse."""
    counts = await buildings.contents(work.tx, row["id"])
    if any(counts.values()):
        raise BuildingInUse(
            households=counts["households"], dwellings=counts["dwellings"], units=counts["units"]
        )


async def after(work: Work, before: Row, row: Row) -> None:
    """Let what a building holds, and residents, follow it to another community."""
    if before["community_code"] != row["community_code"]:
        await buildings.move_contents(work.tx, row["id"], row["community_code"], at=work.at)
        await residents.follow_building(work.tx, row["id"])


async def with_listed(work: Work, row: Row) -> Row:
    """Return the row with `households_listed`, the number of its active household rows."""
    return row | {"households_listed": await buildings.households_in(work.tx, row["id"])}


BUILDINGS_KEPT = Kept("building", BUILDINGS, BuildingNotFound, settle, may_end, after)
