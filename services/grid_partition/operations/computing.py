"""Stages 2 and 3 of a plan: cut a community, close the plan; and how a plan fails."""

from __future__ import annotations

from uuid import UUID

from kit.db import Tx
from services.grid_partition.domain.cutting import CutResult, CutTask, cut_community
from services.grid_partition.domain.rules import engine_rules
from services.grid_partition.operations.history import Change, record_change
from services.grid_partition.operations.stitching import stitch_plan
from services.grid_partition.operations.workshop import LeaseLost, PlanFailed, Workshop
from services.grid_partition.storage import inputs, jobs, plans, results

WORKER = "worker"


async def cut(workshop: Workshop, plan_id: UUID, code: str, *, alone: bool) -> None:
    """Cut one community that the workshop's owner holds, and store the result in one transaction.

    Raises LeaseLost when somebody else has it by then, and whatever the computation raises.
    """
    async with workshop.database.reading() as tx:
        row = await inputs.to_cut(tx, plan_id, code)
    task = CutTask(
        snapshot=row["snapshot"],
        frame=row["frame"],
        meridian=row["meridian"],
        rules=engine_rules(row["rules"], row["seed"], with_base=row["base"] is not None),
    )
    result = await workshop.compute(cut_community, task, alone=alone)
    async with workshop.database.unit_of_work() as tx:
        await _store(tx, workshop, plan_id, result)


async def _store(tx: Tx, workshop: Workshop, plan_id: UUID, result: CutResult) -> None:
    now = workshop.clock.now()
    name = await results.finish_community(tx, plan_id, result, workshop.owner, now)
    if name is None:
        raise LeaseLost
    await results.add(tx, plan_id, name, result)
    counted = await results.count_done(tx, plan_id, result.households, now)
    if counted is None:
        raise LeaseLost
    told = {
        "done": counted["communities_done"],
        "total": counted["communities_total"],
        "unit": "community",
        "community": result.code,
    }
    await plans.add_event(tx, plan_id, counted["event_seq"], "progress", told)


async def finish_one(workshop: Workshop) -> UUID | None:
    """Stitch and close one plan whose communities are all done; None when there is none."""
    async with workshop.database.unit_of_work() as tx:
        plan_id = await jobs.claim_finish(tx)
        if plan_id is None:
            return None
        plan = await plans.find(tx, plan_id, ["*"], lock=True)
        if plan is None or plan["state"] != "computing":
            return None
        await stitch_plan(tx, plan)
        await jobs.set_stage(tx, plan_id, "done")
        change = Change("compute", plan["state"], "computed", WORKER)
        totals = await results.totals(tx, plan_id)
        await record_change(tx, plan, change, workshop.clock.now(), totals=totals)
    return plan_id


async def fail(workshop: Workshop, plan_id: UUID, reason: PlanFailed) -> None:
    """End a plan that cannot be computed; its partial findings go, the reason stays."""
    async with workshop.database.unit_of_work() as tx:
        plan = await plans.find(tx, plan_id, ["*"], lock=True)
        if plan is None or plan["state"] != "computing":
            return
        await results.drop(tx, plan_id)
        await jobs.set_stage(tx, plan_id, "done")
        change = Change("compute", plan["state"], "failed", WORKER)
        await record_change(tx, plan, change, workshop.clock.now(), failure=reason.failure())
