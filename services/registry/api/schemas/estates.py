"""Estates at the door."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from kit.web.geojson import PlaceGeometry
from kit.web.schemas import Answer, Crs, DateTime, Id, QueryBool, Strict
from services.registry.api.schemas.fields import (
    BoxQuery,
    CommunityCode,
    Name,
    SourceRef,
    Version,
)
from services.registry.domain.estates import ManagementMode

_Located = Field(description="Absent: the community whose boundary holds the geometry")


class EstateIn(Strict):
    """An estate, whole."""

    name: Name
    community_code: Annotated[CommunityCode | None, _Located] = None
    management_mode: ManagementMode | None = None
    has_property_company: bool | None = None
    has_owners_committee: bool | None = None
    has_party_branch: bool | None = None
    has_resident_organization: bool | None = None
    property_company_id: Id | None = None
    property_company: Annotated[
        SourceRef | None, Field(description="物业服务企业, by its source")
    ] = None
    owners_committee_id: Id | None = None
    owners_committee: Annotated[
        SourceRef | None, Field(description="业主委员会, by its source")
    ] = None
    party_branch_id: Id | None = None
    party_branch: Annotated[SourceRef | None, Field(description="小区党支部, by its source")] = None
    residents_group_id: Id | None = None
    residents_group: Annotated[
        SourceRef | None, Field(description="居民自治小组, by its source")
    ] = None
    geometry: PlaceGeometry | None = None
    crs: Crs = "CGCS2000"


class EstatePatch(Strict):
    """What a merge patch may change; null empties."""

    name: Name = Field(default_factory=str)
    community_code: CommunityCode = Field(default_factory=str)
    management_mode: ManagementMode | None = None
    has_property_company: bool | None = None
    has_owners_committee: bool | None = None
    has_party_branch: bool | None = None
    has_resident_organization: bool | None = None
    property_company_id: Id | None = None
    property_company: SourceRef | None = None
    owners_committee_id: Id | None = None
    owners_committee: SourceRef | None = None
    party_branch_id: Id | None = None
    party_branch: SourceRef | None = None
    residents_group_id: Id | None = None
    residents_group: SourceRef | None = None
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
    has_party_branch: bool | None
    has_resident_organization: bool | None
    property_company_id: Id | None
    owners_committee_id: Id | None
    party_branch_id: Id | None
    residents_group_id: Id | None
    is_three_no: Annotated[
        bool | None,
        Field(
            description="三无楼院: no property company, no owners' committee, no residents' group "
            "(or whichever the operator has set); null while one is unknown"
        ),
    ]
    geometry: dict[str, Any] | None
    ended_at: DateTime | None
    version: Version
    created_at: DateTime
    updated_at: DateTime


class EstateQuery(BoxQuery):
    """Filters of estates."""

    management_mode: ManagementMode | None = None
    is_three_no: Annotated[QueryBool | None, Field(description="Known to be one, or not")] = None
    organization_id: Annotated[
        Id | None, Field(description="That have this organization as one of their parties")
    ] = None
