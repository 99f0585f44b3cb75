"""Every change of a plan's state leaves a note, an event for watchers and one for other systems."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kit.db import Tx
from kit.outbox import Event, record
from services.grid_partition.storage import plans
from services.grid_partition.storage.tables import OUTBOX


@dataclass(frozen=True, slots=True)
class Change:
    """One change of state; `by` is the client, or the name of the worker's own doing."""

    action: str
    was: str | None
    to: str
    by: str
    note: str | None = None


async def record_change(
    tx: Tx, plan: Mapping[Any, Any], change: Change, now: datetime, **values: Any
) -> Mapping[Any, Any]:
    """Set the plan's state (and further columns) and tell of it; returns the plan's new row.

    For a fresh plan (`was` None) the row is taken as it stands.
    """
    row = plan
    if change.was is not None:
        row = await plans.change(tx, plan["id"], now, state=change.to, **values)
    note = {
        "action": change.action,
        "from_state": change.was or "",
        "to_state": change.to,
        "note": change.note,
        "by": change.by,
        "at": now,
    }
    await plans.add_note(tx, plan["id"], note)
    told = {"state": change.to, "action": change.action}
    await plans.add_event(tx, plan["id"], row["event_seq"], "state", told)
    event = Event(f"partition.plan.{change.to}", str(plan["id"]), plan["area"], told)
    await record(tx, OUTBOX, event, now=now)
    return row
