"""Residents at the door: masked unless asked for with a purpose."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from kit.web.schemas import PRINTABLE, Answer, DateTime, Id, QueryBool, Strict
from services.registry.api.schemas.fields import CommunityCode, PlaceQuery, SourceRef, Version
from services.registry.api.schemas.people import (
    BirthDate,
    IdNumberText,
    ListCode,
    LookupBy,
    Masked,
    PersonName,
    PhoneText,
    Tombstone,
    Warned,
)
from services.registry.domain.identity import Sex
from services.registry.domain.residents import Relation, ResidenceType

Tags = Annotated[list[ListCode], Field(max_length=20, description="Codes of the list `tags`")]
_Lives = Annotated[Id | None, Field(description="The household that the person lives in")]
_Registered = Annotated[
    Id | None, Field(description="The household that the person is registered in (户籍)")
]
_LivesBy = Annotated[SourceRef | None, Field(description="The same by its source")]
_Elsewhere = Annotated[
    bool | None,
    Field(description="人户分离: registered elsewhere than they live; two households decide"),
]


class ResidentIn(Strict):
    """A resident, whole; it names a household by our id or by its source."""

    household_id: _Lives = None
    household: _LivesBy = None
    registered_household_id: _Registered = None
    registered_household: _LivesBy = None
    registered_elsewhere: _Elsewhere = None
    relation_to_householder: Relation | None = None
    residence_type: ResidenceType | None = None
    name: PersonName
    sex: Sex | None = None
    birth_date: BirthDate | None = None
    id_number: IdNumberText | None = None
    phone: PhoneText | None = None
    tags: Tags = Field(default_factory=list)


class ResidentPatch(Strict):
    """What a merge patch may change; null empties."""

    household_id: _Lives = None
    household: _LivesBy = None
    registered_household_id: _Registered = None
    registered_household: _LivesBy = None
    registered_elsewhere: _Elsewhere = None
    relation_to_householder: Relation | None = None
    residence_type: ResidenceType | None = None
    name: PersonName = Field(default_factory=str)
    sex: Sex | None = None
    birth_date: BirthDate | None = None
    id_number: IdNumberText | None = None
    phone: PhoneText | None = None
    tags: Tags = Field(default_factory=list)


class ResidentOut(Tombstone):
    """A resident as it is answered; `is_masked` tells whether the personal fields are masked."""

    id: Id
    source: str | None
    source_id: str | None
    community_code: CommunityCode
    household_id: Id | None
    registered_household_id: Id | None
    registered_elsewhere: bool | None
    relation_to_householder: Relation | None
    residence_type: ResidenceType | None
    is_masked: bool
    name: Masked
    sex: Sex | None
    birth_date: Masked
    id_number: Masked
    phone: Masked
    tags: list[str]
    warnings: list[Warned]
    ended_at: DateTime | None
    version: Version
    created_at: DateTime
    updated_at: DateTime


class ResidentQuery(PlaceQuery):
    """Filters of residents."""

    household_id: Annotated[Id | None, Field(description="Lives or is registered there")] = None
    relation_to_householder: Relation | None = None
    residence_type: ResidenceType | None = None
    registered_elsewhere: QueryBool | None = None
    tag: ListCode | None = None
    warning: Annotated[
        Literal["id_number.region_unknown", "id_number.sex_differs"] | None,
        Field(description="Residents with this warning"),
    ] = None


class ResidentLookup(Strict):
    """A number to look for; it stands in a body, never in an address."""

    by: LookupBy
    value: Annotated[str, Field(min_length=7, max_length=40), PRINTABLE]


class ResidentLookupOut(Answer):
    """Who bears the number in the caller's areas; the same shape whether anybody does or not."""

    items: list[ResidentOut]
    is_complete: Annotated[bool, Field(description="False when more bear it than are answered")]
