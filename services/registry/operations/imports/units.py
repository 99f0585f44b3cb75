"""Import of units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from kit.bulk.noun import Counts, ImportContext, Noun, Staging
from kit.bulk.upsert import Upsert
from kit.db import Tx
from kit.web.schemas import PRINTABLE, SourceName
from services.registry.domain.dwelling_problems import UnitTaken
from services.registry.domain.rules import Rules
from services.registry.operations import places
from services.registry.operations.imports.columns import HEADERS, SourceId, SourceRow
from services.registry.operations.imports.housing import check_building
from services.registry.operations.imports.judging import issue_of, preparing, read_point
from services.registry.storage import changes, imports, units
from services.registry.storage.imports import Imported
from services.registry.storage.tables import UNITS

_FACTS = (
    "name",
    "floors",
    "dwellings",
    "households_resident",
    "households_registered",
    "building_id",
    "geometry",
    *places.EXTENT,
)
_COLUMNS = (*_FACTS, "community_code", "ended_at")
_KEY = ("source", "source_id")
_IMPORTED = Imported("unit", UNITS, _KEY, _COLUMNS, "community_code")
_UPSERT = Upsert(UNITS, key=_KEY, columns=_COLUMNS, area="community_code")

_Count = Annotated[int, Field(ge=0, le=1_000_000)]
_Storeys = Annotated[int, Field(ge=0, le=300)]


class UnitRow(SourceRow):
    """One unit."""

    building_source: SourceName | None = None
    building_source_id: SourceId | None = None
    community_code: Annotated[str | None, Field(pattern=r"^[0-9]{12}$")] = None
    name: Annotated[str | None, Field(min_length=1, max_length=20), PRINTABLE] = None
    floors: _Storeys | None = None
    dwellings: _Count | None = None
    households_resident: _Count | None = None
    households_registered: _Count | None = None
    geometry: dict[str, Any] | None = None


def stage(row: UnitRow, context: ImportContext) -> Sequence[object]:
    """Return the staged values of a row, or refuse it."""
    place: tuple[object, ...] = (None,) * 5
    if row.geometry is not None:
        text, shape = read_point(row.geometry, context, row.community_code)
        place = (text, shape.west, shape.south, shape.east, shape.north)
    return (
        row.source, row.source_id, row.name, row.floors, row.dwellings, row.households_resident,
        row.households_registered, None, *place, None, None, row.community_code,
        row.building_source or row.source, row.building_source_id,
    )  # fmt: skip


_STAGING = (
    ("source", "text"),
    ("source_id", "text"),
    ("name", "text"),
    ("floors", "integer"),
    ("dwellings", "integer"),
    ("households_resident", "integer"),
    ("households_registered", "integer"),
    ("building_id", "uuid"),
    ("geometry", "text"),
    *((name, "double precision") for name in places.EXTENT),
    ("community_code", "text"),
    ("ended_at", "timestamptz"),
    ("stated_code", "text"),
    ("building_source", "text"),
    ("building_source_id", "text"),
)


async def check(tx: Tx, staging: Staging, context: ImportContext) -> None:
    """Refuse rows without a building, in another community than it, or with a taken name."""
    await _UPSERT.check(tx, staging, context)
    await check_building(tx, staging, context, _IMPORTED, _FACTS)
    await imports.default(tx, staging, "name", staging.table.c.source_id)
    await staging.refuse_duplicates(("building_id", "name"))
    await units.refuse_taken_names(staging, issue_of(UnitTaken))


async def apply(tx: Tx, staging: Staging, context: ImportContext) -> Counts:
    """Write the rows, their history and the events."""
    await imports.note(tx, _IMPORTED, context)
    counts = await _UPSERT.apply(tx, staging, context)
    await changes.tell_communities(tx, context.import_id, at=context.now)
    return counts


UNIT_HEADERS: Mapping[str, Sequence[str]] = HEADERS | {
    "source_id": ("unit_id", "单元编号", "编号"),
    "building_source": ("楼栋来源",),
    "building_source_id": ("building_id", "楼栋编号"),
    "community_code": ("社区代码",),
    "name": ("单元名称", "单元", "单元号"),
    "floors": ("层数",),
    "dwellings": ("房屋套数",),
    "households_resident": ("households", "常住户数", "户数"),
    "households_registered": ("户籍户数",),
    "geometry": ("几何", "位置"),
}
"""Other names of the columns in sheets; the first Chinese one is the title in ours."""


def unit_noun(rules: Rules) -> Noun[UnitRow]:
    """Return how units are imported."""
    return Noun(
        name="units",
        model=UnitRow,
        headers=UNIT_HEADERS,
        staging=_STAGING,
        stage=stage,
        check=check,
        apply=apply,
        keys=(_KEY,),
        geometry="geometry",
        prepare=preparing(rules),
    )
