"""The audit trail at the door."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from kit.audit.verifying import FaultKind
from kit.web.schemas import (
    JSON_INT_MAX,
    QUERY_WHOLE,
    Answer,
    AreaCode,
    DateTime,
    ListQuery,
    Query,
)

_Word = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,63}$")]
_Client = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$")]
_Subject = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")]


class AuditOut(Answer):
    """One row of the trail: who did what to whom and why; never a value."""

    seq: Annotated[int, Field(ge=1)]
    at: DateTime
    client_id: str
    areas: list[str]
    action: str
    noun: str
    subjects: Annotated[list[str], Field(description="Ids of what it was done to")]
    area: Annotated[str, Field(description="The code that all of them belong to")]
    purpose: str | None
    purpose_note: str | None
    outcome: Annotated[str, Field(description="done or refused")]
    ip: str | None
    request_id: str
    fields: Annotated[list[str], Field(description="Names of the fields read or changed")]
    details: dict[str, Any]
    prev_hash: str
    hash: str


class AuditQuery(ListQuery):
    """Filters of the trail."""

    area: AreaCode | None = None
    client_id: _Client | None = None
    action: _Word | None = None
    noun: _Word | None = None
    subject: Annotated[_Subject | None, Field(description="Rows that concern this id")] = None
    purpose: _Word | None = None
    outcome: _Word | None = None
    updated_since: DateTime | None = None
    until: Annotated[DateTime | None, Field(description="Rows before this time")] = None


class AuditVerifyQuery(Query):
    """From which row on to verify, and how far."""

    from_seq: Annotated[int, Field(ge=1, le=JSON_INT_MAX), QUERY_WHOLE] = 1
    rows_max: Annotated[int, Field(ge=1, le=200_000), QUERY_WHOLE] = 100_000


class FaultOut(Answer):
    """One break of the chain."""

    kind: FaultKind
    seq: int


class CheckpointOut(Answer):
    """A signed state of the trail; keep it where the database's keeper does not reach."""

    service: str
    seq: int
    hash: str
    at: str
    signature: Annotated[str, Field(description="Ed25519 over the other members, sorted, in JSON")]
    public_key: str


class AuditVerificationOut(Answer):
    """What verifying found."""

    ok: bool
    checked: int
    faults: list[FaultOut]
    head_seq: int
    head_hash: str
    next_seq: Annotated[int | None, Field(description="Go on from here; null at the end")]
    checkpoint: CheckpointOut | None
