"""Import of divisions: names, levels and boundaries; the divisions above come along.

A row's parent is its code's prefix.  Streets and districts that are nowhere yet are made with
the names that the rows give (`street_name`), else with their codes as names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from kit.bulk.issues import RowIssue
from kit.bulk.noun import Counts, ImportContext, Noun, Row, Staging
from kit.bulk.upsert import Upsert
from kit.clock import local_date
from kit.db import Tx
from kit.errors import Text
from kit.web.schemas import Date
from services.registry.domain.divisions import (
    DivisionKind,
    check_above,
    check_kind,
    check_parent,
    is_governed_by_default,
    parent_of,
    plain_kind,
    unpadded,
    without_mark,
)
from services.registry.domain.problems import DivisionInUse, DivisionParentMissing, DivisionRevoked
from services.registry.domain.rules import Rules
from services.registry.operations import places
from services.registry.operations.imports.columns import DivisionCode, Name
from services.registry.operations.imports.judging import (
    issue_of,
    judging_of,
    preparing,
    read_area,
)
from services.registry.storage import changes, imports
from services.registry.storage import division_imports as steps
from services.registry.storage.imports import Imported
from services.registry.storage.tables import DIVISIONS

_KEPT = (
    "name",
    "name_en",
    "kind",
    "is_governed",
    "valid_from",
    "valid_to",
    "boundary",
    *places.EXTENT,
)
_COLUMNS = (*_KEPT, "parent_code", "status")
_IMPORTED = Imported("division", DIVISIONS, ("code",), _COLUMNS, "code", id_column=None)
_UPSERT = Upsert(DIVISIONS, key=("code",), columns=_COLUMNS, area="code", id_column=None)
_HELD = RowIssue(
    DivisionInUse.code,
    Text(
        "The division still holds divisions, estates, buildings, organizations, service points "
        "or teams.",
        "该区划下仍有区划、小区、楼栋、组织、阵地或队伍。",
    ),
)


class DivisionRow(Row):
    """One division; the codes above of public lists are checked, sums of case files not read.

    「[已撤销]」 in a name says that the division is revoked.
    """

    code: DivisionCode
    name: Name | None = None
    name_en: Name | None = None
    kind: DivisionKind | None = None
    parent_code: Annotated[str | None, Field(pattern=r"^([0-9]{6}|[0-9]{9})$")] = None
    area_code: Annotated[str | None, Field(pattern=r"^[0-9]{6}$")] = None
    city_code: Annotated[str | None, Field(pattern=r"^[0-9]{4}$")] = None
    province_code: Annotated[str | None, Field(pattern=r"^[0-9]{2}$")] = None
    street_name: Name | None = None
    status: Literal["active", "revoked"] | None = None
    is_governed: bool | None = None
    valid_from: Date | None = None
    valid_to: Date | None = None
    boundary: dict[str, Any] | None = None
    households: Annotated[int | None, Field(ge=0)] = None
    buildings: Annotated[int | None, Field(ge=0)] = None
    version: Any = None
    created_at: Any = None
    updated_at: Any = None


def stage(row: DivisionRow, context: ImportContext) -> Sequence[object]:
    """Return the staged values of a row, or refuse it."""
    code = unpadded(row.code)
    if row.kind is not None:
        check_kind(code, row.kind, sections=judging_of(context).rules.checks_sections)
    check_parent(code, row.parent_code)
    check_above(code, {6: row.area_code, 4: row.city_code, 2: row.province_code})
    name, is_marked = (None, False) if row.name is None else without_mark(row.name)
    status = "revoked" if is_marked else row.status or "active"
    valid_to = row.valid_to if status == "revoked" else None
    text: str | None = None
    extent: tuple[float | None, ...] = (None,) * 4
    if row.boundary is not None:
        text, shape = read_area(row.boundary, context, code)
        extent = (shape.west, shape.south, shape.east, shape.north)
    return (
        code, name or None, row.name_en, row.kind, row.is_governed, row.valid_from, valid_to, text,
        *extent, parent_of(code), status, row.street_name, plain_kind(code),
        is_governed_by_default(row.kind or plain_kind(code)),
    )  # fmt: skip


_STAGING = (
    ("code", "text"),
    ("name", "text"),
    ("name_en", "text"),
    ("kind", "text"),
    ("is_governed", "boolean"),
    ("valid_from", "date"),
    ("valid_to", "date"),
    ("boundary", "text"),
    *((name, "double precision") for name in places.EXTENT),
    ("parent_code", "text"),
    ("status", "text"),
    ("street_name", "text"),
    ("plain_kind", "text"),
    ("plain_governed", "boolean"),
)


async def check(tx: Tx, staging: Staging, context: ImportContext) -> None:
    """Refuse revoked codes used again, lost parents, and the end of what holds something."""
    rules = judging_of(context).rules
    await steps.refuse_revoked(staging, issue_of(DivisionRevoked))
    await steps.refuse_orphans(staging, issue_of(DivisionParentMissing), context.areas)
    await steps.refuse_heirless(staging, issue_of(DivisionParentMissing))
    await steps.refuse_held(staging, _HELD)
    await steps.end_revoked(tx, local_date(context.now, rules.time_zone))
    await imports.keep_unstated(tx, _IMPORTED, _KEPT, context.areas)
    await steps.fill_defaults(tx)


async def apply(tx: Tx, staging: Staging, context: ImportContext) -> Counts:
    """Make the divisions above, then write the rows; boundaries that move judge their buildings."""
    made = await steps.create_parents(tx, at=context.now)
    await imports.note_created(tx, "division", [(code, code) for code in made], context)
    moved = await steps.moved_boundaries(tx)
    await imports.note(tx, _IMPORTED, context)
    counts = await _UPSERT.apply(tx, staging, context)
    for code, boundary in moved:
        await places.judge_again(tx, code, boundary, at=context.now)
    await changes.tell_communities(tx, context.import_id, at=context.now)
    return counts


DIVISION_HEADERS: Mapping[str, Sequence[str]] = {
    "code": ("区划代码", "代码"),
    "name": ("名称", "区划名称"),
    "name_en": ("英文名称",),
    "kind": ("类型",),
    "parent_code": ("上级代码", "street_code"),
    "area_code": ("区县代码",),
    "city_code": ("地市代码",),
    "province_code": ("省级代码",),
    "street_name": ("街道名称", "所属街道"),
    "status": ("状态",),
    "is_governed": ("是否划分网格",),
    "valid_from": ("启用日期",),
    "valid_to": ("撤销日期",),
    "boundary": ("边界",),
    "version": ("版本",),
    "created_at": ("创建时间",),
    "updated_at": ("更新时间",),
}
"""Other names of the columns in sheets; the first Chinese one is the title in ours."""


def division_noun(rules: Rules) -> Noun[DivisionRow]:
    """Return how divisions are imported."""
    return Noun(
        name="divisions",
        model=DivisionRow,
        headers=DIVISION_HEADERS,
        staging=_STAGING,
        stage=stage,
        check=check,
        apply=apply,
        keys=(("code",),),
        area="code",
        geometry="boundary",
        prepare=preparing(rules),
    )
