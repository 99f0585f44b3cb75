"""Queries on single household rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func

from kit.areas import in_areas
from kit.bulk.issues import RowIssue
from kit.bulk.staging import Staging
from services.registry.storage import places
from services.registry.storage.places import PlaceFilter
from services.registry.storage.tables import BUILDINGS, HOUSEHOLDS


def listing(
    areas: Sequence[str],
    narrowed: PlaceFilter,
    *,
    building_id: UUID | None = None,
    residence: str | None = None,
) -> tuple[Select[Any], list[ColumnElement[Any]]]:
    """Return the households visible in the areas, and the paging key."""
    statement, key = places.listing(HOUSEHOLDS, areas, narrowed)
    if building_id is not None:
        statement = statement.where(HOUSEHOLDS.c.building_id == building_id)
    if residence is not None:
        statement = statement.where(HOUSEHOLDS.c.residence == residence)
    return statement, key


async def settle(staging: Staging, areas: Sequence[str]) -> None:
    """Fill the staged rows in one pass: building, community, and what a row leaves out.

    The building is the one that the row names, inside the areas; a row that names none keeps what
    is stored of its household.  The community is the building's.  A number that is nowhere is the
    source's id, a residence that is nowhere is `both`.
    """
    rows, stored = staging.table, HOUSEHOLDS
    named, kept = BUILDINGS.alias("named"), BUILDINGS.alias("kept")
    alive = named.c.ended_at.is_(None) & in_areas(named.c.community_code, areas)
    is_named = (
        (named.c.source == rows.c.building_source)
        & (named.c.source_id == rows.c.building_source_id)
        & alive
    )
    is_stored = (
        (stored.c.source == rows.c.source)
        & (stored.c.source_id == rows.c.source_id)
        & in_areas(stored.c.community_code, areas)
    )
    is_kept = (
        rows.c.building_source_id.is_(None)
        & (kept.c.id == stored.c.building_id)
        & kept.c.ended_at.is_(None)
        & in_areas(kept.c.community_code, areas)
    )
    values = {
        "building_id": func.coalesce(named.c.id, kept.c.id),
        "community_code": func.coalesce(named.c.community_code, kept.c.community_code),
        "household_no": func.coalesce(rows.c.household_no, stored.c.household_no, rows.c.source_id),
        "residence": func.coalesce(rows.c.residence, stored.c.residence, "both"),
        "unit": func.coalesce(rows.c.unit, stored.c.unit),
        "floor": func.coalesce(rows.c.floor, stored.c.floor),
    }
    source = rows.outerjoin(named, is_named).outerjoin(stored, is_stored).outerjoin(kept, is_kept)
    await staging.settle(values, source)


async def refuse_lost(staging: Staging, issue: RowIssue) -> None:
    """Refuse staged rows that name a building which is not there."""
    await staging.refuse(
        issue,
        "building_source_id",
        "SELECT row_no FROM import_rows "
        "WHERE building_source_id IS NOT NULL AND building_id IS NULL",
    )


async def refuse_houseless(staging: Staging, issue: RowIssue) -> None:
    """Refuse staged rows that name no building and stand for no stored household that has one."""
    await staging.refuse(
        issue,
        "building_source_id",
        "SELECT row_no FROM import_rows "
        "WHERE building_source_id IS NULL AND community_code IS NULL",
    )


async def refuse_misplaced(staging: Staging, issue: RowIssue) -> None:
    """Refuse staged rows that state another community than their building's."""
    await staging.refuse(
        issue,
        "community_code",
        "SELECT row_no FROM import_rows WHERE stated_code <> community_code",
    )


async def refuse_taken_numbers(staging: Staging, issue: RowIssue) -> None:
    """Refuse staged rows whose household number another stored household bears.

    A number that becomes free in the same file counts as taken: import it a second time.
    """
    await staging.refuse(
        issue,
        "household_no",
        "SELECT s.row_no FROM import_rows s JOIN households h "
        "ON h.community_code = s.community_code AND h.household_no = s.household_no "
        "AND h.ended_at IS NULL "
        "WHERE (h.source, h.source_id) IS DISTINCT FROM (s.source, s.source_id)",
    )
