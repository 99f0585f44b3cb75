"""Queries on single household rows."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Text, and_, column, literal_column, table, update

from kit.areas import in_areas
from kit.bulk.issues import RowIssue
from kit.bulk.staging import ROWS, Staging
from kit.db import Tx
from services.registry.domain.households import Residence
from services.registry.storage import places
from services.registry.storage.places import Listed, PlaceFilter
from services.registry.storage.tables import BUILDINGS, HOUSEHOLDS


def listing(
    areas: Sequence[str],
    narrowed: PlaceFilter,
    *,
    building_id: UUID | None = None,
    dwelling_id: UUID | None = None,
    residence: Residence | None = None,
) -> Listed:
    """Return the households visible in the areas, and the paging key."""
    owners = ((HOUSEHOLDS.c.building_id, building_id), (HOUSEHOLDS.c.dwelling_id, dwelling_id))
    named = [column == value for column, value in owners if value is not None]
    owner = and_(*named) if named else None
    statement, key = places.listing(HOUSEHOLDS, areas, narrowed, owner)
    if residence is not None:
        # Written out, not a parameter: a prepared plan then knows that the partial index serves.
        written = literal_column(f"'{residence}'", Text)
        statement = statement.where(HOUSEHOLDS.c.residence == written)
    return statement, key


async def resolve_buildings(tx: Tx, areas: Sequence[str]) -> None:
    """Fill the building of staged rows from the source that they name, inside the areas."""
    staged = table(
        ROWS, column("building_id"), column("building_source"), column("building_source_id")
    )
    await tx.execute(
        update(staged)
        .values(building_id=BUILDINGS.c.id)
        .where(
            (BUILDINGS.c.source == staged.c.building_source)
            & (BUILDINGS.c.source_id == staged.c.building_source_id)
            & BUILDINGS.c.ended_at.is_(None)
            & in_areas(BUILDINGS.c.community_code, areas)
        )
    )


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


async def take_communities(tx: Tx, areas: Sequence[str]) -> None:
    """Fill the community of staged rows from their buildings, inside the areas."""
    staged = table(ROWS, column("building_id"), column("community_code"))
    await tx.execute(
        update(staged)
        .values(community_code=BUILDINGS.c.community_code)
        .where(
            (BUILDINGS.c.id == staged.c.building_id)
            & BUILDINGS.c.ended_at.is_(None)
            & in_areas(BUILDINGS.c.community_code, areas)
        )
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
