"""The register of grids: immutable versions with the time they hold, and the epoch that tells."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
    text,
    tuple_,
    update,
)

from kit.areas import in_areas, under
from kit.boxes import Box, meets
from kit.db import Tx
from services.grid_partition.domain.stitching import Outline
from services.grid_partition.storage.tables import GRID_EPOCH, GRIDS, PLAN_ASSIGNMENTS, PLANS

#: About a decimetre: bounds of grids that touch may miss one another by a rounding.
_BESIDE_DEG = 1e-6


@dataclass(frozen=True, slots=True)
class GridFilter:
    """What a list of grids is narrowed to; `as_of` None: those in force now."""

    area: str | None = None
    bbox: Box | None = None
    as_of: datetime | None = None
    updated_since: datetime | None = None


def holding(as_of: datetime | None) -> ColumnElement[bool]:
    """Return the condition that a version holds at a time: from inclusive, to exclusive."""
    if as_of is None:
        return GRIDS.c.valid_to.is_(None)
    return and_(
        GRIDS.c.valid_from <= as_of, or_(GRIDS.c.valid_to.is_(None), GRIDS.c.valid_to > as_of)
    )


def listing(areas: Sequence[str], wanted: GridFilter) -> Select[Any]:
    """Return the query of the grids that hold at a time."""
    statement = select(GRIDS).where(in_areas(GRIDS.c.code, areas), holding(wanted.as_of))
    if wanted.area is not None:
        statement = statement.where(under(GRIDS.c.code, wanted.area))
    if wanted.bbox is not None:
        statement = statement.where(meets(GRIDS, wanted.bbox))
    if wanted.updated_since is not None:
        statement = statement.where(GRIDS.c.updated_at >= wanted.updated_since)
    return statement


async def find(
    tx: Tx, code: str, areas: Sequence[str], as_of: datetime | None = None, *, lock: bool = False
) -> Mapping[Any, Any] | None:
    """Return the version of a grid that holds at a time."""
    statement = select(GRIDS).where(
        GRIDS.c.code == code, in_areas(GRIDS.c.code, areas), holding(as_of)
    )
    if lock:
        statement = statement.with_for_update()
    return (await tx.execute(statement)).mappings().one_or_none()


def buildings_of(plan_id: UUID, code: str) -> Select[Any]:
    """Return the query of the buildings and slices of a grid, by the plan that drew it."""
    rows = PLAN_ASSIGNMENTS
    return select(rows).where(rows.c.plan_id == plan_id, rows.c.grid_code == code)


async def rename(tx: Tx, grid_id: UUID, *, name: str, version: int, now: datetime) -> None:
    """Give the version of a grid another name."""
    values = {"name": name, "version": version, "updated_at": now}
    await tx.execute(update(GRIDS).where(GRIDS.c.id == grid_id).values(values))


async def any_in_force(tx: Tx, area: str) -> bool:
    """Tell whether some grid of the area is in force."""
    statement = select(exists().where(under(GRIDS.c.code, area), GRIDS.c.valid_to.is_(None)))
    return bool(await tx.scalar(statement))


#: Old versions of the plan's communities end and the plan's grids begin at one instant.  A code
#: that existed before goes on counting its versions, so that no ETag ever means two contents.
_CLOSE = """
UPDATE grids SET valid_to = :now, updated_at = :now
WHERE valid_to IS NULL
  AND community_code IN (SELECT code FROM plan_communities WHERE plan_id = :plan_id)
"""
_OPEN = """
INSERT INTO grids (id, code, community_code, community_name, name, kind, households, population,
                   in_range, compactness, area_m2, geometry, west, south, east, north, plan_id,
                   valid_from, version, created_at, updated_at)
SELECT gen_random_uuid(), g.code, g.community_code, c.name, g.name, g.kind, g.households,
       g.population, g.in_range, g.compactness, g.area_m2, g.geometry, g.west, g.south, g.east,
       g.north, g.plan_id, :now,
       1 + coalesce((SELECT max(o.version) FROM grids o WHERE o.code = g.code), 0), :now, :now
FROM plan_grids g JOIN plan_communities c ON c.plan_id = g.plan_id AND c.code = g.community_code
WHERE g.plan_id = :plan_id
"""


async def switch(tx: Tx, plan_id: UUID, now: datetime) -> int:
    """Put a plan's grids in the place of those in force in its communities; returns how many."""
    values = {"plan_id": plan_id, "now": now}
    await tx.execute(text(_CLOSE), values)
    opened = await tx.execute(text(_OPEN), values)
    await raise_epoch(tx)
    return int(opened.rowcount)


async def around(tx: Tx, plan_id: UUID, district: str) -> Sequence[Mapping[Any, Any]]:
    """Return id, community and geometry of a plan's grids in force and of those around them."""
    mine = and_(GRIDS.c.plan_id == plan_id, GRIDS.c.valid_to.is_(None))
    bounds = (
        await tx.execute(
            select(
                func.min(GRIDS.c.west) - _BESIDE_DEG,
                func.min(GRIDS.c.south) - _BESIDE_DEG,
                func.max(GRIDS.c.east) + _BESIDE_DEG,
                func.max(GRIDS.c.north) + _BESIDE_DEG,
            ).where(mine)
        )
    ).one()
    if bounds[0] is None:
        return []
    statement = (
        select(GRIDS.c.id, GRIDS.c.community_code, GRIDS.c.geometry)
        .where(
            GRIDS.c.valid_to.is_(None), under(GRIDS.c.code, district), meets(GRIDS, Box(*bounds))
        )
        .order_by(GRIDS.c.code)
    )
    return (await tx.execute(statement)).mappings().all()


async def redraw(tx: Tx, plan_id: UUID, drawn: Mapping[UUID, Outline], now: datetime) -> None:
    """Give grids in force other outlines, by id; those of other plans count a version more."""
    if not drawn:
        return
    count = GRIDS.c.version
    columns: dict[str, Any] = {column: bindparam(column) for column in Outline.__slots__}
    statement = (
        update(GRIDS)
        .where(GRIDS.c.id == bindparam("of_id"))
        .values(
            version=case((GRIDS.c.plan_id == plan_id, count), else_=count + 1),
            updated_at=now,
            **columns,
        )
    )
    await tx.execute(
        statement, [{"of_id": grid_id, **asdict(outline)} for grid_id, outline in drawn.items()]
    )


async def coverages(
    tx: Tx, wanted: Collection[tuple[UUID, str]]
) -> list[tuple[UUID, str, int, str, str]]:
    """Return (plan, community, meridian, grid code, geometry) of all grids of the communities.

    As they are, or were, in force: a plan's grids of a community come and go together.
    """
    rows = GRIDS
    statement = (
        select(
            rows.c.plan_id, rows.c.community_code, PLANS.c.meridian, rows.c.code, rows.c.geometry
        )
        .join(PLANS, PLANS.c.id == rows.c.plan_id)
        .where(tuple_(rows.c.plan_id, rows.c.community_code).in_(list(wanted)))
        .order_by(rows.c.plan_id, rows.c.code)
    )
    return [tuple(row) for row in (await tx.execute(statement)).all()]


async def raise_epoch(tx: Tx) -> None:
    """Tell every process that holds the grids in memory that they have changed."""
    await tx.execute(update(GRID_EPOCH).values(epoch=GRID_EPOCH.c.epoch + 1))


async def epoch(tx: Tx) -> int:
    """Return the number that moves with every change of the grids in force."""
    return int(await tx.scalar(select(GRID_EPOCH.c.epoch)) or 0)


async def outlived_plans(tx: Tx, area: str) -> list[UUID]:
    """Return the plans in force around an area that have no grid in force any more."""
    statement = select(PLANS.c.id).where(
        PLANS.c.state == "in_force",
        under(PLANS.c.area, area[:6]),
        ~exists().where(GRIDS.c.plan_id == PLANS.c.id, GRIDS.c.valid_to.is_(None)),
    )
    return list((await tx.execute(statement)).scalars())


_MAP_COLUMNS = (
    GRIDS.c.code,
    GRIDS.c.name,
    GRIDS.c.community_code,
    GRIDS.c.community_name,
    GRIDS.c.geometry,
)


async def map_now(tx: Tx) -> Sequence[Mapping[Any, Any]]:
    """Return code, names and geometry of every grid in force, in code order."""
    statement = select(*_MAP_COLUMNS).where(GRIDS.c.valid_to.is_(None)).order_by(GRIDS.c.code)
    return (await tx.execute(statement)).mappings().all()


async def map_at(tx: Tx, as_of: datetime, areas: Sequence[str]) -> Sequence[Mapping[Any, Any]]:
    """Return the same of the grids within the areas that held at a time."""
    statement = (
        select(*_MAP_COLUMNS)
        .where(holding(as_of), in_areas(GRIDS.c.code, areas))
        .order_by(GRIDS.c.code)
    )
    return (await tx.execute(statement)).mappings().all()
