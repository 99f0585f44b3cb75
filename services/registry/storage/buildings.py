"""Queries on buildings, and the one rule that turns rows and statements into a count."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, func, select, text

from kit.bulk.issues import RowIssue
from kit.bulk.staging import Staging
from kit.db import Tx
from services.registry.domain.buildings import CountBasis
from services.registry.domain.households import COUNTED_AS_REGISTERED, COUNTED_AS_RESIDENT
from services.registry.storage import places, rows
from services.registry.storage.places import PlaceFilter
from services.registry.storage.tables import BUILDINGS, HOUSEHOLDS


def listed(*conditions: ColumnElement[bool]) -> Any:
    """Return the subquery of single household rows added up by building; join on building_id.

    The conditions narrow the households, so that a count of one area reads only its rows.
    """
    residence = HOUSEHOLDS.c.residence
    return (
        select(
            HOUSEHOLDS.c.building_id,
            func.count().label("listed"),
            func.count().filter(residence.in_(COUNTED_AS_RESIDENT)).label("resident"),
            func.count().filter(residence.in_(COUNTED_AS_REGISTERED)).label("registered"),
        )
        .where(HOUSEHOLDS.c.ended_at.is_(None), *conditions)
        .group_by(HOUSEHOLDS.c.building_id)
        .subquery("listed")
    )


def counted(basis: CountBasis, rows_of: Any) -> ColumnElement[Any]:
    """Return the count of a building for a basis, NULL where nothing is known.

    `rows_of` is the subquery made by `listed`, joined to the buildings.
    """
    if basis == "dwellings":
        return BUILDINGS.c.dwellings
    stated = BUILDINGS.c[f"households_{basis}"]
    return case((rows_of.c.listed > 0, rows_of.c[basis]), else_=stated)


def listing(
    areas: Sequence[str],
    narrowed: PlaceFilter,
    *,
    estate_id: UUID | None = None,
    outside: bool | None = None,
) -> tuple[Select[Any], list[ColumnElement[Any]]]:
    """Return the buildings visible in the areas with `households_listed`, and the paging key."""
    statement, key = places.listing(BUILDINGS, areas, narrowed)
    statement = statement.add_columns(_listed().label("households_listed"))
    if estate_id is not None:
        statement = statement.where(BUILDINGS.c.estate_id == estate_id)
    if outside is not None:
        noted = BUILDINGS.c.outside_m.is_not(None)
        statement = statement.where(noted if outside else ~noted)
    return statement, key


def _listed() -> ColumnElement[int]:
    return (
        select(func.count())
        .where((HOUSEHOLDS.c.building_id == BUILDINGS.c.id) & HOUSEHOLDS.c.ended_at.is_(None))
        .scalar_subquery()
    )


async def households_in(tx: Tx, building_id: UUID) -> int:
    """Return how many active household rows belong to a building."""
    return await rows.count(
        tx, HOUSEHOLDS, (HOUSEHOLDS.c.building_id == building_id) & HOUSEHOLDS.c.ended_at.is_(None)
    )


async def move_households(tx: Tx, building_id: UUID, community_code: str) -> None:
    """Let the households follow their building into another community."""
    condition = (HOUSEHOLDS.c.building_id == building_id) & HOUSEHOLDS.c.ended_at.is_(None)
    await rows.change(tx, HOUSEHOLDS, condition, {"community_code": community_code})


async def points(tx: Tx, community_code: str) -> list[tuple[UUID, float, float, float | None]]:
    """Return id, longitude, latitude and noted distance of a community's located buildings."""
    statement = select(
        BUILDINGS.c.id, BUILDINGS.c.lon, BUILDINGS.c.lat, BUILDINGS.c.outside_m
    ).where(
        (BUILDINGS.c.community_code == community_code)
        & BUILDINGS.c.ended_at.is_(None)
        & BUILDINGS.c.lon.is_not(None)
    )
    return [(row[0], row[1], row[2], row[3]) for row in await tx.execute(statement)]


async def note_outside(tx: Tx, building_id: UUID, outside_m: float | None, *, at: datetime) -> None:
    """Write by how many metres a building lies outside its community, None for inside."""
    values = {"outside_m": outside_m, "version": BUILDINGS.c.version + 1, "updated_at": at}
    await rows.change(tx, BUILDINGS, BUILDINGS.c.id == building_id, values)


async def refuse_clashing_moves(staging: Staging, issue: RowIssue) -> None:
    """Refuse staged buildings whose households would meet their own numbers where they move."""
    await staging.refuse(
        issue,
        "community_code",
        "SELECT s.row_no FROM import_rows s "
        "JOIN buildings b ON b.source = s.source AND b.source_id = s.source_id "
        "JOIN households h ON h.building_id = b.id AND h.ended_at IS NULL "
        "JOIN households o ON o.community_code = s.community_code "
        "AND o.household_no = h.household_no AND o.ended_at IS NULL AND o.id <> h.id "
        "WHERE b.community_code <> s.community_code",
    )


async def bring_households_along(tx: Tx) -> None:
    """Give households of imported buildings the community that the building has now."""
    await tx.execute(
        text(
            "UPDATE households h SET community_code = b.community_code "
            "FROM import_rows s JOIN buildings b "
            "ON b.source = s.source AND b.source_id = s.source_id "
            "WHERE h.building_id = b.id AND h.community_code <> b.community_code "
            "AND h.ended_at IS NULL"
        )
    )
