"""The job rows: made, taken under a lease, kept alive, ended; leases use the database's clock."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    func,
    insert,
    or_,
    select,
    text,
    true,
    update,
)
from sqlalchemy.engine import RowMapping

from kit.areas import EVERYWHERE
from kit.auth import Principal
from kit.bulk.issues import KeptFlaw, RowIssue
from kit.bulk.noun import Counts
from kit.bulk.tables import ImportTables
from kit.db import Tx, driver_connection
from kit.errors import NotFound

ENDED = ("succeeded", "failed", "cancelled")
_TAKE_TURNS = text("SELECT pg_advisory_xact_lock(704216)")


class LeaseLost(Exception):
    """Another process has taken the job, or it was cancelled: what was done must not be kept."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended: counts, the flaws to keep, and why it failed, if it did."""

    read: int = 0
    refused: int = 0
    counts: Counts = field(default_factory=Counts)
    flaws: Sequence[KeptFlaw] = ()
    #: How many flaws there are, listed or not.
    found: int = 0
    #: Until when the upload stays, for a copy with its flaws marked.
    kept_until: datetime | None = None
    failure: RowIssue | None = None
    params: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Progress:
    """Bytes of the upload that have been read, rows found in them, seconds that may remain."""

    done: int = 0
    read: int = 0
    eta_s: int | None = None


class Jobs:
    """Statements over the job tables of one service."""

    def __init__(self, tables: ImportTables) -> None:
        self.tables = tables
        self._t = tables.imports

    def visible(self, caller: Principal) -> ColumnElement[bool]:
        """A job is seen by the client that made it, and by callers for everywhere."""
        if EVERYWHERE in caller.areas:
            return true()
        return self._t.c.client_id == caller.client_id

    def seen_by(self, caller: Principal) -> Select[Any]:
        """Return the statement of every job that a caller may see."""
        return select(self._t).where(self.visible(caller))

    async def get(self, tx: Tx, import_id: UUID, caller: Principal) -> RowMapping:
        """Return a job that the caller may see; raises NotFound."""
        statement = self.seen_by(caller).where(self._t.c.id == import_id)
        row: RowMapping | None = (await tx.execute(statement)).mappings().one_or_none()
        if row is None:
            raise NotFound
        return row

    async def add(self, tx: Tx, values: dict[str, Any], *, now: datetime) -> RowMapping:
        """Make a queued job; returns its row."""
        counts = dict.fromkeys(
            ("read", "created", "updated", "unchanged", "refused", "done", "flaws"), 0
        )
        row = counts | {
            "state": "queued",
            "cancel_requested": False,
            "attempts": 0,
            "version": 1,
            "created_at": now,
            "updated_at": now,
        }
        made = await tx.execute(insert(self._t).values(row | values).returning(self._t))
        job: RowMapping = made.mappings().one()
        return job

    async def request_cancel(self, tx: Tx, row: RowMapping, *, now: datetime) -> RowMapping | None:
        """Cancel a queued job, or ask the runner to cancel a running one; None when it ended."""
        t = self._t
        queued = t.c.state == "queued"
        changes = {
            "cancel_requested": True,
            "state": _case(queued, "cancelled", t.c.state),
            "ended_at": _case(queued, now, t.c.ended_at),
            "version": t.c.version + 1,
            "updated_at": now,
        }
        condition = and_(t.c.id == row["id"], t.c.state.in_(("queued", "running")))
        done = await tx.execute(update(t).where(condition).values(changes).returning(t))
        job: RowMapping | None = done.mappings().one_or_none()
        return job

    async def claim(self, tx: Tx, owner: UUID, lease_s: float) -> RowMapping | None:
        """Take the oldest job that waits or whose lease ran out; one runs at a time a service."""
        t = self._t
        await tx.execute(_TAKE_TURNS)
        now = func.clock_timestamp()
        busy = select(t.c.id).where(t.c.state == "running", t.c.lease_until >= now)
        if (await tx.execute(busy.limit(1))).first() is not None:
            return None
        free = or_(t.c.state == "queued", and_(t.c.state == "running", t.c.lease_until < now))
        oldest = (
            select(t.c.id)
            .where(t.c.ended_at.is_(None), free)
            .order_by(t.c.id)
            .limit(1)
            .with_for_update(skip_locked=True)
            .scalar_subquery()
        )
        taken = await tx.execute(
            update(t)
            .where(t.c.id == oldest)
            .values(
                state="running",
                lease_owner=owner,
                lease_until=_in_seconds(lease_s),
                attempts=t.c.attempts + 1,
                version=t.c.version + 1,
            )
            .returning(t)
        )
        job: RowMapping | None = taken.mappings().one_or_none()
        return job

    async def keep_alive(
        self, tx: Tx, import_id: UUID, owner: UUID, lease_s: float, progress: Progress
    ) -> bool:
        """Lengthen the lease and show progress; tells whether to go on.

        False when a cancel was asked for; raises LeaseLost when the job is no longer ours.
        """
        t = self._t
        changed = or_(
            t.c.done != progress.done,
            t.c.read != progress.read,
            t.c.eta_s.is_distinct_from(progress.eta_s),
        )
        done = await tx.execute(
            update(t)
            .where(self._ours(import_id, owner))
            .values(
                lease_until=_in_seconds(lease_s),
                done=progress.done,
                read=progress.read,
                eta_s=progress.eta_s,
                version=t.c.version + _case(changed, 1, 0),
            )
            .returning(t.c.cancel_requested)
        )
        row = done.one_or_none()
        if row is None:
            raise LeaseLost
        return not row.cancel_requested

    async def finish(
        self, tx: Tx, import_id: UUID, owner: UUID, outcome: Outcome, *, now: datetime
    ) -> None:
        """Write how the job ended, in the transaction of its effect; raises LeaseLost."""
        t = self._t
        failure = outcome.failure
        ours = and_(self._ours(import_id, owner), t.c.cancel_requested.is_(False))
        values: dict[str, Any] = {
            "state": "failed" if failure else "succeeded",
            "read": outcome.read,
            "refused": outcome.refused,
            "flaws": outcome.found,
            "kept_until": outcome.kept_until,
            "created": outcome.counts.created,
            "updated": outcome.counts.updated,
            "unchanged": outcome.counts.unchanged,
            "failure_code": failure.code if failure else None,
            "failure_en": failure.text.render("en", outcome.params) if failure else None,
            "failure_zh": failure.text.render("zh-CN", outcome.params) if failure else None,
        }
        if failure is None:
            values["done"] = t.c.bytes
        await self._end(tx, ours, values, now)
        await self._keep_flaws(tx, import_id, outcome.flaws)

    async def cancel(self, tx: Tx, import_id: UUID, owner: UUID, *, now: datetime) -> None:
        """Write that a running job was cancelled; raises LeaseLost."""
        await self._end(tx, self._ours(import_id, owner), {"state": "cancelled"}, now)

    async def release(self, tx: Tx, import_id: UUID, owner: UUID, *, count_try: bool) -> None:
        """Give a job back to the queue; a try that was not its fault is not counted."""
        t = self._t
        attempts = t.c.attempts if count_try else t.c.attempts - 1
        values = {"state": "queued", "lease_owner": None, "lease_until": None}
        await tx.execute(
            update(t)
            .where(self._ours(import_id, owner))
            .values(attempts=attempts, version=t.c.version + 1, **values)
        )

    async def useless(self, tx: Tx, ids: Collection[UUID], *, now: datetime) -> set[UUID]:
        """Return those of the ids whose uploads no job needs: ended and not kept, or unknown."""
        t = self._t
        needed = or_(t.c.ended_at.is_(None), t.c.kept_until > now)
        alive = await tx.scalars(select(t.c.id).where(t.c.id.in_(ids), needed))
        return set(ids) - set(alive)

    async def flaws_of(self, tx: Tx, import_id: UUID) -> Sequence[RowMapping]:
        """Return the kept flaws of a job, as they are listed."""
        e = self.tables.errors
        found = await tx.execute(select(e).where(e.c.import_id == import_id).order_by(e.c.seq))
        return found.mappings().all()

    def _ours(self, import_id: UUID, owner: UUID) -> ColumnElement[bool]:
        t = self._t
        return and_(t.c.id == import_id, t.c.lease_owner == owner, t.c.state == "running")

    async def _end(
        self, tx: Tx, which: ColumnElement[bool], values: dict[str, Any], now: datetime
    ) -> None:
        t = self._t
        shared = {"ended_at": now, "updated_at": now, "lease_owner": None, "lease_until": None}
        done = await tx.execute(
            update(t)
            .where(which)
            .values(values | shared | {"eta_s": None, "version": t.c.version + 1})
        )
        if done.rowcount != 1:
            raise LeaseLost

    async def _keep_flaws(self, tx: Tx, import_id: UUID, flaws: Sequence[KeptFlaw]) -> None:
        if not flaws:
            return
        connection = await driver_connection(tx)
        names = ["import_id", "seq", "row", "column", "code", "detail_en", "detail_zh"]
        names += ["header", "cell", "value"]
        records = [
            (import_id, seq, f.row, f.column, f.code, f.en, f.zh, f.header, f.cell, f.value)
            for seq, f in enumerate(flaws, 1)
        ]
        await connection.copy_records_to_table(
            self.tables.errors.name, records=records, columns=names
        )


def _in_seconds(seconds: float) -> ColumnElement[datetime]:
    return func.clock_timestamp() + func.make_interval(0, 0, 0, 0, 0, 0, seconds)


def _case(condition: ColumnElement[bool], then: Any, otherwise: Any) -> Any:
    return case((condition, then), else_=otherwise)
