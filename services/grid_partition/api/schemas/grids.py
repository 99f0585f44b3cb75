"""Grids in force, and points in them, at the door."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import orjson
from pydantic import Field

from kit.web.schemas import (
    QUERY_NUMBER,
    Answer,
    AreaCode,
    Bbox,
    Crs,
    DateTime,
    Id,
    Latitude,
    ListQuery,
    Longitude,
    Query,
    Strict,
)
from services.grid_partition.api.schemas.fields import AsOf, Name, SimplifyM, Version, drawn
from services.grid_partition.domain.locating import Located, MappedGrid

POINTS_MAX = 10_000


class GridOut(Answer):
    """One version of a grid: what holds from valid_from until valid_to."""

    id: Id
    code: str
    community_code: str
    community_name: str
    name: str
    kind: str
    households: int
    population: int | None
    in_range: bool
    compactness: float
    area_m2: float
    plan_id: Id
    valid_from: DateTime
    valid_to: DateTime | None
    version: Version
    created_at: DateTime
    updated_at: DateTime
    geometry: dict[str, Any]


class GridPatch(Strict):
    """What a merge patch may change."""

    name: Name


class GridQuery(ListQuery):
    """Filters of grids."""

    area: AreaCode | None = None
    bbox: Bbox | None = None
    as_of: AsOf | None = None
    updated_since: DateTime | None = None
    crs: Crs = "CGCS2000"
    simplify_m: SimplifyM = None


class GridLookup(Query):
    """Which version of a grid, and how it is shown."""

    as_of: AsOf | None = None
    crs: Crs = "CGCS2000"


class GridBuildingOut(Answer):
    """A building, or a slice of one, of a grid."""

    number: int
    building_id: str
    source: str | None
    source_id: str | None
    unit_from: int
    unit_to: int
    floor_from: int
    floor_to: int
    households: int


class GridBuildingQuery(ListQuery):
    """Which version of the grid is meant."""

    as_of: AsOf | None = None


class LocateQuery(Query):
    """A point, its reference, and the time that is meant."""

    lon: Annotated[Longitude, QUERY_NUMBER]
    lat: Annotated[Latitude, QUERY_NUMBER]
    crs: Crs = "CGCS2000"
    as_of: AsOf | None = None


class LocateBatchQuery(Query):
    """The time that is meant."""

    as_of: AsOf | None = None


class PointIn(Strict):
    """One point; `id` comes back with its answer."""

    lon: Longitude
    lat: Latitude
    id: Annotated[str, Field(max_length=64)] | None = None


class LocateIn(Strict):
    """Many points."""

    points: Annotated[list[PointIn], Field(min_length=1, max_length=POINTS_MAX)]
    crs: Crs = "CGCS2000"


class NearestOut(Answer):
    """The nearest grid of a point outside every grid."""

    grid_code: str
    grid_name: str
    distance_m: float


class LocatedOut(Answer):
    """The grid of a point; null where none of the caller's grids holds it."""

    grid_code: str | None
    grid_name: str | None
    community_code: str | None
    community_name: str | None
    nearest: NearestOut | None
    id: str | None = None


class LocatedBatchOut(Answer):
    """The answers, in the order of the points."""

    items: list[LocatedOut]


def show_grid_version(row: Mapping[Any, Any], crs: Crs, *, parsed: bool = False) -> dict[str, Any]:
    """Return a grid; unless `parsed`, the geometry is ready for the list encoder only."""
    shown = dict(row) | {"geometry": {}}
    answer = GridOut.model_validate(shown).model_dump(mode="json")
    place = drawn(row["geometry"], crs)
    answer["geometry"] = orjson.loads(orjson.dumps(place)) if parsed else place
    return answer


def show_building(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return one building of a grid."""
    return {name: row[name] for name in GridBuildingOut.model_fields}


def show_located(found: Located) -> dict[str, Any]:
    """Return the answer for a point."""
    grid: MappedGrid | None = found.grid
    nearest = found.nearest
    return {
        "grid_code": grid and grid.code,
        "grid_name": grid and grid.name,
        "community_code": grid and grid.community_code,
        "community_name": grid and grid.community_name,
        "nearest": nearest
        and {
            "grid_code": nearest.code,
            "grid_name": nearest.name,
            "distance_m": found.distance_m,
        },
    }
