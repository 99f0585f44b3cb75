"""Import of organizations; parents may stand in the same file, in any order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated
from uuid import UUID

from pydantic import Field

from kit.bulk.noun import Counts, ImportContext, Noun, Staging
from kit.bulk.problems import ROW_OUTSIDE_AREA
from kit.bulk.upsert import Upsert
from kit.db import Tx
from kit.web.schemas import PRINTABLE, SourceName
from services.registry.domain.organization_problems import OrganizationLoop, OrganizationNotFound
from services.registry.domain.organizations import normalised_uscc
from services.registry.domain.problems import DivisionNotFound
from services.registry.domain.rules import Rules
from services.registry.operations.imports.columns import (
    HEADERS,
    LISTED,
    Address,
    DivisionCode,
    Kind,
    Name,
    Phone,
    SourceId,
    SourceRow,
    array_text,
)
from services.registry.operations.imports.judging import issue_of, judging_of, preparing
from services.registry.storage import changes, imports, organizations, references
from services.registry.storage.imports import Imported
from services.registry.storage.tables import ORGANIZATIONS

_FACTS = (
    "division_code",
    "name",
    "kind",
    "uscc",
    "jurisdiction",
    "parent_id",
    "rating",
    "phone",
    "address",
)
_COLUMNS = (*_FACTS, "ended_at")
_KEY = ("source", "source_id")
_IMPORTED = Imported("organization", ORGANIZATIONS, _KEY, _COLUMNS, "division_code")
_UPSERT = Upsert(ORGANIZATIONS, key=_KEY, columns=_COLUMNS, area="division_code")
#: What an organization is when the file does not say.
_PLAIN_KIND = "other"


class OrganizationRow(SourceRow):
    """One organization."""

    division_code: DivisionCode | None = None
    name: Name | None = None
    kind: Kind | None = None
    uscc: Annotated[str | None, Field(max_length=40), PRINTABLE] = None
    jurisdiction: Annotated[list[DivisionCode] | None, LISTED, Field(max_length=500)] = None
    parent_id: UUID | None = None
    parent_source_id: SourceId | None = None
    organization_source: SourceName | None = None
    rating: Annotated[str | None, Field(max_length=20), PRINTABLE] = None
    phone: Phone | None = None
    address: Address | None = None


def stage(row: OrganizationRow, context: ImportContext) -> Sequence[object]:
    """Return the staged values of a row, or refuse it."""
    if row.kind is not None:
        judging_of(context).rules.kinds.check("organization", row.kind)
    uscc = None if row.uscc is None else normalised_uscc(row.uscc)
    served = None if row.jurisdiction is None else array_text(row.jurisdiction)
    return (
        row.source, row.source_id, row.division_code, row.name, row.kind, uscc, served,
        row.parent_id, row.rating, row.phone, row.address, None, row.parent_source_id,
        row.organization_source,
    )  # fmt: skip


_STAGING = (
    ("source", "text"),
    ("source_id", "text"),
    ("division_code", "text"),
    ("name", "text"),
    ("kind", "text"),
    ("uscc", "text"),
    ("jurisdiction", "text[]"),
    ("parent_id", "uuid"),
    ("rating", "text"),
    ("phone", "text"),
    ("address", "text"),
    ("ended_at", "timestamptz"),
    ("parent_source_id", "text"),
    ("organization_source", "text"),
)


async def check(tx: Tx, staging: Staging, context: ImportContext) -> None:
    """Refuse rows of unknown or foreign divisions, lost parents and loops."""
    areas = context.areas
    await _UPSERT.check(tx, staging, context)
    await organizations.refuse_foreign_jurisdiction(staging, issue_of(DivisionNotFound), areas)
    await references.refuse_unseen(staging, issue_of(OrganizationNotFound), "parent", areas)
    await imports.keep_unstated(tx, _IMPORTED, _FACTS, areas)
    await imports.default(tx, staging, "name", staging.table.c.source_id)
    await imports.default(tx, staging, "kind", _PLAIN_KIND)
    await imports.refuse_empty(staging, issue_of(DivisionNotFound), "division_code")
    await imports.refuse_hidden(staging, ROW_OUTSIDE_AREA, "division_code", areas)
    await imports.refuse_unknown_division(staging, issue_of(DivisionNotFound))
    await organizations.settle_jurisdictions(tx, areas)
    await organizations.resolve_parents(tx)
    await organizations.refuse_unseen_parents(staging, issue_of(OrganizationNotFound), areas)
    await organizations.refuse_loops(staging, issue_of(OrganizationLoop))
    await organizations.refuse_parentless(staging, issue_of(OrganizationNotFound))


async def apply(tx: Tx, staging: Staging, context: ImportContext) -> Counts:
    """Write the rows, their history and the events."""
    await imports.note(tx, _IMPORTED, context)
    counts = await _UPSERT.apply(tx, staging, context)
    await changes.tell_communities(tx, context.import_id, at=context.now)
    return counts


ORGANIZATION_HEADERS: Mapping[str, Sequence[str]] = HEADERS | {
    "source_id": ("organization_id", "组织编号", "编号"),
    "division_code": ("区划代码", "所属区划"),
    "name": ("组织名称", "单位名称", "名称"),
    "kind": ("组织类型", "类型"),
    "uscc": ("统一社会信用代码",),
    "jurisdiction": ("管辖区划", "服务范围"),
    "parent_id": ("上级组织标识",),
    "parent_source_id": ("上级组织编号",),
    "organization_source": ("组织来源",),
    "rating": ("等级", "评级"),
    "phone": ("公开电话", "电话"),
    "address": ("地址",),
}
"""Other names of the columns in sheets; the first Chinese one is the title in ours."""


def organization_noun(rules: Rules) -> Noun[OrganizationRow]:
    """Return how organizations are imported."""
    return Noun(
        name="organizations",
        model=OrganizationRow,
        headers=ORGANIZATION_HEADERS,
        staging=_STAGING,
        stage=stage,
        check=check,
        apply=apply,
        keys=(_KEY,),
        prepare=preparing(rules),
    )
