"""What a plan found: grids, assignments, violations, changes; written by COPY, read as lists."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Select, Table, bindparam, delete, func, select, tuple_, update

from kit.areas import in_areas
from kit.db import Tx, driver_connection
from kit.ids import new_id
from services.grid_partition.domain.cutting import CutResult
from services.grid_partition.domain.naming import grid_name
from services.grid_partition.domain.stitching import Outline
from services.grid_partition.storage.tables import (
    PLAN_ASSIGNMENTS,
    PLAN_CHANGES,
    PLAN_COMMUNITIES,
    PLAN_GRIDS,
    PLAN_VIOLATIONS,
    PLANS,
)

RESULT_TABLES: tuple[Table, ...] = (PLAN_GRIDS, PLAN_ASSIGNMENTS, PLAN_VIOLATIONS, PLAN_CHANGES)


async def finish_community(
    tx: Tx, plan_id: UUID, result: CutResult, owner: str, now: datetime
) -> str | None:
    """Mark a community as done when the owner still holds it; returns its name, else None."""
    rows = PLAN_COMMUNITIES
    statement = (
        update(rows)
        .where(
            rows.c.plan_id == plan_id,
            rows.c.code == result.code,
            rows.c.lease_owner == owner,
            rows.c.state == "running",
        )
        .values(
            state="done",
            lease_owner=None,
            lease_until=None,
            grids=len(result.grids),
            feasible=result.feasible,
            violations=len(result.violations),
            digest=result.digest,
            metrics=result.metrics,
            facts=result.facts,
            updated_at=now,
        )
        .returning(rows.c.name)
    )
    name: str | None = await tx.scalar(statement)
    return name


async def count_done(
    tx: Tx, plan_id: UUID, households: int, now: datetime
) -> Mapping[Any, Any] | None:
    """Count one community as done; returns the plan's counters, None when it computes no more.

    Takes the plan's row, so that progress events are numbered in the order of their commit.
    """
    statement = (
        update(PLANS)
        .where(PLANS.c.id == plan_id, PLANS.c.state == "computing")
        .values(
            communities_done=PLANS.c.communities_done + 1,
            households_done=PLANS.c.households_done + households,
            event_seq=PLANS.c.event_seq + 1,
            version=PLANS.c.version + 1,
            updated_at=now,
        )
        .returning(PLANS.c.communities_done, PLANS.c.communities_total, PLANS.c.event_seq)
    )
    return (await tx.execute(statement)).mappings().one_or_none()


async def add(tx: Tx, plan_id: UUID, name: str, result: CutResult) -> None:
    """Write everything that a community's cut found; `name` is the community's."""
    await _copy(tx, PLAN_GRIDS, _grid_rows(plan_id, name, result))
    await _copy(tx, PLAN_ASSIGNMENTS, _assignment_rows(plan_id, result))
    await _copy(tx, PLAN_VIOLATIONS, _violation_rows(plan_id, result))
    await _copy(tx, PLAN_CHANGES, _change_rows(plan_id, result))


async def _copy(tx: Tx, table: Table, rows: Sequence[Mapping[Any, Any]]) -> None:
    if not rows:
        return
    columns = list(rows[0])
    connection = await driver_connection(tx)
    await connection.copy_records_to_table(
        table.name, columns=columns, records=[tuple(row.values()) for row in rows]
    )


def _grid_rows(plan_id: UUID, name: str, result: CutResult) -> list[dict[str, Any]]:
    columns = ("number", "kind", "households", "population", "in_range", "contiguous", "bridged")
    measures = ("blocks", "compactness", "area_m2", "geometry", "west", "south", "east", "north")
    return [
        {
            "plan_id": plan_id,
            "code": grid.code,
            "community_code": result.code,
            "name": grid_name(name, grid.number),
            **{column: getattr(grid, column) for column in columns + measures},
        }
        for grid in result.grids
    ]


def _assignment_rows(plan_id: UUID, result: CutResult) -> list[dict[str, Any]]:
    columns = (
        "grid_code",
        "building_id",
        "source",
        "source_id",
        "unit_from",
        "unit_to",
        "floor_from",
        "floor_to",
        "households",
        "old_grid_code",
    )
    return [
        {
            "plan_id": plan_id,
            "community_code": result.code,
            "number": number,
            **{column: getattr(part, column) for column in columns},
        }
        for number, part in enumerate(result.assignments, start=1)
    ]


def _violation_rows(plan_id: UUID, result: CutResult) -> list[dict[str, Any]]:
    return [
        {
            "id": new_id(),
            "plan_id": plan_id,
            "community_code": result.code,
            "number": number,
            "grid_code": violation.grid_code,
            "code": violation.code,
            "params": orjson.dumps(violation.params).decode(),
            "culprits": orjson.dumps(violation.culprits).decode(),
        }
        for number, violation in enumerate(result.violations, start=1)
    ]


def _change_rows(plan_id: UUID, result: CutResult) -> list[dict[str, Any]]:
    columns = ("new_code", "old_code", "households", "moved", "effect")
    return [
        {
            "plan_id": plan_id,
            "community_code": result.code,
            **{column: getattr(change, column) for column in columns},
        }
        for change in result.changes
    ]


async def outlines(tx: Tx, plan_id: UUID) -> Sequence[Mapping[Any, Any]]:
    """Return code, community and geometry of a plan's grids, in code order."""
    rows = PLAN_GRIDS
    statement = (
        select(rows.c.code, rows.c.community_code, rows.c.geometry)
        .where(rows.c.plan_id == plan_id)
        .order_by(rows.c.code)
    )
    return (await tx.execute(statement)).mappings().all()


async def redraw(tx: Tx, plan_id: UUID, drawn: Mapping[str, Outline]) -> None:
    """Give grids of a plan, by code, other outlines."""
    if not drawn:
        return
    rows = PLAN_GRIDS
    statement = (
        update(rows)
        .where(rows.c.plan_id == plan_id, rows.c.code == bindparam("of_code"))
        .values({column: bindparam(column) for column in Outline.__slots__})
    )
    await tx.execute(
        statement, [{"of_code": code, **asdict(outline)} for code, outline in drawn.items()]
    )


async def drop(tx: Tx, plan_id: UUID) -> None:
    """Remove the findings of a plan that will not be finished."""
    for table in RESULT_TABLES:
        await tx.execute(delete(table).where(table.c.plan_id == plan_id))


async def totals(tx: Tx, plan_id: UUID) -> dict[str, Any]:
    """Return the sums over all communities of a plan."""
    rows = PLAN_COMMUNITIES
    statement = select(
        func.count().label("communities"),
        func.coalesce(func.sum(rows.c.households), 0).label("households"),
        func.coalesce(func.sum(rows.c.buildings), 0).label("buildings"),
        func.coalesce(func.sum(rows.c.grids), 0).label("grids"),
        func.count().filter(rows.c.feasible).label("feasible_communities"),
        func.coalesce(func.sum(rows.c.violations), 0).label("violations"),
        func.coalesce(func.sum(rows.c.metrics["moved_households"].as_integer()), 0).label(
            "moved_households"
        ),
    ).where(rows.c.plan_id == plan_id)
    found = (await tx.execute(statement)).mappings().one()
    return {name: int(value) for name, value in found.items()}


def communities_of(plan_id: UUID, areas: Sequence[str]) -> Select[Any]:
    """Return the query of a plan's communities without their heavy columns."""
    rows = PLAN_COMMUNITIES
    shown = [column for column in rows.c if column.name not in {"snapshot", "frame"}]
    return select(*shown).where(rows.c.plan_id == plan_id, in_areas(rows.c.code, areas))


def grids_of(plan_id: UUID, areas: Sequence[str], community: str | None) -> Select[Any]:
    """Return the query of a plan's grids."""
    return _of(PLAN_GRIDS, plan_id, areas, community)


async def coverages(
    tx: Tx, wanted: Collection[tuple[UUID, str]]
) -> list[tuple[UUID, str, int, str, str]]:
    """Return (plan, community, meridian, grid code, geometry) of all grids of the communities."""
    rows = PLAN_GRIDS
    statement = (
        select(
            rows.c.plan_id, rows.c.community_code, PLANS.c.meridian, rows.c.code, rows.c.geometry
        )
        .join(PLANS, PLANS.c.id == rows.c.plan_id)
        .where(tuple_(rows.c.plan_id, rows.c.community_code).in_(list(wanted)))
        .order_by(rows.c.plan_id, rows.c.code)
    )
    return [tuple(row) for row in (await tx.execute(statement)).all()]


def assignments_of(
    plan_id: UUID, areas: Sequence[str], community: str | None, grid: str | None
) -> Select[Any]:
    """Return the query of a plan's buildings and slices, each with its grid."""
    statement = _of(PLAN_ASSIGNMENTS, plan_id, areas, community)
    if grid is not None:
        statement = statement.where(PLAN_ASSIGNMENTS.c.grid_code == grid)
    return statement


def violations_of(plan_id: UUID, areas: Sequence[str], community: str | None) -> Select[Any]:
    """Return the query of what a plan could not keep."""
    return _of(PLAN_VIOLATIONS, plan_id, areas, community)


def changes_of(plan_id: UUID, areas: Sequence[str], community: str | None) -> Select[Any]:
    """Return the query of a plan's flows from old grids to new ones."""
    return _of(PLAN_CHANGES, plan_id, areas, community)


def _of(table: Table, plan_id: UUID, areas: Sequence[str], community: str | None) -> Select[Any]:
    statement = select(table).where(
        table.c.plan_id == plan_id, in_areas(table.c.community_code, areas)
    )
    if community is not None:
        statement = statement.where(table.c.community_code == community)
    return statement


async def open_violations(tx: Tx, plan_id: UUID) -> Sequence[Mapping[Any, Any]]:
    """Return the violations that nobody has acknowledged, in community order."""
    rows = PLAN_VIOLATIONS
    statement = (
        select(rows)
        .where(rows.c.plan_id == plan_id, rows.c.acknowledged_at.is_(None))
        .order_by(rows.c.community_code, rows.c.number)
    )
    return (await tx.execute(statement)).mappings().all()


async def acknowledge(
    tx: Tx, plan_id: UUID, violation_id: UUID, *, reason: str, by: str, now: datetime
) -> bool:
    """Record why a violation is accepted; False when the plan has no such violation."""
    rows = PLAN_VIOLATIONS
    done = await tx.execute(
        update(rows)
        .where(rows.c.plan_id == plan_id, rows.c.id == violation_id)
        .values(reason=reason, acknowledged_by=by, acknowledged_at=now)
    )
    return bool(done.rowcount)
