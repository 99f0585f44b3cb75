"""Rights of persons at the door: erasure, and a copy of what is kept."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from kit.web.schemas import Answer, DateTime, Id, Strict
from services.registry.api.schemas.fields import Version
from services.registry.api.schemas.people import ListCode, Tombstone
from services.registry.api.schemas.residents import ResidentOut


class ErasureIn(Strict):
    """Why, and whether it is only to be tried."""

    reason: Annotated[ListCode, Field(description="A code of the list `erasure_reasons`")]
    dry_run: Annotated[
        bool, Field(description="Only tell what would go; false erases and needs If-Match")
    ] = True


class ErasureOut(Tombstone):
    """What was erased, or would be."""

    id: Id
    dry_run: bool
    fields: Annotated[list[str], Field(description="Names of the fields that hold something")]
    version: Version


class CopiedChangeOut(Answer):
    """One change of what is kept of a person."""

    at: DateTime
    client_id: str
    action: str
    fields: list[str]


class DisclosureOut(Answer):
    """One reading or change that the audit trail knows."""

    at: DateTime
    client_id: str
    action: str
    purpose: str | None
    outcome: str
    fields: list[str]


class ResidentCopyOut(Answer):
    """All that is kept of a person, in clear; lists hold the newest 1000 entries."""

    resident: ResidentOut
    changes: list[CopiedChangeOut]
    disclosures: list[DisclosureOut]
