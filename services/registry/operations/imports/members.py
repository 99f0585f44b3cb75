"""Import of members of the governance force."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import false

from kit.bulk.noun import Apply, Counts, ImportContext, Noun, Row, SetStep, Staging
from kit.bulk.problems import ROW_OUTSIDE_AREA
from kit.bulk.upsert import Upsert
from kit.db import Tx
from kit.ids import new_id
from kit.web.schemas import PRINTABLE, SourceName
from services.registry.domain.organization_problems import OrganizationNotFound
from services.registry.domain.people_problems import AlreadyErased
from services.registry.domain.problems import DivisionNotFound
from services.registry.operations.imports.judging import issue_of
from services.registry.operations.imports.people import (
    NUMBER_TEXT,
    YES_OR_NO,
    Sealer,
    SourceId,
    codes_of,
    hash_columns,
    person_of,
    told,
)
from services.registry.operations.personal import MEMBER
from services.registry.operations.work import People
from services.registry.storage import imports, member_imports, references
from services.registry.storage.imports import Imported
from services.registry.storage.tables import MEMBERS

_FACTS = ("division_code", "kind", "public_contact", "organization_id")
_COLUMNS = (*_FACTS, "ended_at", *MEMBER.fields)
_KEY = ("source", "source_id")
_IMPORTED = Imported("member", MEMBERS, _KEY, _COLUMNS, "division_code", fresh_id="fresh_id")
_UPSERT = Upsert(
    MEMBERS,
    key=_KEY,
    columns=(*_COLUMNS, *hash_columns(MEMBER)),
    area="division_code",
    fresh_id="fresh_id",
)
_Number = Annotated[str | None, Field(max_length=40), NUMBER_TEXT, PRINTABLE]


class MemberRow(Row):
    """One member; a new one needs a division, a kind and a name."""

    source: SourceName
    source_id: SourceId
    division_code: Annotated[
        str | None, Field(pattern=r"^([0-9]{6}|[0-9]{9}|[0-9]{12})$"), NUMBER_TEXT
    ] = None
    kind: Annotated[str | None, Field(max_length=60)] = None
    name: Annotated[str | None, Field(min_length=1, max_length=60), PRINTABLE] = None
    id_number: _Number = None
    phone: _Number = None
    work_phone: _Number = None
    public_contact: Annotated[bool | None, YES_OR_NO] = None
    organization_id: UUID | None = None
    organization_source_id: SourceId | None = None
    organization_source: SourceName | None = None


_STAGING = (
    ("fresh_id", "uuid"),
    ("stored_id", "uuid"),
    ("source", "text"),
    ("source_id", "text"),
    ("division_code", "text"),
    ("kind", "text"),
    ("public_contact", "boolean"),
    ("organization_id", "uuid"),
    ("ended_at", "timestamptz"),
    ("organization_source_id", "text"),
    ("organization_source", "text"),
)


class _Members:
    """The steps of the import, with the keys and lists that they need."""

    def __init__(self, people: People) -> None:
        self._people = people
        self.sealer = Sealer(MEMBER, people)

    def stage(self, row: MemberRow, context: ImportContext) -> Sequence[object]:
        """Return the staged values of a row, sealed; or refuse it."""
        given = {name: getattr(row, name) for name in MEMBER.fields}
        read = person_of(given, row.source_id, context)
        kind = row.kind and codes_of(self._people, "member_kinds", [row.kind], "kind")[0]
        fresh_id = new_id()
        return (
            fresh_id, None, row.source, row.source_id, row.division_code, kind,
            row.public_contact, row.organization_id, None,
            row.organization_source_id, row.organization_source,
            *self.sealer.cells(fresh_id, f"{row.source}|{row.source_id}", read.clear),
        )  # fmt: skip

    async def check(self, tx: Tx, staging: Staging, context: ImportContext) -> None:
        """Refuse rows of unknown or foreign divisions, without kind or name, and erased ones."""
        await _UPSERT.check(tx, staging, context)
        await self.sealer.settle(tx)
        await references.resolve(tx, staging, "organization")
        await references.refuse_absent(
            staging, issue_of(OrganizationNotFound), "organization", context.areas
        )
        await imports.keep_unstated(tx, _IMPORTED, _FACTS, context.areas)
        await imports.refuse_empty(staging, issue_of(DivisionNotFound), "division_code")
        await imports.refuse_hidden(staging, ROW_OUTSIDE_AREA, "division_code", context.areas)
        await member_imports.refuse_unknown_division(staging, issue_of(DivisionNotFound))
        await member_imports.refuse_erased(staging, issue_of(AlreadyErased))
        await member_imports.refuse_incomplete(staging)
        await imports.default(tx, staging, "public_contact", false())

    async def apply(self, tx: Tx, staging: Staging, context: ImportContext) -> Counts:
        """Write the rows, their history and the row of the audit trail."""
        await imports.note(tx, _IMPORTED, context)
        counts = await _UPSERT.apply(tx, staging, context)
        await told(tx, self._people, MEMBER.noun, counts, context)
        return counts


def member_noun(people: People) -> Noun[MemberRow]:
    """Return how members are imported."""
    steps = _Members(people)
    check: SetStep = steps.check
    apply: Apply = steps.apply
    return Noun(
        name="members",
        model=MemberRow,
        headers={
            "source": ("来源",),
            "source_id": ("member_id", "编号", "人员编号"),
            "division_code": ("区划代码", "社区代码"),
            "kind": ("类别", "人员类别", "身份"),
            "name": ("姓名",),
            "id_number": ("公民身份号码", "身份证号", "身份证号码"),
            "phone": ("联系电话", "手机号", "手机号码", "个人电话"),
            "work_phone": ("工作电话", "公示电话", "办公电话"),
            "public_contact": ("是否公示", "同意公示"),
            "organization_id": ("组织标识",),
            "organization_source_id": ("所属组织编号", "组织编号"),
            "organization_source": ("组织来源",),
        },
        staging=(*_STAGING, *steps.sealer.staging),
        stage=steps.stage,
        check=check,
        apply=apply,
        keys=(_KEY,),
        personal=True,
    )
