"""The durable queue: stages of plans and communities to cut, held by leases.

A lease is a worker's claim that ends by itself; the database's own clock decides, so that workers
on several machines agree.  Whoever holds no lease any more stores nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Table, and_, case, exists, func, or_, select, update

from kit.db import Tx
from services.grid_partition.storage.tables import PLAN_COMMUNITIES, PLAN_JOBS, PLANS

LEASED: tuple[Table, ...] = (PLAN_JOBS, PLAN_COMMUNITIES)


@dataclass(frozen=True, slots=True)
class Lease:
    """Who claims, and for how long."""

    owner: str
    seconds: float

    def values(self) -> dict[str, Any]:
        """Return the columns of a fresh claim."""
        return {"lease_owner": self.owner, "lease_until": _in(self.seconds)}


def _in(seconds: float) -> ColumnElement[Any]:
    return func.now() + timedelta(seconds=seconds)


def _free(table: Table) -> ColumnElement[bool]:
    return or_(table.c.lease_until.is_(None), table.c.lease_until < func.now())


def _computing(plan_id: ColumnElement[Any]) -> ColumnElement[bool]:
    return exists().where(PLANS.c.id == plan_id, PLANS.c.state == "computing")


async def claim_preparation(tx: Tx, lease: Lease) -> Mapping[Any, Any] | None:
    """Claim the oldest plan that waits for its snapshots; returns its job row."""
    jobs = PLAN_JOBS
    free = (
        select(jobs.c.plan_id)
        .where(
            jobs.c.stage == "prepare",
            _free(jobs),
            or_(jobs.c.not_before.is_(None), jobs.c.not_before <= func.now()),
            _computing(jobs.c.plan_id),
        )
        .order_by(jobs.c.created_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    statement = (
        update(jobs)
        .where(jobs.c.plan_id.in_(free.scalar_subquery()))
        .values(claims=jobs.c.claims + 1, **lease.values())
        .returning(jobs)
    )
    row: Mapping[Any, Any] | None = (await tx.execute(statement)).mappings().one_or_none()
    return row


async def claim_community(tx: Tx, lease: Lease) -> Mapping[Any, Any] | None:
    """Claim one community to cut: of the oldest plan, the largest first.

    Returns its plan_id, code, claims and failures.
    """
    rows = PLAN_COMMUNITIES
    free = (
        select(rows.c.plan_id, rows.c.code)
        .join(PLANS, PLANS.c.id == rows.c.plan_id)
        .where(
            PLANS.c.state == "computing",
            or_(
                rows.c.state == "waiting",
                and_(rows.c.state == "running", rows.c.lease_until < func.now()),
            ),
        )
        .order_by(PLANS.c.created_at, rows.c.households.desc(), rows.c.code)
        .limit(1)
        .with_for_update(skip_locked=True, of=rows)
        .cte("free")
    )
    statement = (
        update(rows)
        .where(rows.c.plan_id == free.c.plan_id, rows.c.code == free.c.code)
        .values(state="running", claims=rows.c.claims + 1, **lease.values())
        .returning(rows.c.plan_id, rows.c.code, rows.c.claims, rows.c.failures)
    )
    return (await tx.execute(statement)).mappings().one_or_none()


async def claim_finish(tx: Tx) -> UUID | None:
    """Hold, for this transaction, one plan whose communities are all done."""
    jobs = PLAN_JOBS
    undone = exists().where(
        PLAN_COMMUNITIES.c.plan_id == jobs.c.plan_id, PLAN_COMMUNITIES.c.state != "done"
    )
    statement = (
        select(jobs.c.plan_id)
        .where(jobs.c.stage == "cut", ~undone, _computing(jobs.c.plan_id))
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    plan_id: UUID | None = await tx.scalar(statement)
    return plan_id


async def renew(tx: Tx, lease: Lease) -> None:
    """Lengthen every lease of the owner."""
    for table in LEASED:
        await tx.execute(
            update(table)
            .where(table.c.lease_owner == lease.owner)
            .values(lease_until=_in(lease.seconds))
        )


async def set_stage(tx: Tx, plan_id: UUID, stage: str) -> None:
    """Move a job to a stage and drop its lease; its faults are forgotten."""
    await tx.execute(
        update(PLAN_JOBS)
        .where(PLAN_JOBS.c.plan_id == plan_id)
        .values(stage=stage, lease_owner=None, lease_until=None, failures=0, claims=0)
    )


async def holds_job(tx: Tx, plan_id: UUID, owner: str) -> bool:
    """Tell whether the owner still holds the job; if so, holds the row for the transaction."""
    statement = (
        select(PLAN_JOBS.c.plan_id)
        .where(PLAN_JOBS.c.plan_id == plan_id, PLAN_JOBS.c.lease_owner == owner)
        .with_for_update()
    )
    return await tx.scalar(statement) is not None


async def put_back_job(
    tx: Tx, plan_id: UUID, owner: str, *, failed: bool, wait_s: float
) -> Mapping[Any, Any] | None:
    """Give a job back, to be tried again after a wait; returns its row, None when it was lost."""
    jobs = PLAN_JOBS
    statement = (
        update(jobs)
        .where(jobs.c.plan_id == plan_id, jobs.c.lease_owner == owner)
        .values(
            lease_owner=None,
            lease_until=None,
            not_before=_in(wait_s),
            failures=jobs.c.failures + int(failed),
            # Waiting for a peer is no fault of the input.
            claims=case((jobs.c.claims > 0, jobs.c.claims - 1), else_=0),
        )
        .returning(jobs.c.failures, (func.now() - jobs.c.created_at).label("age"))
    )
    return (await tx.execute(statement)).mappings().one_or_none()


async def put_back_community(
    tx: Tx, plan_id: UUID, code: str, owner: str, *, failed: bool
) -> int | None:
    """Let a community wait again; returns its faults, None when the lease was lost."""
    rows = PLAN_COMMUNITIES
    statement = (
        update(rows)
        .where(rows.c.plan_id == plan_id, rows.c.code == code, rows.c.lease_owner == owner)
        .values(
            state="waiting",
            lease_owner=None,
            lease_until=None,
            failures=rows.c.failures + int(failed),
        )
        .returning(rows.c.failures)
    )
    failures: int | None = await tx.scalar(statement)
    return failures


async def release(tx: Tx, owner: str) -> None:
    """Give back everything that a worker holds; a worker that stops in peace does so."""
    rows = PLAN_COMMUNITIES
    await tx.execute(
        update(rows)
        .where(rows.c.lease_owner == owner, rows.c.state == "running")
        .values(state="waiting", lease_owner=None, lease_until=None, claims=rows.c.claims - 1)
    )
    await tx.execute(
        update(PLAN_JOBS)
        .where(PLAN_JOBS.c.lease_owner == owner)
        .values(lease_owner=None, lease_until=None, claims=PLAN_JOBS.c.claims - 1)
    )
