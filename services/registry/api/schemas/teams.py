"""Teams at the door."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from kit.web.schemas import PRINTABLE, Answer, DateTime, Id, Strict
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
