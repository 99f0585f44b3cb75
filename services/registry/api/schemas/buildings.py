"""Buildings at the door."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from kit.web.geojson import PlaceGeometry
from kit.web.schemas import Answer, Crs, DateTime, Id, QueryBool, Strict
from services.registry.api.schemas.fields import (
    BoxQuery,
    CommunityCode,
    Count,
    Name,
    SourceRef,
    Storeys,
    Version,
)
from services.registry.domain.buildings import CountSource

_Located = Field(description="Absent: the community whose boundary holds the geometry")
Kind = Annotated[
    str,
    Field(
        pattern=r"^[a-z][a-z0-9_]{0,39}$",
        description="Use and form in the source's words",
        examples=["slab", "tower", "school"],
    ),
]


class BuildingIn(Strict):
    """A building, whole; without geometry its place is unknown."""

    community_code: Annotated[CommunityCode | None, _Located] = None
    estate_id: Id | None = None
    estate: Annotated[SourceRef | None, Field(description="The estate by its source")] = None
    name: Name | None = None
    kind: Kind | None = None
    geometry: PlaceGeometry | None = None
    crs: Crs = "CGCS2000"
    units: Annotated[Storeys | None, Field(description="单元; null: unknown")] = None
    floors: Storeys | None = None
    dwellings: Count | None = None
    households_resident: Count | None = None
    households_registered: Count | None = None
    count_source: CountSource | None = None


class BuildingPatch(Strict):
    """What a merge patch may change; null empties."""

    community_code: CommunityCode = Field(default_factory=str)
    estate_id: Id | None = None
    estate: SourceRef | None = None
    name: Name | None = None
    kind: Kind | None = None
    geometry: PlaceGeometry | None = None
    crs: Crs = "CGCS2000"
    units: Storeys | None = None
    floors: Storeys | None = None
    dwellings: Count | None = None
    households_resident: Count | None = None
    households_registered: Count | None = None
    count_source: CountSource | None = None


class WarningOut(Answer):
    """Something odd that was accepted; `detail` speaks the caller's language."""

    code: str
    detail: str
    pointer: str


class BuildingOut(Answer):
    """A building as it is answered."""

    id: Id
    source: str | None
    source_id: str | None
    community_code: CommunityCode
    estate_id: Id | None
    name: str | None
    kind: str | None
    geometry: dict[str, Any] | None
    outside_m: Annotated[
        float | None,
        Field(description="Metres by which it lies outside its community's boundary; check it"),
    ]
    units: int | None
    floors: int | None
    dwellings: int | None
    households_resident: Annotated[int | None, Field(description="As stated for the building")]
    households_registered: Annotated[int | None, Field(description="As stated for the building")]
    households_listed: Annotated[
        int,
        Field(description="Single household rows; above 0 they count instead of what was stated"),
    ]
    count_source: CountSource | None
    ended_at: DateTime | None
    version: Version
    created_at: DateTime
    updated_at: DateTime
    warnings: Annotated[
        list[WarningOut],
        Field(
            description="`building.near_outside`: a little outside its community; "
            "`building.far_outside`: so far that somebody should look"
        ),
    ]


class BuildingQuery(BoxQuery):
    """Filters of buildings."""

    estate_id: Id | None = None
    outside: Annotated[
        QueryBool | None, Field(description="Only those noted outside their community, or not")
    ] = None
