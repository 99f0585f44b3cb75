"""Import of single household rows.

Exact rooms and positions of flats are personal data: `room`, `lon` and `lat` of case files are
accepted and not kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import Field

from kit.bulk.noun import Counts, ImportContext, Noun, Staging, staged_directly
from kit.bulk.upsert import Upsert
from kit.db import Tx
from kit.web.schemas import PRINTABLE, SourceName
from services.registry.domain.dwelling_problems import DwellingMismatch, DwellingNotFound
from services.registry.domain.households import Residence, ResidenceType
from services.registry.domain.problems import BuildingNotFound, CommunityMismatch, HouseholdNoTaken
from services.registry.operations.imports.columns import HEADERS, SourceRow
from services.registry.operations.imports.judging import issue_of
from services.registry.storage import changes, dwellings, households, imports, residents
from services.registry.storage.imports import Imported
from services.registry.storage.tables import BUILDINGS, DWELLINGS, HOUSEHOLDS

_FACTS = (
    "household_no",
    "residence",
    "residence_type",
    "unit",
    "floor",
    "building_id",
    "dwelling_id",
)
_COLUMNS = (*_FACTS, "community_code", "ended_at")
_IMPORTED = Imported("household", HOUSEHOLDS, ("source", "source_id"), _COLUMNS, "community_code")
_UPSERT = Upsert(HOUSEHOLDS, key=("source", "source_id"), columns=_COLUMNS, area="community_code")

_Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@-]{0,63}$")]
_Ignored = Annotated[str | None, Field(max_length=40)]


class HouseholdRow(SourceRow):
    """One household; its number is its source id unless it states one."""

    building_source: SourceName | None = None
    building_source_id: _Id | None = None
    community_code: Annotated[str | None, Field(pattern=r"^[0-9]{12}$")] = None
    household_no: Annotated[str | None, Field(min_length=1, max_length=40), PRINTABLE] = None
    residence: Residence | None = None
    residence_type: ResidenceType | None = None
    dwelling_source_id: _Id | None = None
    unit: Annotated[str | None, Field(min_length=1, max_length=20), PRINTABLE] = None
    floor: Annotated[int | None, Field(ge=-9, le=300)] = None
    room: _Ignored = None
    lon: _Ignored = None
    lat: _Ignored = None


_STAGING = (
    ("source", "text"),
    ("source_id", "text"),
    ("household_no", "text"),
    ("residence", "text"),
    ("residence_type", "text"),
    ("unit", "text"),
    ("floor", "integer"),
    ("building_id", "uuid"),
    ("dwelling_id", "uuid"),
    ("community_code", "text"),
    ("ended_at", "timestamptz"),
    ("stated_code", "text"),
    ("building_source", "text"),
    ("building_source_id", "text"),
    ("dwelling_source_id", "text"),
)
_DIRECT = {
    "source": ("source",),
    "source_id": ("source_id",),
    "household_no": ("household_no",),
    "residence": ("residence",),
    "residence_type": ("residence_type",),
    "dwelling_source_id": ("dwelling_source_id",),
    "unit": ("unit",),
    "floor": ("floor",),
    "stated_code": ("community_code",),
    "building_source": ("building_source", "source"),
    "building_source_id": ("building_source_id",),
}


async def check(tx: Tx, staging: Staging, context: ImportContext) -> None:
    """Refuse rows without a building, in another community than it, or with a taken number."""
    await _UPSERT.check(tx, staging, context)
    areas = context.areas
    for target, columns in (
        (DWELLINGS, ("dwelling_source_id", "dwelling_id")),
        (BUILDINGS, ("building_source_id", "building_id")),
    ):
        await imports.resolve_own(tx, staging, target, columns, areas)
    await dwellings.resolve(tx, staging, areas)
    await dwellings.refuse_lost(staging, issue_of(DwellingNotFound))
    await households.settle(staging, areas)
    await households.refuse_lost(staging, issue_of(BuildingNotFound))
    await households.refuse_houseless(staging, issue_of(BuildingNotFound))
    await households.refuse_misplaced(staging, issue_of(CommunityMismatch))
    await dwellings.refuse_elsewhere(staging, issue_of(DwellingMismatch))
    await staging.refuse_duplicates(("community_code", "household_no"))
    await households.refuse_taken_numbers(staging, issue_of(HouseholdNoTaken))


async def apply(tx: Tx, staging: Staging, context: ImportContext) -> Counts:
    """Write the rows, their history and the events."""
    await imports.note(tx, _IMPORTED, context)
    counts = await _UPSERT.apply(tx, staging, context)
    await residents.follow_imported(tx, HOUSEHOLDS)
    await changes.tell_communities(tx, context.import_id, at=context.now)
    return counts


HOUSEHOLD_HEADERS: Mapping[str, Sequence[str]] = HEADERS | {
    "source": ("来源",),
    "source_id": ("household_id", "编号"),
    "building_source": ("楼栋来源",),
    "building_source_id": ("building_id", "楼栋编号"),
    "community_code": ("社区代码",),
    "household_no": ("户号",),
    "residence": ("居住情况",),
    "residence_type": ("居住类型",),
    "dwelling_source_id": ("dwelling_id", "房屋编号"),
    "unit": ("单元",),
    "floor": ("楼层",),
}
"""Other names of the columns in sheets; the first Chinese one is the title in ours."""


def household_noun() -> Noun[HouseholdRow]:
    """Return how household rows are imported."""
    return Noun(
        name="households",
        model=HouseholdRow,
        headers=HOUSEHOLD_HEADERS,
        staging=_STAGING,
        stage=staged_directly(_STAGING, _DIRECT),
        direct=_DIRECT,
        check=check,
        apply=apply,
        keys=(("source", "source_id"),),
    )
