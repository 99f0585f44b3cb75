"""Import of appointments: who holds which post where, from when to when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from pydantic import Field

from kit.bulk.issues import RowIssue
from kit.bulk.noun import Apply, Counts, ImportContext, Noun, Row, SetStep, Staging
from kit.bulk.problems import ROW_OUTSIDE_AREA
from kit.bulk.upsert import Upsert
from kit.db import Tx
from kit.web.field_messages import of as message_of
from kit.web.schemas import SourceName
from services.registry.domain.organization_problems import OrganizationNotFound
from services.registry.domain.people_problems import (
    AppointmentDates,
    MemberNotFound,
    PlaceNotFound,
)
from services.registry.operations.imports.judging import issue_of
from services.registry.operations.imports.people import (
    NUMBER_TEXT,
    SheetDate,
    SourceId,
    codes_of,
    told,
)
from services.registry.operations.work import People
from services.registry.storage import imports, member_imports, references
from services.registry.storage.imports import Imported
from services.registry.storage.tables import APPOINTMENTS

_FACTS = (
    "member_id",
    "post",
    "place_code",
    "organization_id",
    "valid_from",
    "valid_to",
    "end_reason",
)
_NEEDED = ("post", "valid_from")
_COLUMNS = (*_FACTS, "ended_at")
_KEY = ("source", "source_id")
_IMPORTED = Imported("appointment", APPOINTMENTS, _KEY, _COLUMNS, "place_code")
_UPSERT = Upsert(APPOINTMENTS, key=_KEY, columns=_COLUMNS, area="place_code")


class AppointmentRow(Row):
    """One appointment; a new one needs a member, a post, a place and a begin."""

    source: SourceName
    source_id: SourceId
    member_source: SourceName | None = None
    member_source_id: SourceId | None = None
    post: Annotated[str | None, Field(max_length=60)] = None
    place_code: Annotated[
        str | None, Field(pattern=r"^([0-9]{6}|[0-9]{9}|[0-9]{12}|[0-9]{15})$"), NUMBER_TEXT
    ] = None
    organization_id: UUID | None = None
    organization_source_id: SourceId | None = None
    organization_source: SourceName | None = None
    valid_from: SheetDate | None = None
    valid_to: SheetDate | None = None
    end_reason: Annotated[str | None, Field(max_length=60)] = None


_STAGING = (
    ("source", "text"),
    ("source_id", "text"),
    ("member_id", "uuid"),
    ("post", "text"),
    ("place_code", "text"),
    ("organization_id", "uuid"),
    ("valid_from", "date"),
    ("valid_to", "date"),
    ("end_reason", "text"),
    ("ended_at", "timestamptz"),
    ("member_source", "text"),
    ("member_source_id", "text"),
    ("organization_source_id", "text"),
    ("organization_source", "text"),
)


class _Appointments:
    """The steps of the import, with the lists that they need."""

    def __init__(self, people: People) -> None:
        self._people = people

    def stage(self, row: AppointmentRow, _context: ImportContext) -> Sequence[object]:
        """Return the staged values of a row, or refuse it."""
        people = self._people
        post = row.post and codes_of(people, "posts", [row.post], "post")[0]
        reason = (
            row.end_reason
            and codes_of(people, "appointment_end_reasons", [row.end_reason], "end_reason")[0]
        )
        return (
            row.source, row.source_id, None, post, row.place_code, row.organization_id,
            row.valid_from, row.valid_to, reason, None, row.member_source or row.source,
            row.member_source_id, row.organization_source_id, row.organization_source,
        )  # fmt: skip

    async def check(self, tx: Tx, staging: Staging, context: ImportContext) -> None:
        """Refuse rows without member, place, post or begin, and dates that do not fit."""
        await _UPSERT.check(tx, staging, context)
        await member_imports.resolve_members(tx, staging, context.areas, issue_of(MemberNotFound))
        await references.resolve(tx, staging, "organization")
        await references.refuse_absent(
            staging, issue_of(OrganizationNotFound), "organization", context.areas
        )
        await imports.keep_unstated(tx, _IMPORTED, _FACTS, context.areas)
        await member_imports.refuse_unnamed_member(staging, issue_of(MemberNotFound))
        code, missing = message_of("missing")
        for name in _NEEDED:
            await imports.refuse_empty(staging, RowIssue(code, missing), name)
        await imports.refuse_empty(staging, issue_of(PlaceNotFound), "place_code")
        await imports.refuse_hidden(staging, ROW_OUTSIDE_AREA, "place_code", context.areas)
        await member_imports.refuse_unknown_place(staging, issue_of(PlaceNotFound))
        await member_imports.refuse_dates(staging, issue_of(AppointmentDates))

    async def apply(self, tx: Tx, staging: Staging, context: ImportContext) -> Counts:
        """Write the rows, their history and the row of the audit trail."""
        await imports.note(tx, _IMPORTED, context)
        counts = await _UPSERT.apply(tx, staging, context)
        await told(tx, self._people, "appointment", counts, context)
        return counts


def appointment_noun(people: People) -> Noun[AppointmentRow]:
    """Return how appointments are imported."""
    steps = _Appointments(people)
    check: SetStep = steps.check
    apply: Apply = steps.apply
    return Noun(
        name="appointments",
        model=AppointmentRow,
        headers={
            "source": ("来源",),
            "source_id": ("appointment_id", "编号", "任职编号"),
            "member_source": ("人员来源",),
            "member_source_id": ("member_id", "人员编号"),
            "post": ("职务", "任职"),
            "place_code": ("任职地点", "区划或网格编码", "网格编码", "区划代码"),
            "organization_id": ("组织标识",),
            "organization_source_id": ("所属组织编号", "组织编号"),
            "organization_source": ("组织来源",),
            "valid_from": ("任职起始", "起始日期", "任职日期"),
            "valid_to": ("任职终止", "终止日期", "免职日期"),
            "end_reason": ("终止原因", "免职原因"),
        },
        staging=_STAGING,
        stage=steps.stage,
        check=check,
        apply=apply,
        keys=(_KEY,),
        personal=True,
    )
