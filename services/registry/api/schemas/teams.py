"""Teams at the door."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from kit.web.schemas import PRINTABLE, Answer, Date, DateTime, Id, Strict
from services.registry.api.schemas.fields import (
    DivisionCode,
    Kind,
    Name,
    SourceRef,
    SyncQuery,
    Version,
)

Description = Annotated[str, Field(min_length=1, max_length=500), PRINTABLE]


class TeamIn(Strict):
    """A team, whole."""

    name: Name
    kind: Kind
    division_code: Annotated[
        DivisionCode, Field(description="Where it works: a district, street or community")
    ]
    organization_id: Id | None = None
    organization: Annotated[SourceRef | None, Field(description="Who runs it, by its source")] = (
        None
    )
    description: Description | None = None


class TeamPatch(Strict):
    """What a merge patch may change; null empties."""

    name: Name = Field(default_factory=str)
    kind: Kind = Field(default_factory=str)
    division_code: DivisionCode = Field(default_factory=str)
    organization_id: Id | None = None
    organization: SourceRef | None = None
    description: Description | None = None


class TeamOut(Answer):
    """A team as it is answered."""

    id: Id
    source: str | None
    source_id: str | None
    division_code: DivisionCode
    name: str
    kind: str
    organization_id: Id | None
    description: str | None
    ended_at: DateTime | None
    version: Version
    created_at: DateTime
    updated_at: DateTime


class TeamQuery(SyncQuery):
    """Filters of teams."""

    kind: Kind | None = None
    organization_id: Id | None = None


class MembershipIn(Strict):
    """A membership, whole; it names team and member by our ids or by their sources."""

    team_id: Id | None = None
    team: Annotated[SourceRef | None, Field(description="The team by its source")] = None
    member_id: Id | None = None
    member: Annotated[SourceRef | None, Field(description="The member by its source")] = None
    valid_from: Annotated[Date | None, Field(description="First day; today when absent")] = None
    valid_to: Annotated[Date | None, Field(description="First day without; null: open")] = None


class MembershipPatch(Strict):
    """What a merge patch may change; null empties."""

    team_id: Id | None = None
    team: SourceRef | None = None
    member_id: Id | None = None
    member: SourceRef | None = None
    valid_from: Date | None = None
    valid_to: Date | None = None


class MembershipOut(Answer):
    """A membership as it is answered."""

    id: Id
    source: str | None
    source_id: str | None
    division_code: Annotated[DivisionCode, Field(description="The team's")]
    team_id: Id
    member_id: Id
    valid_from: Date
    valid_to: Date | None
    ended_at: Annotated[DateTime | None, Field(description="When the entry was withdrawn")]
    version: Version
    created_at: DateTime
    updated_at: DateTime


class MembershipQuery(SyncQuery):
    """Filters of memberships."""

    team_id: Id | None = None
    member_id: Id | None = None
    as_of: Annotated[Date | None, Field(description="That hold on this day")] = None
