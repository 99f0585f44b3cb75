"""The history of changes at the door."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from kit.web.schemas import Answer, AreaCode, DateTime, Id, ListQuery
from services.registry.api.schemas.fields import SourceId

ChangedNoun = Literal[
    "division",
    "estate",
    "building",
    "unit",
    "dwelling",
    "household",
    "resident",
    "member",
    "appointment",
    "organization",
    "service_point",
    "team",
    "membership",
]


class ChangeQuery(ListQuery):
    """Filters of the history."""

    area: AreaCode | None = None
    noun: ChangedNoun | None = None
    subject: Annotated[SourceId | None, Field(description="Our id, or a division's code")] = None
    updated_since: DateTime | None = None


class ChangeOut(Answer):
    """One change: who, when, which fields; never a value."""

    seq: int
    at: DateTime
    client_id: str
    noun: ChangedNoun
    subject: str
    area: str
    action: Literal["created", "updated", "ended", "revoked", "erased"]
    fields: list[str]
    import_id: Id | None
