"""Queries on dwellings, and on the addresses that their codes stand for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, func, select, update

from kit.areas import in_areas
from kit.bulk.issues import RowIssue
from kit.bulk.staging import Staging
from kit.db import Tx
from services.registry.storage import places, rows
from services.registry.storage.places import Listed, PlaceFilter
from services.registry.storage.tables import (
    BUILDINGS,
    DIVISIONS,
    DWELLINGS,
    ESTATES,
    HOUSEHOLDS,
    UNITS,
)


def listing(
    areas: Sequence[str],
    narrowed: PlaceFilter,
    *,
    building_id: UUID | None = None,
    use: str | None = None,
) -> Listed:
    """Return the dwellings visible in the areas, and the paging key."""
    owner = None if building_id is None else DWELLINGS.c.building_id == building_id
    statement, key = places.listing(DWELLINGS, areas, narrowed, owner)
    if use is not None:
        statement = statement.where(DWELLINGS.c.use == use)
    return statement, key


async def households_in(tx: Tx, dwelling_id: UUID) -> int:
    """Return how many active households refer to a dwelling."""
    here = (HOUSEHOLDS.c.dwelling_id == dwelling_id) & HOUSEHOLDS.c.ended_at.is_(None)
    return await rows.count(tx, HOUSEHOLDS, here)


def address(address_code: str, areas: Sequence[str]) -> Select[Any]:
    """Return the statement of where a door is: its dwelling, and the names of all around it.

    `place` is the entrance of its unit, else the building's point.
    """
    columns = DWELLINGS.c
    community, street, district = (
        DIVISIONS.alias(name) for name in ("community", "street", "district")
    )
    same_unit = and_(
        UNITS.c.building_id == columns.building_id,
        UNITS.c.name == columns.unit,
        UNITS.c.ended_at.is_(None),
    )
    return (
        select(
            columns.id,
            columns.id.label("dwelling_id"),
            columns.room,
            columns.address_code,
            columns.community_code,
            columns.building_id,
            columns.unit,
            columns.floor,
            columns.use,
            columns.version,
            BUILDINGS.c.name.label("building_name"),
            ESTATES.c.id.label("estate_id"),
            ESTATES.c.name.label("estate_name"),
            community.c.name.label("community_name"),
            street.c.name.label("street_name"),
            district.c.name.label("district_name"),
            func.coalesce(UNITS.c.west, BUILDINGS.c.lon).label("lon"),
            func.coalesce(UNITS.c.south, BUILDINGS.c.lat).label("lat"),
        )
        .join_from(DWELLINGS, BUILDINGS, BUILDINGS.c.id == columns.building_id)
        .join(community, community.c.code == columns.community_code)
        .join(street, street.c.code == func.left(columns.community_code, 9), isouter=True)
        .join(district, district.c.code == func.left(columns.community_code, 6), isouter=True)
        .join(ESTATES, ESTATES.c.id == BUILDINGS.c.estate_id, isouter=True)
        .join(UNITS, same_unit, isouter=True)
        .where(
            (columns.address_code == address_code)
            & columns.ended_at.is_(None)
            & in_areas(columns.community_code, areas)
        )
    )


async def refuse_taken_codes(staging: Staging, issue: RowIssue) -> None:
    """Refuse staged rows whose address code another stored dwelling bears or bore."""
    await staging.refuse(
        issue,
        "address_code",
        "SELECT s.row_no FROM import_rows s JOIN dwellings d ON d.address_code = s.address_code "
        "WHERE (d.source, d.source_id) IS DISTINCT FROM (s.source, s.source_id)",
    )


async def refuse_lived_in(staging: Staging, issue: RowIssue) -> None:
    """Refuse staged rows that move a dwelling with households to another building."""
    await staging.refuse(
        issue,
        "building_source_id",
        "SELECT s.row_no FROM import_rows s JOIN dwellings d ON d.source = s.source "
        "AND d.source_id = s.source_id WHERE d.building_id <> s.building_id AND EXISTS "
        "(SELECT 1 FROM households h WHERE h.dwelling_id = d.id AND h.ended_at IS NULL)",
    )


async def resolve(tx: Tx, staging: Staging, areas: Sequence[str]) -> None:
    """Fill the dwelling of staged households from the id of their source, and what it brings.

    Unit, floor and building come from the dwelling where a household states none.
    """
    staged, columns = staging.table, DWELLINGS.c
    same = (columns.source == staged.c.building_source) & (
        columns.source_id == staged.c.dwelling_source_id
    )
    seen = columns.ended_at.is_(None) & in_areas(columns.community_code, areas)
    named = update(staged).where(staged.c.dwelling_source_id.is_not(None))
    await tx.execute(
        named.values(dwelling_id=columns.id).where(same & seen & staged.c.dwelling_id.is_(None))
    )
    brought = {
        name: func.coalesce(staged.c[name], columns[name])
        for name in ("building_id", "unit", "floor")
    }
    await tx.execute(
        named.values(brought).where(
            (columns.id == staged.c.dwelling_id) & staged.c.building_source_id.is_(None)
        )
    )


async def refuse_lost(staging: Staging, issue: RowIssue) -> None:
    """Refuse staged households that name a dwelling which is not there."""
    staged = staging.table
    lost = staged.c.dwelling_source_id.is_not(None) & staged.c.dwelling_id.is_(None)
    await staging.refuse_set(issue, "dwelling_source_id", select(staged.c.row_no).where(lost))


async def refuse_elsewhere(staging: Staging, issue: RowIssue) -> None:
    """Refuse staged households whose dwelling stands in another building."""
    staged = staging.table
    met = select(staged.c.row_no).join_from(
        staged, DWELLINGS, DWELLINGS.c.id == staged.c.dwelling_id
    )
    elsewhere = met.where(DWELLINGS.c.building_id != staged.c.building_id)
    await staging.refuse_set(issue, "dwelling_source_id", elsewhere)
