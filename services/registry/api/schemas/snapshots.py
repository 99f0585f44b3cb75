"""What a partition needs of a community, and nothing personal."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from kit.web.schemas import Answer, AreaCode, Id, Query
from services.registry.api.schemas.fields import CommunityCode
from services.registry.domain.buildings import CountBasis


class SnapshotEstateOut(Answer):
    """An estate registered in the community."""

    id: Id
    source: str | None
    source_id: str | None
    name: str
    geometry: dict[str, Any] | None


class SnapshotUnitOut(Answer):
    """A unit of a building: its entrance, and its share of the households where it is known."""

    name: str
    floors: int | None
    households: int | None
    point: Annotated[list[float] | None, Field(min_length=2, max_length=2)]


class SnapshotBuildingOut(Answer):
    """A building: where it is, and how many households it counts for the asked basis."""

    id: Id
    source: str | None
    source_id: str | None
    name: str | None
    estate_id: Annotated[
        Id | None, Field(description="A label; the estate may be registered next door")
    ]
    kind: str | None
    geometry: dict[str, Any] | None
    point: Annotated[
        list[float] | None,
        Field(min_length=2, max_length=2, description="Longitude, latitude, on the geometry"),
    ]
    units: Annotated[int | None, Field(description="As stated, else the units that are known")]
    floors: int | None
    households: Annotated[int, Field(ge=0)]
    unit_details: list[SnapshotUnitOut]


class SnapshotTotalsOut(Answer):
    """Sums of the community."""

    estates: int
    buildings: int
    households: int
    buildings_without_location: int
    buildings_without_count: int


class SnapshotOut(Answer):
    """A community as a partition needs it; coordinates are CGCS2000."""

    version: Annotated[
        str, Field(description="SHA-256 of the rest: changes when any of it changes")
    ]
    community_code: CommunityCode
    name: str
    is_governed: bool
    count_basis: CountBasis
    boundary: dict[str, Any] | None
    estates: list[SnapshotEstateOut]
    buildings: list[SnapshotBuildingOut]
    totals: SnapshotTotalsOut


class SnapshotQuery(Query):
    """Which households count."""

    count_basis: CountBasis = "resident"


class SnapshotsQuery(SnapshotQuery):
    """Which communities, and which households count."""

    area: AreaCode | None = None
    governed: Literal["only", "all"] = "only"
