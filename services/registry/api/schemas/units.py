"""Units at the door."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from kit.web.geojson import PointGeometry
from kit.web.schemas import Answer, Crs, DateTime, Id, Strict
from services.registry.api.schemas.fields import (
    BoxQuery,
    CommunityCode,
    Count,
    SourceRef,
    Storeys,
    Unit,
    Version,
)

_Entrance = Annotated[PointGeometry | None, Field(description="The entrance")]


class UnitIn(Strict):
    """A unit, whole; it names its building by our id or by its source."""

    building_id: Id | None = None
    building: Annotated[SourceRef | None, Field(description="The building by its source")] = None
    name: Unit
    floors: Storeys | None = None
    dwellings: Count | None = None
    households_resident: Count | None = None
    households_registered: Count | None = None
    geometry: _Entrance = None
    crs: Crs = "CGCS2000"


class UnitPatch(Strict):
    """What a merge patch may change; null empties."""

    building_id: Id | None = None
    building: SourceRef | None = None
    name: Unit = Field(default_factory=str)
    floors: Storeys | None = None
    dwellings: Count | None = None
    households_resident: Count | None = None
    households_registered: Count | None = None
    geometry: _Entrance = None
    crs: Crs = "CGCS2000"


class UnitOut(Answer):
    """A unit as it is answered."""

    id: Id
    source: str | None
    source_id: str | None
    community_code: CommunityCode
    building_id: Id
    name: str
    floors: int | None
    dwellings: int | None
    households_resident: Annotated[int | None, Field(description="As stated for the unit")]
    households_registered: Annotated[int | None, Field(description="As stated for the unit")]
    geometry: dict[str, Any] | None
    ended_at: DateTime | None
    version: Version
    created_at: DateTime
    updated_at: DateTime


class UnitQuery(BoxQuery):
    """Filters of units."""

    building_id: Id | None = None
