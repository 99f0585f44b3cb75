"""Import of teams."""

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
from services.registry.domain.organization_problems import OrganizationNotFound
from services.registry.domain.problems import DivisionNotFound
from services.registry.domain.rules import Rules
from services.registry.operations.imports.columns import (
    HEADERS,
    DivisionCode,
    Kind,
    Name,
    SourceId,
    SourceRow,
)
from services.registry.operations.imports.judging import (
    issue_of,
    judging_of,
    preparing,
)
from services.registry.storage import changes, imports, references
from services.registry.storage.imports import Imported
from services.registry.storage.tables import TEAMS

_FACTS = ("division_code", "name", "kind", "organization_id", "description")
_COLUMNS = (*_FACTS, "ended_at")
_KEY = ("source", "source_id")
_IMPORTED = Imported("team", TEAMS, _KEY, _COLUMNS, "division_code")
_UPSERT = Upsert(TEAMS, key=_KEY, columns=_COLUMNS, area="division_code")
_PLAIN_KIND = "other"


class TeamRow(SourceRow):
    """One team."""

    division_code: DivisionCode | None = None
    name: Name | None = None
    kind: Kind | None = None
    organization_id: UUID | None = None
    organization_source_id: SourceId | None = None
    organization_source: SourceName | None = None
    description: Annotated[str | None, Field(max_length=500), PRINTABLE] = None


def stage(row: TeamRow, context: ImportContext) -> Sequence[object]:
    """Return the staged values of a row, or refuse it."""
    if row.kind is not None:
        judging_of(context).rules.kinds.check("team", row.kind)
    return (
        row.source, row.source_id, row.division_code, row.name, row.kind, row.organization_id,
        row.description, None, row.organization_source_id, row.organization_source,
    )  # fmt: skip


_STAGING = (
    ("source", "text"),
    ("source_id", "text"),
    ("division_code", "text"),
    ("name", "text"),
    ("kind", "text"),
    ("organization_id", "uuid"),
    ("description", "text"),
    ("ended_at", "timestamptz"),
    ("organization_source_id", "text"),
    ("organization_source", "text"),
)


async def check(tx: Tx, staging: Staging, context: ImportContext) -> None:
    """Refuse rows of unknown or foreign divisions, and unknown owners."""
    areas = context.areas
    await _UPSERT.check(tx, staging, context)
    await references.resolve(tx, staging, "organization")
    await references.refuse_absent(staging, issue_of(OrganizationNotFound), "organization", areas)
    await imports.keep_unstated(tx, _IMPORTED, _FACTS, areas)
    await imports.default(tx, staging, "name", staging.table.c.source_id)
    await imports.default(tx, staging, "kind", _PLAIN_KIND)
    await imports.refuse_empty(staging, issue_of(DivisionNotFound), "division_code")
    await imports.refuse_hidden(staging, ROW_OUTSIDE_AREA, "division_code", areas)
    await imports.refuse_unknown_division(staging, issue_of(DivisionNotFound))


async def apply(tx: Tx, staging: Staging, context: ImportContext) -> Counts:
    """Write the rows, their history and the events."""
    await imports.note(tx, _IMPORTED, context)
    counts = await _UPSERT.apply(tx, staging, context)
    await changes.tell_communities(tx, context.import_id, at=context.now)
    return counts


TEAM_HEADERS: Mapping[str, Sequence[str]] = HEADERS | {
    "source_id": ("team_id", "队伍编号", "编号"),
    "division_code": ("区划代码", "所属区划"),
    "name": ("队伍名称", "名称"),
    "kind": ("队伍类型", "类型"),
    "organization_id": ("所属组织标识",),
    "organization_source_id": ("所属组织编号",),
    "organization_source": ("组织来源",),
    "description": ("说明",),
}
"""Other names of the columns in sheets; the first Chinese one is the title in ours."""


def team_noun(rules: Rules) -> Noun[TeamRow]:
    """Return how teams are imported."""
    return Noun(
        name="teams",
        model=TeamRow,
        headers=TEAM_HEADERS,
        staging=_STAGING,
        stage=stage,
        check=check,
        apply=apply,
        keys=(_KEY,),
        prepare=preparing(rules),
    )
