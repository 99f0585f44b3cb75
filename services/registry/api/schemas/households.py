"""Households at the door: no personal data."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from kit.web.schemas import PRINTABLE, Answer, DateTime, Id, Strict
from services.registry.api.schemas.fields import (
    CommunityCode,
    Floor,
    PlaceQuery,
    SourceRef,
    Unit,
    Version,
)
from services.registry.domain.households import Residence, ResidenceType

HouseholdNo = Annotated[
    str,
    Field(min_length=1, max_length=40, description="户号, unique in its community"),
    PRINTABLE,
]


class HouseholdIn(Strict):
    """A household, whole; it names its building by our id or by its source."""

    building_id: Id | None = None
    building: Annotated[SourceRef | None, Field(description="The building by its source")] = None
    dwelling_id: Id | None = None
    dwelling: Annotated[
        SourceRef | None,
        Field(description="The dwelling by its source; it brings building, unit and floor"),
    ] = None
    household_no: HouseholdNo
    residence: Residence = "both"
    residence_type: ResidenceType | None = None
    unit: Unit | None = None
    floor: Floor | None = None


class HouseholdPatch(Strict):
    """What a merge patch may change; null empties."""

    building_id: Id | None = None
    building: SourceRef | None = None
    dwelling_id: Id | None = None
    dwelling: SourceRef | None = None
    household_no: HouseholdNo = Field(default_factory=str)
    residence: Residence = Field(default_factory=lambda: "both")
    residence_type: ResidenceType | None = None
    unit: Unit | None = None
    floor: Floor | None = None


class HouseholdOut(Answer):
    """A household as it is answered."""

    id: Id
    source: str | None
    source_id: str | None
    community_code: CommunityCode
    building_id: Id
    dwelling_id: Id | None
    household_no: str
    residence: Residence
    residence_type: ResidenceType | None
    unit: str | None
    floor: int | None
    ended_at: DateTime | None
    version: Version
    created_at: DateTime
    updated_at: DateTime


class HouseholdQuery(PlaceQuery):
    """Filters of households."""

    building_id: Id | None = None
    dwelling_id: Id | None = None
    residence: Residence | None = None
