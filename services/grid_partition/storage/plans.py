"""Plans: their rows, notes and events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, insert, literal, or_, select, text, update

from kit.areas import in_areas, under
from kit.db import Tx
from services.grid_partition.storage.tables import PLAN_EVENTS, PLAN_JOBS, PLAN_NOTES, PLANS


def listing(
    areas: Sequence[str],
    *,
    area: str | None,
    state: str | None,
    updated_since: datetime | None,
) -> Select[Any]:
    """Return the query of the plans that the caller may see."""
    statement = select(PLANS).where(in_areas(PLANS.c.area, areas))
    if area is not None:
        statement = statement.where(under(PLANS.c.area, area))
    if state is not None:
        statement = statement.where(PLANS.c.state == state)
    if updated_since is not None:
        statement = statement.where(PLANS.c.updated_at >= updated_since)
    return statement


async def find(
    tx: Tx, plan_id: UUID, areas: Sequence[str], *, lock: bool = False
) -> Mapping[Any, Any] | None:
    """Return one plan within the areas; `lock` holds it for the transaction."""
    statement = select(PLANS).where(PLANS.c.id == plan_id, in_areas(PLANS.c.area, areas))
    if lock:
        statement = statement.with_for_update()
    return (await tx.execute(statement)).mappings().one_or_none()


async def lock_district(tx: Tx, area: str) -> None:
    """Let one transaction at a time begin or switch plans of a district; ends with it."""
    await tx.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:area, 704216))"), {"area": area[:6]}
    )


async def computing_over(tx: Tx, area: str) -> Mapping[Any, Any] | None:
    """Return a plan in `computing` whose area holds the given one, or lies in it."""
    statement = (
        select(PLANS.c.id, PLANS.c.area)
        .where(
            PLANS.c.state == "computing",
            or_(under(PLANS.c.area, area), literal(area).startswith(PLANS.c.area)),
        )
        .limit(1)
    )
    return (await tx.execute(statement)).mappings().one_or_none()


async def add(tx: Tx, row: Mapping[Any, Any]) -> None:
    """Insert a plan and its job."""
    await tx.execute(insert(PLANS).values(dict(row)))
    await tx.execute(
        insert(PLAN_JOBS).values(
            plan_id=row["id"], stage="prepare", failures=0, claims=0, created_at=func.now()
        )
    )


async def change(tx: Tx, plan_id: UUID, now: datetime, **values: Any) -> Mapping[Any, Any]:
    """Set columns of a plan, raise its version and its event number; returns the new row."""
    statement = (
        update(PLANS)
        .where(PLANS.c.id == plan_id)
        .values(
            version=PLANS.c.version + 1,
            event_seq=PLANS.c.event_seq + 1,
            updated_at=now,
            **values,
        )
        .returning(PLANS)
    )
    row: Mapping[Any, Any] = (await tx.execute(statement)).mappings().one()
    return row


async def add_note(tx: Tx, plan_id: UUID, note: Mapping[Any, Any]) -> None:
    """Append a note to the plan's history; the caller holds the plan's row."""
    number = (
        select(func.coalesce(func.max(PLAN_NOTES.c.number), 0) + 1)
        .where(PLAN_NOTES.c.plan_id == plan_id)
        .scalar_subquery()
    )
    await tx.execute(insert(PLAN_NOTES).values(plan_id=plan_id, number=number, **note))


async def notes(tx: Tx, plan_ids: Sequence[UUID]) -> dict[UUID, list[Mapping[Any, Any]]]:
    """Return the notes of plans, oldest first."""
    statement = (
        select(PLAN_NOTES)
        .where(PLAN_NOTES.c.plan_id.in_(plan_ids))
        .order_by(PLAN_NOTES.c.plan_id, PLAN_NOTES.c.number)
    )
    found: dict[UUID, list[Mapping[Any, Any]]] = {}
    for row in (await tx.execute(statement)).mappings():
        found.setdefault(row["plan_id"], []).append(row)
    return found


async def add_event(tx: Tx, plan_id: UUID, seq: int, name: str, data: Mapping[Any, Any]) -> None:
    """Record what watchers of the plan are told; `seq` is the plan's event number."""
    await tx.execute(
        insert(PLAN_EVENTS).values(plan_id=plan_id, seq=seq, name=name, data=dict(data))
    )


async def events_after(
    tx: Tx, plan_id: UUID, seq: int, limit: int = 500
) -> Sequence[Mapping[Any, Any]]:
    """Return the plan's events behind a number, oldest first."""
    statement = (
        select(PLAN_EVENTS)
        .where(PLAN_EVENTS.c.plan_id == plan_id, PLAN_EVENTS.c.seq > seq)
        .order_by(PLAN_EVENTS.c.seq)
        .limit(limit)
    )
    return (await tx.execute(statement)).mappings().all()


async def due(tx: Tx, today: Any) -> Mapping[Any, Any] | None:
    """Return, held, one publicised plan whose day has come and that no other worker holds."""
    statement = (
        select(PLANS)
        .where(PLANS.c.state == "publicised", PLANS.c.switches_on <= today)
        .order_by(PLANS.c.switches_on, PLANS.c.created_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return (await tx.execute(statement)).mappings().one_or_none()
