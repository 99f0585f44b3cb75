"""Households at the door: no personal data."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from kit.web.schemas import PRINTABLE, WHOLE, Answer, DateTime, Id, Strict
from services.registry.api.schemas.fields import CommunityCode, PlaceQuery, SourceRef, Version
from services.registry.domain.households import Residence

HouseholdNo = Annotated[
    str,
    Field(min_length=1, max_length=40, description="户号, unique in its community"),
    PRINTABLE,
]
Unit = Annotated[str, Field(min_length=1, max_length=20, description="单元"), PRINTABLE]
Floor = Annotated[int, Field(ge=-9, le=300), WHOLE]


class HouseholdIn(Strict):
    """A household, whole; it names its building by our id or by its source."""

    building_id: Id | None = None
    building: Annotated[SourceRef | None, Field(description="The building by its source")] = None
    household_no: HouseholdNo
    residence: Residence = "both"
    unit: Unit | None = None
    floor: Floor | None = None


class HouseholdPatch(Strict):
    """What a merge patch may change; null empties."""

    building_id: Id | None = None
    building: SourceRef | None = None
    household_no: HouseholdNo = Field(default_factory=str)
    residence: Residence = Field(default_factory=lambda: "both")
    unit: Unit | None = None
    floor: Floor | None = None


class HouseholdOut(Answer):
    """A household as it is answered."""

    id: Id
    source: str | None
    source_id: str | None
    community_code: CommunityCode
    building_id: Id
    household_no: str
    residence: Residence
    unit: str | None
    floor: int | None
    ended_at: DateTime | None
    version: Version
    created_at: DateTime
    updated_at: DateTime


class HouseholdQuery(PlaceQuery):
    """Filters of households."""

    building_id: Id | None = None
    residence: Residence | None = None
