"""Stage 1 of a plan: fetch every community's snapshot, node the map once, store both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson

from kit.boxes import Box
from kit.clock import local_date
from services.grid_partition.domain.cutting import Frames, FramesTask, frame_communities
from services.grid_partition.domain.projection import outline
from services.grid_partition.domain.rules import engine_rules
from services.grid_partition.domain.snapshots import SnapshotSeen, read_shapes
from services.grid_partition.operations.workshop import LeaseLost, PlanFailed, Workshop
from services.grid_partition.storage import barriers, inputs, jobs, plans
from services.grid_partition.storage.inputs import StoredSnapshot

_BATCH = 20


@dataclass(slots=True)
class _Gathered:
    boundaries: list[tuple[str, str]] = field(default_factory=list)
    unbounded: list[str] = field(default_factory=list)
    households: int = 0
    batch: list[StoredSnapshot] = field(default_factory=list)


async def prepare(workshop: Workshop, plan_id: UUID) -> None:
    """Run the stage; the job must be held by the workshop's owner.

    Raises PlanFailed for an area that cannot be planned, PeerUnavailable, LeaseLost.
    """
    async with workshop.database.unit_of_work() as tx:
        plan = await plans.find(tx, plan_id, ["*"])
        if plan is None or not await jobs.holds_job(tx, plan_id, workshop.owner):
            raise LeaseLost
        await inputs.clear(tx, plan_id)
        wanted = plan["base"] is not None
        legacy = await inputs.grids_of_buildings(tx, plan["area"]) if wanted else {}
    gathered = await _gather(workshop, plan, legacy)
    if gathered.unbounded:
        codes = gathered.unbounded
        raise PlanFailed("boundary_missing", count=len(codes), communities=", ".join(codes[:10]))
    if not gathered.households:
        raise PlanFailed("area_empty")
    frames = await _frame(workshop, plan, gathered)
    await _store_frames(workshop, plan, gathered, frames)


async def _gather(
    workshop: Workshop, plan: Mapping[Any, Any], legacy: Mapping[str, str]
) -> _Gathered:
    gathered = _Gathered()
    source = workshop.registry.snapshots(plan["area"], plan["count_basis"])
    async with source as communities:
        async for line, snapshot in communities:
            _take(gathered, line, snapshot, legacy)
            if len(gathered.batch) >= _BATCH:
                await _store_batch(workshop, plan["id"], gathered)
    await _store_batch(workshop, plan["id"], gathered)
    return gathered


def _take(
    gathered: _Gathered, line: str, snapshot: SnapshotSeen, legacy: Mapping[str, str]
) -> None:
    boundary = snapshot.boundary_text
    if boundary is None:
        gathered.unbounded.append(snapshot.code)
    else:
        gathered.boundaries.append((snapshot.code, boundary))
    gathered.households += snapshot.households
    gathered.batch.append(
        StoredSnapshot(
            code=snapshot.code,
            name=snapshot.name,
            version=snapshot.version,
            households=snapshot.households,
            buildings=len(snapshot.buildings),
            text=_with_old_grids(line, legacy) if legacy else line,
        )
    )


def _with_old_grids(line: str, legacy: Mapping[str, str]) -> str:
    content = orjson.loads(line)
    for building in content["buildings"]:
        building["legacy_grid"] = legacy.get(building["id"])
    return orjson.dumps(content).decode()


async def _store_batch(workshop: Workshop, plan_id: UUID, gathered: _Gathered) -> None:
    async with workshop.database.unit_of_work() as tx:
        if not await jobs.holds_job(tx, plan_id, workshop.owner):
            raise LeaseLost
        await inputs.add(tx, plan_id, gathered.batch, workshop.clock.now())
    gathered.batch = []


async def _frame(workshop: Workshop, plan: Mapping[Any, Any], gathered: _Gathered) -> Frames:
    box = Box(*outline(read_shapes([text for _, text in gathered.boundaries])))
    today = local_date(workshop.clock.now(), workshop.settings.time_zone)
    async with workshop.database.reading() as tx:
        lines = await barriers.in_district(tx, plan["area"], box, today)
    task = FramesTask(
        tuple(gathered.boundaries), tuple(lines), engine_rules(plan["rules"], plan["seed"])
    )
    frames: Frames = await workshop.compute(frame_communities, task, alone=False)
    return frames


async def _store_frames(
    workshop: Workshop, plan: Mapping[Any, Any], gathered: _Gathered, frames: Frames
) -> None:
    codes = [code for code, _ in gathered.boundaries]
    now = workshop.clock.now()
    async with workshop.database.unit_of_work() as tx:
        held = await plans.find(tx, plan["id"], ["*"], lock=True)
        still = held is not None and held["state"] == "computing"
        if not still or not await jobs.holds_job(tx, plan["id"], workshop.owner):
            raise LeaseLost
        await inputs.set_frames(tx, plan["id"], dict(zip(codes, frames.frames, strict=True)))
        await jobs.set_stage(tx, plan["id"], "cut")
        row = await plans.change(
            tx,
            plan["id"],
            now,
            meridian=frames.meridian,
            registry_version=await inputs.registry_version(tx, plan["id"]),
            communities_total=len(codes),
            households_total=gathered.households,
            cutting_since=now,
        )
        told = {"done": 0, "total": len(codes), "unit": "community"}
        await plans.add_event(tx, plan["id"], row["event_seq"], "progress", told)
