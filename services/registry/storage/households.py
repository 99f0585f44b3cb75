"""Queries on single household rows."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Text, and_, column, func, literal_column, table, update

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


async def settle(staging: Staging, areas: Sequence[str]) -> None:
    """Fill the staged rows in one pass: building, community, and what a row leaves out.

    The building is the one that is known already (from the dwelling, or by our own id), or that
    the row names, inside the areas; a row that names none keeps what is stored of its household.
    The community is the building's.  A number that is nowhere is the source's id, a residence that
    is nowhere is `both`.
    """
    rows, stored = staging.table, HOUSEHOLDS
    named, kept, known = (BUILDINGS.alias(name) for name in ("named", "kept", "known"))
    is_known = (
        (known.c.id == rows.c.building_id)
        & known.c.ended_at.is_(None)
        & in_areas(known.c.community_code, areas)
    )
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
        & rows.c.building_id.is_(None)
        & (kept.c.id == stored.c.building_id)
        & kept.c.ended_at.is_(None)
        & in_areas(kept.c.community_code, areas)
    )
    values = {
        "building_id": func.coalesce(known.c.id, named.c.id, kept.c.id),
        "community_code": func.coalesce(
            known.c.community_code, named.c.community_code, kept.c.community_code
        ),
        "residence_type": func.coalesce(rows.c.residence_type, stored.c.residence_type),
        "dwelling_id": func.coalesce(rows.c.dwelling_id, stored.c.dwelling_id),
        "household_no": func.coalesce(rows.c.household_no, stored.c.household_no, rows.c.source_id),
        "residence": func.coalesce(rows.c.residence, stored.c.residence, "both"),
        "unit": func.coalesce(rows.c.unit, stored.c.unit),
        "floor": func.coalesce(rows.c.floor, stored.c.floor),
    }
    source = rows.outerjoin(named, is_named).outerjoin(stored, is_stored).outerjoin(kept, is_kept)
    source = source.outerjoin(known, is_known)
    await staging.settle(values, source)


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
