"""Members of the governance force and their appointments at the door."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from kit.web.schemas import (
    Answer,
    AreaCode,
    Date,
    DateTime,
    Id,
    ListQuery,
    QueryBool,
    SourceName,
    Strict,
)
from services.registry.api.schemas.fields import DivisionCode, SourceRef, Version
from services.registry.api.schemas.people import (
    IdNumberText,
    ListCode,
    Masked,
    PersonName,
    PhoneText,
    Tombstone,
)

_Public = Annotated[
    bool,
    Field(
        description="The member agrees that name and work phone are posted publicly (网格公示): "
        "both are then shown in clear to every reader of the registry"
    ),
]
_Kind = Annotated[ListCode, Field(description="A code of the list `member_kinds`")]
_Organization = Annotated[Id | None, Field(description="Id of the organization they belong to")]
_OrganizationRef = Annotated[SourceRef | None, Field(description="The organization by its source")]
_Post = Annotated[ListCode, Field(description="A code of the list `posts`")]
_EndReason = Annotated[
    ListCode | None, Field(description="A code of the list `appointment_end_reasons`")
]
PlaceCode = Annotated[
    AreaCode, Field(description="Where: a division (6, 9, 12 digits) or a grid (15 digits)")
]
_To = Annotated[Date | None, Field(description="The first day on which the post is no longer held")]


class MemberIn(Strict):
    """A member, whole; the division is where they work or are kept."""

    division_code: DivisionCode
    kind: _Kind
    name: PersonName
    id_number: IdNumberText | None = None
    phone: Annotated[PhoneText | None, Field(description="Private; never public")] = None
    work_phone: Annotated[PhoneText | None, Field(description="For the public, if agreed")] = None
    public_contact: _Public = False
    organization_id: _Organization = None
    organization: _OrganizationRef = None


class MemberPatch(Strict):
    """What a merge patch may change; null empties."""

    division_code: DivisionCode = Field(default_factory=str)
    kind: _Kind = Field(default_factory=str)
    name: PersonName = Field(default_factory=str)
    id_number: IdNumberText | None = None
    phone: PhoneText | None = None
    work_phone: PhoneText | None = None
    public_contact: _Public = False
    organization_id: _Organization = None
    organization: _OrganizationRef = None


class MemberOut(Tombstone):
    """A member as it is answered."""

    id: Id
    source: str | None
    source_id: str | None
    division_code: DivisionCode
    kind: str
    is_masked: bool
    name: Annotated[Masked, Field(description="In clear also where public_contact is true")]
    id_number: Masked
    phone: Masked
    work_phone: Annotated[Masked, Field(description="In clear also where public_contact is true")]
    public_contact: bool
    organization_id: Id | None
    ended_at: DateTime | None
    version: Version
    created_at: DateTime
    updated_at: DateTime


class _SyncQuery(ListQuery):
    area: AreaCode | None = None
    source: SourceName | None = None
    updated_since: DateTime | None = None
    include_ended: Annotated[
        QueryBool, Field(description="Also rows that have ended: what a sync needs")
    ] = False


class MemberQuery(_SyncQuery):
    """Filters of members."""

    kind: ListCode | None = None
    organization_id: Id | None = None
    public_contact: QueryBool | None = None


class AppointmentIn(Strict):
    """An appointment, whole; it names its member by our id or by its source."""

    member_id: Id | None = None
    member: Annotated[SourceRef | None, Field(description="The member by its source")] = None
    post: _Post
    place_code: PlaceCode
    organization_id: _Organization = None
    organization: _OrganizationRef = None
    valid_from: Date
    valid_to: _To = None
    end_reason: _EndReason = None


class AppointmentPatch(Strict):
    """What a merge patch may change; null empties."""

    member_id: Id | None = None
    member: SourceRef | None = None
    post: _Post = Field(default_factory=str)
    place_code: PlaceCode = Field(default_factory=str)
    organization_id: _Organization = None
    organization: _OrganizationRef = None
    valid_from: Date = Field(default_factory=lambda: date.min)
    valid_to: _To = None
    end_reason: _EndReason = None


class AppointmentOut(Answer):
    """An appointment as it is answered."""

    id: Id
    source: str | None
    source_id: str | None
    member_id: Id
    post: str
    place_code: PlaceCode
    organization_id: Id | None
    valid_from: Date
    valid_to: Date | None
    end_reason: str | None
    ended_at: Annotated[DateTime | None, Field(description="When the entry was withdrawn")]
    version: Version
    created_at: DateTime
    updated_at: DateTime


class AppointmentQuery(_SyncQuery):
    """Filters of appointments."""

    member_id: Id | None = None
    post: ListCode | None = None
    organization_id: Id | None = None
    as_of: Annotated[Date | None, Field(description="Posts held on this day")] = None


class OverlapQuery(ListQuery):
    """Filters of overlapping posts."""

    area: Annotated[AreaCode | None, Field(description="One of the two posts lies here")] = None
    member_id: Id | None = None
    as_of: Annotated[Date | None, Field(description="Both held on this day")] = None


class OverlapOut(Answer):
    """Two posts that one person holds at the same time (交叉任职)."""

    id: Annotated[Id, Field(description="One appointment")]
    other_id: Annotated[Id, Field(description="The other appointment")]
    member_id: Id
    post: str
    place_code: PlaceCode
    organization_id: Id | None
    valid_from: Date
    valid_to: Date | None
    other_post: str
    other_place_code: PlaceCode
    other_organization_id: Id | None
    other_valid_from: Date
    other_valid_to: Date | None
    overlaps_from: Date
    overlaps_to: Annotated[Date | None, Field(description="First day without overlap; null: open")]
