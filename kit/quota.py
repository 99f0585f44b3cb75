"""Quotas: how much a client may do of one thing in a window of time, counted in the database.

Counting is one statement on one row a client and thing, so that two processes cannot both spend
the last of it, and clients do not wait for each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, Column, MetaData, Table, Text, delete
from sqlalchemy.dialects.postgresql import insert

from kit.db import Tx, UtcDateTime
from kit.errors import Text as Message
from kit.errors import TooManyRequests


class QuotaUsed(TooManyRequests):
    """The client has used up what it may do of this in the running window."""

    code = "quota.used"
    title = Message("Quota used up", "额度已用完")
    detail = Message(
        "Of {kind}, this client may have {limit} in {window_s} s; {wanted} more are too many.",
        "{kind} 在 {window_s} 秒内的额度为 {limit}，本次所需 {wanted} 超出余量。",
    )
    cure = Message(
        "Wait for the seconds in Retry-After, ask for less, or have the operator raise it.",
        "请按 Retry-After 等待、减少数量，或联系运维方提高额度。",
    )


@dataclass(frozen=True, slots=True)
class Quota:
    """A limit: at most `limit` of `kind` in every window; windows begin at `offset` past UTC's."""

    kind: str
    limit: int
    window: timedelta
    offset: timedelta = timedelta(0)

    def begin(self, at: datetime) -> datetime:
        """Return when the window that holds a time began."""
        epoch = datetime.fromtimestamp(0, at.tzinfo) - self.offset
        return epoch + (at - epoch) // self.window * self.window


def quota_table(metadata: MetaData) -> Table:
    """Add the table of what was used to a service's metadata."""
    return Table(
        "quotas",
        metadata,
        Column("client_id", Text, primary_key=True),
        Column("kind", Text, primary_key=True),
        Column("begins_at", UtcDateTime, primary_key=True),
        Column("used", BigInteger, nullable=False),
    )


async def spend(
    tx: Tx, table: Table, quota: Quota, client_id: str, amount: int, *, at: datetime
) -> int:
    """Count an amount against a client's quota; returns what is left.  Raises QuotaUsed."""
    begins_at = quota.begin(at)
    refusal = QuotaUsed(
        kind=quota.kind,
        limit=quota.limit,
        window_s=int(quota.window.total_seconds()),
        wanted=amount,
        retry_after_s=max(1, int((begins_at + quota.window - at).total_seconds())),
    )
    if amount > quota.limit:
        raise refusal
    new = insert(table).values(
        client_id=client_id, kind=quota.kind, begins_at=begins_at, used=amount
    )
    counted = new.on_conflict_do_update(
        index_elements=["client_id", "kind", "begins_at"],
        set_={"used": table.c.used + amount},
        where=table.c.used + amount <= quota.limit,
    ).returning(table.c.used)
    used = await tx.scalar(counted)
    if used is None:
        raise refusal
    return quota.limit - int(used)


async def forget_old(tx: Tx, table: Table, *, before: datetime) -> int:
    """Delete what was counted in windows that began before a time; returns how many rows."""
    return int((await tx.execute(delete(table).where(table.c.begins_at < before))).rowcount)
