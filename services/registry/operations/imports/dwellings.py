"""Import of dwellings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from kit.bulk.issues import RowIssue
from kit.bulk.noun import Apply, Counts, ImportContext, Noun, SetStep, Staging
from kit.bulk.upsert import Upsert
from kit.db import Tx
from kit.errors import Text
from kit.ids import new_id
from kit.web.schemas import PRINTABLE, SourceName
from services.registry.domain.dwelling_problems import AddressCodeTaken, DwellingInUse
from services.registry.domain.rules import Rules
from services.registry.operations.imports.columns import HEADERS, Kind, SourceId, SourceRow
from services.registry.operations.imports.housing import check_building
from services.registry.operations.imports.judging import issue_of
from services.registry.operations.imports.people import Sealer, hash_columns
from services.registry.operations.personal import DWELLING
from services.registry.operations.work import People
from services.registry.storage import changes, dwellings, imports
from services.registry.storage.imports import Imported
from services.registry.storage.tables import DWELLINGS

_FACTS = ("address_code", "unit", "floor", "use", "area_m2", "building_id")
_COLUMNS = (*_FACTS, "community_code", "ended_at", "room")
_KEY = ("source", "source_id")
_IMPORTED = Imported("dwelling", DWELLINGS, _KEY, _COLUMNS, "community_code", fresh_id="fresh_id")
_UPSERT = Upsert(
    DWELLINGS,
    key=_KEY,
    columns=(*_COLUMNS, *hash_columns(DWELLING)),
    area="community_code",
    fresh_id="fresh_id",
)


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
    room: Annotated[str | None, Field(min_length=1, max_length=20), PRINTABLE] = None
    is_masked: Any = None
    use: Kind | None = None
    area_m2: Annotated[float | None, Field(gt=0, le=1_000_000)] = None


_STAGING = (
    ("fresh_id", "uuid"),
    ("stored_id", "uuid"),
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


class _Dwellings:
    """The steps of the import, with the rules and keys that they need."""

    def __init__(self, rules: Rules, people: People) -> None:
        self._kinds = rules.kinds
        self.sealer = Sealer(DWELLING, people)

    def stage(self, row: DwellingRow, _context: ImportContext) -> Sequence[object]:
        """Return the staged values of a row, its room sealed; or refuse it.

        A masked room, as our exports show it, says nothing.
        """
        if row.use is not None:
            self._kinds.check("dwelling", row.use, "use")
        room = None if row.room is None or "*" in row.room else row.room
        fresh_id = new_id()
        return (
            fresh_id, None, row.source, row.source_id, row.address_code, row.unit, row.floor,
            row.use, row.area_m2, None, None, None, row.community_code,
            row.building_source or row.source, row.building_source_id,
            *self.sealer.cells(fresh_id, f"{row.source}|{row.source_id}", {"room": room}),
        )  # fmt: skip

    async def check(self, tx: Tx, staging: Staging, context: ImportContext) -> None:
        """Refuse rows without a building, in another community than it, or with a taken code."""
        await _UPSERT.check(tx, staging, context)
        await self.sealer.settle(tx)
        await check_building(tx, staging, context, _IMPORTED, _FACTS)
        await staging.refuse_duplicates(("address_code",))
        await dwellings.refuse_taken_codes(staging, issue_of(AddressCodeTaken))
        await dwellings.refuse_lived_in(staging, _LIVED_IN)

    async def apply(self, tx: Tx, staging: Staging, context: ImportContext) -> Counts:
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
    "room": ("房号", "室"),
    "is_masked": ("已脱敏",),
    "use": ("房屋用途", "用途"),
    "area_m2": ("面积(平方米)", "面积"),
}
"""Other names of the columns in sheets; the first Chinese one is the title in ours."""


def dwelling_noun(rules: Rules, people: People) -> Noun[DwellingRow]:
    """Return how dwellings are imported; exact rooms are personal data."""
    steps = _Dwellings(rules, people)
    check: SetStep = steps.check
    apply: Apply = steps.apply
    return Noun(
        name="dwellings",
        model=DwellingRow,
        headers=DWELLING_HEADERS,
        staging=(*_STAGING, *steps.sealer.staging),
        stage=steps.stage,
        check=check,
        apply=apply,
        keys=(_KEY,),
        personal=True,
    )
