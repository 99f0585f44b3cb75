"""Putting a plan's grids into force: one transaction, once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from kit.db import Tx
from kit.outbox import Event, record
from services.grid_partition.operations.history import Change, record_change
from services.grid_partition.operations.stitching import stitch_in_force
from services.grid_partition.storage import grids, plans
from services.grid_partition.storage.tables import OUTBOX

SCHEDULE = "schedule"


async def switch(tx: Tx, plan: Mapping[Any, Any], now: datetime) -> None:
    """Replace the grids in force of exactly the plan's communities.

    The caller holds the plan's row and sets its state in the same transaction.  Plans of which
    nothing is in force any more become `superseded`.
    """
    await plans.lock_district(tx, plan["area"])
    opened = await grids.switch(tx, plan["id"], now)
    await stitch_in_force(tx, plan, now)
    told = {"plan": str(plan["id"]), "grids": opened}
    await record(
        tx, OUTBOX, Event("partition.grids.changed", plan["area"], plan["area"], told), now=now
    )
    for outlived in await grids.outlived_plans(tx, plan["area"]):
        await _supersede(tx, outlived, plan["id"], now)


async def _supersede(tx: Tx, plan_id: UUID, by: UUID, now: datetime) -> None:
    row = await plans.find(tx, plan_id, ["*"], lock=True)
    if row is not None:
        change = Change("supersede", row["state"], "superseded", SCHEDULE, f"plan {by}")
        await record_change(tx, row, change, now)


async def switch_one_due(tx: Tx, *, today: date, now: datetime) -> UUID | None:
    """Switch one publicised plan whose day has come; None when there is none.

    Safe to call from many workers: whoever holds the plan's row switches it.
    """
    plan = await plans.due(tx, today)
    if plan is None:
        return None
    await switch(tx, plan, now)
    change = Change("switch", plan["state"], "in_force", SCHEDULE)
    await record_change(tx, plan, change, now)
    plan_id: UUID = plan["id"]
    return plan_id
