"""Queries on divisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    func,
    or_,
    select,
)

from kit.areas import in_areas, under
from kit.boxes import Box, meets
from kit.db import Tx
from services.registry.storage import rows
from services.registry.storage.rows import Lock
from services.registry.storage.tables import (
    BUILDINGS,
    DIVISIONS,
    ESTATES,
    MEMBERS,
    ORGANIZATIONS,
    SERVICE_POINTS,
    TEAMS,
)

ACTIVE = "active"
REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class DivisionFilter:
    """What a list of divisions is narrowed to; None means no narrowing."""

    area: str | None = None
    kind: str | None = None
    parent_code: str | None = None
    is_governed: bool | None = None
    status: str | None = ACTIVE
    as_of: date | None = None
    bbox: Box | None = None
    updated_since: datetime | None = None


def _in_force(as_of: date) -> ColumnElement[bool]:
    # A revoked division whose end nobody knows was surely not in force on any day asked for.
    no_end = DIVISIONS.c.valid_to.is_(None) & (DIVISIONS.c.status == ACTIVE)
    return or_(DIVISIONS.c.valid_from.is_(None), DIVISIONS.c.valid_from <= as_of) & or_(
        no_end, DIVISIONS.c.valid_to > as_of
    )


def listing(
    areas: Sequence[str], narrowed: DivisionFilter
) -> tuple[Select[Any], list[ColumnElement[Any]]]:
    """Return the divisions visible in the areas, in code order, and the paging key.

    `as_of` replaces the status: what was in force on that day.
    """
    columns = DIVISIONS.c
    statement = select(DIVISIONS).where(in_areas(columns.code, areas))
    if narrowed.as_of is not None:
        statement = statement.where(_in_force(narrowed.as_of))
    elif narrowed.status is not None:
        statement = statement.where(columns.status == narrowed.status)
    if narrowed.area is not None:
        statement = statement.where(under(columns.code, narrowed.area))
    for filtered, value in (
        (columns.kind, narrowed.kind),
        (columns.parent_code, narrowed.parent_code),
        (columns.is_governed, narrowed.is_governed),
    ):
        if value is not None:
            statement = statement.where(filtered == value)
    if narrowed.bbox is not None:
        statement = statement.where(meets(DIVISIONS, narrowed.bbox))
    if narrowed.updated_since is not None:
        statement = statement.where(columns.updated_at >= narrowed.updated_since)
    return statement, [columns.code]


def of_code(
    code: str, areas: Sequence[str], *, as_of: date | None = None, lock: Lock = "none"
) -> Select[Any]:
    """Return the statement of one division, revoked ones too unless `as_of` is given."""
    statement = select(DIVISIONS).where(
        (DIVISIONS.c.code == code) & in_areas(DIVISIONS.c.code, areas)
    )
    if as_of is not None:
        statement = statement.where(_in_force(as_of))
    return rows.locked(statement, lock)


async def is_active(tx: Tx, code: str) -> bool:
    """Tell whether the code is in force, and keep it so till the end; asks nothing about areas."""
    statement = select(DIVISIONS.c.code).where(
        (DIVISIONS.c.code == code) & (DIVISIONS.c.status == ACTIVE)
    )
    return await tx.scalar(rows.locked(statement, "share")) is not None


#: Tables of what belongs to a division by its code; what belongs to those goes with them.
CONTENTS = (ESTATES, BUILDINGS, ORGANIZATIONS, SERVICE_POINTS, TEAMS, MEMBERS)


async def contents(tx: Tx, code: str) -> dict[str, int]:
    """Return how many active divisions, estates, buildings and so on a division still holds."""
    below = under(DIVISIONS.c.code, code) & (DIVISIONS.c.code != code)
    counts = {"divisions": await rows.count(tx, DIVISIONS, below & (DIVISIONS.c.status == ACTIVE))}
    for table in CONTENTS:
        held = under(rows.area_of(table), code) & table.c.ended_at.is_(None)
        counts[table.name] = await rows.count(tx, table, held)
    return counts


async def boundaries(tx: Tx, areas: Sequence[str]) -> dict[str, str]:
    """Return the boundary text of every active community in the areas that has one."""
    statement = select(DIVISIONS.c.code, DIVISIONS.c.boundary).where(
        in_areas(DIVISIONS.c.code, areas)
        & (DIVISIONS.c.status == ACTIVE)
        & (func.length(DIVISIONS.c.code) == 12)
        & DIVISIONS.c.boundary.is_not(None)
    )
    return {row[0]: row[1] for row in await tx.execute(statement)}


async def boundary_of(tx: Tx, code: str) -> str | None:
    """Return the boundary text of one division."""
    statement = select(DIVISIONS.c.boundary).where(DIVISIONS.c.code == code)
    found: str | None = await tx.scalar(statement)
    return found


async def community_at(
    tx: Tx, lon: float, lat: float, areas: Sequence[str]
) -> list[tuple[str, str]]:
    """Return code and boundary of the active communities whose extent holds the point."""
    statement = (
        select(DIVISIONS.c.code, DIVISIONS.c.boundary)
        .where(
            in_areas(DIVISIONS.c.code, areas)
            & (DIVISIONS.c.status == ACTIVE)
            & (func.length(DIVISIONS.c.code) == 12)
            & DIVISIONS.c.boundary.is_not(None)
            & meets(DIVISIONS, Box(lon, lat, lon, lat))
        )
        .order_by(DIVISIONS.c.code)
    )
    return [(code, boundary) for code, boundary in (await tx.execute(statement)).all()]


async def extent(tx: Tx, prefix: str) -> tuple[float, float, float, float] | None:
    """Return the extent of all boundaries under a code prefix, None while none is known."""
    columns = DIVISIONS.c
    statement = select(
        func.min(columns.west),
        func.min(columns.south),
        func.max(columns.east),
        func.max(columns.north),
    ).where(under(columns.code, prefix) & (columns.status == ACTIVE))
    found = (await tx.execute(statement)).one()
    return None if found[0] is None else (found[0], found[1], found[2], found[3])


async def extents(tx: Tx) -> dict[str, tuple[float, float, float, float]]:
    """Return the extent of every district with known boundaries, by its 6 digits."""
    columns = DIVISIONS.c
    district = func.left(columns.code, 6).label("district")
    statement = (
        select(
            district,
            func.min(columns.west),
            func.min(columns.south),
            func.max(columns.east),
            func.max(columns.north),
        )
        .where(columns.west.is_not(None) & (columns.status == ACTIVE))
        .group_by(district)
    )
    return {row[0]: (row[1], row[2], row[3], row[4]) for row in await tx.execute(statement)}
