"""Import of dwellings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import Field

from kit.bulk.issues import RowIssue
from kit.bulk.noun import Counts, ImportContext, Noun, Staging
from kit.bulk.upsert import Upsert
from kit.db import Tx
from kit.errors import Text
from kit.web.schemas import PRINTABLE, SourceName
from services.registry.domain.dwelling_problems import AddressCodeTaken, DwellingInUse
from services.registry.domain.rules import Rules
from services.registry.operations.imports.columns import HEADERS, Kind, SourceId, SourceRow
from services.registry.operations.imports.housing import check_building
from services.registry.operations.imports.judging import issue_of, judging_of, preparing
from services.registry.storage import changes, dwellings, imports
from services.registry.storage.imports import Imported
from services.registry.storage.tables import DWELLINGS

_FACTS = ("address_code", "unit", "floor", "use", "area_m2", "building_id")
_COLUMNS = (*_FACTS, "community_code", "ended_at")
_KEY = ("source", "source_id")
_IMPORTED = Imported("dwelling", DWELLINGS, _KEY, _COLUMNS, "community_code")
_UPSERT = Upsert(DWELLINGS, key=_KEY, columns=_COLUMNS, area="community_code")


_LIVED_IN = RowIssue(
    DwellingInUse.code,
    Text(
        "Households still refer to the dwelling; it does not change its building.",
        "仍有住户引用该房屋，不能改属其他楼栋。",
    ),
)


class DwellingRow(SourceRow):
    """One dwelling."""

    building_source: SourceName | None = None
    building_source_id: SourceId | None = None
    community_code: Annotated[str | None, Field(pattern=r"^[0-9]{12}$")] = None
    address_code: Annotated[str | None, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{3,39}$")] = None
    unit: Annotated[str | None, Field(min_length=1, max_length=20), PRINTABLE] = None
    floor: Annotated[int | None, Field(ge=-9, le=300)] = None
    use: Kind | None = None
    area_m2: Annotated[float | None, Field(gt=0, le=1_000_000)] = None


def stage(row: DwellingRow, context: ImportContext) -> Sequence[object]:
    """Return the staged values of a row, or refuse it."""
    if row.use is not None:
        judging_of(context).rules.kinds.check("dwelling", row.use, "use")
    return (
        row.source, row.source_id, row.address_code, row.unit, row.floor, row.use, row.area_m2,
        None, None, None, row.community_code, row.building_source or row.source,
        row.building_source_id,
    )  # fmt: skip


_STAGING = (
    ("source", "text"),
    ("source_id", "text"),
    ("address_code", "text"),
    ("unit", "text"),
    ("floor", "integer"),
    ("use", "text"),
    ("area_m2", "double precision"),
    ("building_id", "uuid"),
    ("community_code", "text"),
    ("ended_at", "timestamptz"),
    ("stated_code", "text"),
    ("building_source", "text"),
    ("building_source_id", "text"),
)


async def check(tx: Tx, staging: Staging, context: ImportContext) -> None:
    """Refuse rows without a building, in another community than it, or with a taken code."""
    await _UPSERT.check(tx, staging, context)
    await check_building(tx, staging, context, _IMPORTED, _FACTS)
    await staging.refuse_duplicates(("address_code",))
    await dwellings.refuse_taken_codes(staging, issue_of(AddressCodeTaken))
    await dwellings.refuse_lived_in(staging, _LIVED_IN)


async def apply(tx: Tx, staging: Staging, context: ImportContext) -> Counts:
    """Write the rows, their history and the events."""
    await imports.note(tx, _IMPORTED, context)
    counts = await _UPSERT.apply(tx, staging, context)
    await changes.tell_communities(tx, context.import_id, at=context.now)
    return counts


DWELLING_HEADERS: Mapping[str, Sequence[str]] = HEADERS | {
    "source_id": ("dwelling_id", "房屋编号", "编号"),
    "building_source": ("楼栋来源",),
    "building_source_id": ("building_id", "楼栋编号"),
    "community_code": ("社区代码",),
    "address_code": ("门牌编码", "二维码门牌"),
    "unit": ("单元",),
    "floor": ("楼层",),
    "use": ("房屋用途", "用途"),
    "area_m2": ("面积(平方米)", "面积"),
}
"""Other names of the columns in sheets; the first Chinese one is the title in ours."""


def dwelling_noun(rules: Rules) -> Noun[DwellingRow]:
    """Return how dwellings are imported."""
    return Noun(
        name="dwellings",
        model=DwellingRow,
        headers=DWELLING_HEADERS,
        staging=_STAGING,
        stage=stage,
        check=check,
        apply=apply,
        keys=(_KEY,),
        prepare=preparing(rules),
    )
