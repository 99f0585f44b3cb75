"""Estates at the door."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from kit.web.geojson import PlaceGeometry
from kit.web.schemas import Answer, Crs, DateTime, Id, Strict
from services.registry.api.schemas.fields import BoxQuery, CommunityCode, Name, Version
from services.registry.domain.estates import ManagementMode

_Located = Field(description="Absent: the community whose boundary holds the geometry")


class EstateIn(Strict):
    """An estate, whole."""

    name: Name
    community_code: Annotated[CommunityCode | None, _Located] = None
    management_mode: ManagementMode | None = None
    has_property_company: bool | None = None
    has_owners_committee: bool | None = None
    has_resident_organization: bool | None = None
    geometry: PlaceGeometry | None = None
    crs: Crs = "CGCS2000"


class EstatePatch(Strict):
    """What a merge patch may change; null empties."""

    name: Name = Field(default_factory=str)
    community_code: CommunityCode = Field(default_factory=str)
    management_mode: ManagementMode | None = None
    has_property_company: bool | None = None
    has_owners_committee: bool | None = None
    has_resident_organization: bool | None = None
    geometry: PlaceGeometry | None = None
    crs: Crs = "CGCS2000"


class EstateOut(Answer):
    """An estate as it is answered."""

    id: Id
    source: str | None
    source_id: str | None
    community_code: CommunityCode
    name: str
    management_mode: ManagementMode | None
    has_property_company: bool | None
    has_owners_committee: bool | None
    has_resident_organization: bool | None
    is_three_no: Annotated[
        bool | None,
        Field(description="三无楼院: all three bodies absent; null while one is unknown"),
    ]
    geometry: dict[str, Any] | None
    ended_at: DateTime | None
    version: Version
    created_at: DateTime
    updated_at: DateTime


class EstateQuery(BoxQuery):
    """Filters of estates."""

    management_mode: ManagementMode | None = None
