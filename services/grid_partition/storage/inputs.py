"""What a plan was computed from: one stored snapshot and frame a community."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Text, bindparam, cast, delete, select, text, update

from kit.db import Tx, driver_connection
from services.grid_partition.storage.tables import (
    GRIDS,
    PLAN_ASSIGNMENTS,
    PLAN_COMMUNITIES,
    PLANS,
)


@dataclass(frozen=True, slots=True)
class StoredSnapshot:
    """A community's snapshot on its way into the store: `text` is the JSON that will be cut."""

    code: str
    name: str
    version: str
    households: int
    buildings: int
    text: str


async def clear(tx: Tx, plan_id: UUID) -> None:
    """Remove the snapshots of an attempt that was not finished."""
    await tx.execute(delete(PLAN_COMMUNITIES).where(PLAN_COMMUNITIES.c.plan_id == plan_id))


async def add(tx: Tx, plan_id: UUID, snapshots: Sequence[StoredSnapshot], now: datetime) -> None:
    """Store snapshots; they cannot be claimed before their frames are set."""
    connection = await driver_connection(tx)
    await connection.executemany(
        "INSERT INTO plan_communities (plan_id, code, name, state, snapshot_version, snapshot,"
        " households, buildings, failures, claims, updated_at)"
        " VALUES ($1, $2, $3, 'loading', $4, $5::text::jsonb, $6, $7, 0, 0, $8)",
        [
            (plan_id, s.code, s.name, s.version, s.text, s.households, s.buildings, now)
            for s in snapshots
        ],
    )


async def texts(tx: Tx, plan_id: UUID) -> list[tuple[str, str]]:
    """Return (code, snapshot text) of each community, in code order."""
    rows = PLAN_COMMUNITIES
    statement = (
        select(rows.c.code, cast(rows.c.snapshot, Text))
        .where(rows.c.plan_id == plan_id)
        .order_by(rows.c.code)
    )
    return [(code, snapshot) for code, snapshot in (await tx.execute(statement)).all()]


async def set_frames(tx: Tx, plan_id: UUID, frames: Mapping[str, bytes]) -> None:
    """Store the frames, by community code; the communities can then be claimed."""
    rows = PLAN_COMMUNITIES
    statement = (
        update(rows)
        .where(rows.c.plan_id == plan_id, rows.c.code == bindparam("of_code"))
        .values(frame=bindparam("of_frame"), state="waiting")
    )
    await tx.execute(
        statement, [{"of_code": code, "of_frame": frame} for code, frame in frames.items()]
    )


async def to_cut(tx: Tx, plan_id: UUID, code: str) -> Mapping[Any, Any]:
    """Return snapshot text, frame, meridian, rules, seed and base of a community."""
    rows = PLAN_COMMUNITIES
    statement = (
        select(
            cast(rows.c.snapshot, Text).label("snapshot"),
            rows.c.frame,
            PLANS.c.meridian,
            PLANS.c.rules,
            PLANS.c.seed,
            PLANS.c.base,
        )
        .join(PLANS, PLANS.c.id == rows.c.plan_id)
        .where(rows.c.plan_id == plan_id, rows.c.code == code)
    )
    return (await tx.execute(statement)).mappings().one()


async def versions(tx: Tx, plan_id: UUID) -> dict[str, str]:
    """Return the snapshot version of each community of the plan."""
    rows = PLAN_COMMUNITIES
    statement = select(rows.c.code, rows.c.snapshot_version).where(rows.c.plan_id == plan_id)
    return {row.code: row.snapshot_version for row in await tx.execute(statement)}


async def registry_version(tx: Tx, plan_id: UUID) -> str:
    """Return one digest of all snapshot versions of a plan."""
    digest: str = await tx.scalar(
        text(
            "SELECT encode(sha256(convert_to(coalesce(string_agg("
            "code || ' ' || snapshot_version, E'\\n' ORDER BY code), ''), 'UTF8')), 'hex')"
            " FROM plan_communities WHERE plan_id = :plan_id"
        ),
        {"plan_id": plan_id},
    )
    return digest


async def grids_of_buildings(tx: Tx, area: str) -> dict[str, str]:
    """Return building id -> code of its grid in force; a cut building counts where most of it is.

    All communities of the area at once, for a plan that builds on the grids in force.
    """
    found = await tx.execute(
        text(
            "SELECT DISTINCT ON (a.building_id) a.building_id, a.grid_code AS code"
            " FROM grids g JOIN plan_assignments a"
            " ON a.plan_id = g.plan_id AND a.grid_code = g.code"
            " WHERE g.valid_to IS NULL AND g.code LIKE :prefix"
            " ORDER BY a.building_id, a.households DESC, a.grid_code"
        ).columns(PLAN_ASSIGNMENTS.c.building_id, GRIDS.c.code),
        {"prefix": f"{area}%"},
    )
    return {row.building_id: row.code for row in found}
