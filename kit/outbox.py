"""The outbox: an event is recorded in the transaction of the change that it tells of.

Events are CloudEvents 1.0 (thin: ids and codes, never a person's data).  What carries them on
reads `seq`, which orders them; the inbox lets a consumer drop repeats by event id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Identity, Index, MetaData, Table, Text, select
from sqlalchemy.dialects.postgresql import JSONB, UUID, insert

from kit.db import Tx, UtcDateTime
from kit.ids import new_id


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened: `type` such as `toy.boat.created`, `subject` its id.

    `area` is the code that the subject belongs to: who may hear of it.
    """

    type: str
    subject: str
    area: str
    data: Mapping[str, Any]


def outbox_table(metadata: MetaData) -> Table:
    """Add the outbox to a service's metadata."""
    table = Table(
        "outbox",
        metadata,
        Column("seq", BigInteger, Identity(always=True), primary_key=True),
        Column("id", UUID(as_uuid=True), nullable=False, unique=True),
        Column("type", Text, nullable=False),
        Column("subject", Text, nullable=False),
        Column("area", Text, nullable=False),
        Column("at", UtcDateTime, nullable=False),
        Column("data", JSONB, nullable=False),
        Column("delivered_at", UtcDateTime, nullable=True),
    )
    Index("ix_outbox_undelivered", table.c.seq, postgresql_where=table.c.delivered_at.is_(None))
    return table


def inbox_table(metadata: MetaData) -> Table:
    """Add the inbox (ids of events already handled) to a service's metadata."""
    return Table(
        "inbox",
        metadata,
        Column("event_id", UUID(as_uuid=True), primary_key=True),
        Column("received_at", UtcDateTime, nullable=False),
    )


async def record(tx: Tx, table: Table, *events: Event, now: datetime) -> None:
    """Record events, to be committed with the change they tell of."""
    if not events:
        return
    rows = [
        {
            "id": new_id(),
            "type": event.type,
            "subject": event.subject,
            "area": event.area,
            "at": now,
            "data": dict(event.data),
        }
        for event in events
    ]
    await tx.execute(insert(table), rows)


async def first_receipt(tx: Tx, table: Table, event_id: object, *, now: datetime) -> bool:
    """Note an event as handled; False when it was handled before."""
    done = await tx.execute(
        insert(table).values(event_id=event_id, received_at=now).on_conflict_do_nothing()
    )
    return bool(done.rowcount)


async def after(tx: Tx, table: Table, seq: int, limit: int = 100) -> list[Mapping[str, Any]]:
    """Return the events behind a sequence number, oldest first."""
    statement = select(table).where(table.c.seq > seq).order_by(table.c.seq).limit(limit)
    return [dict(row) for row in (await tx.execute(statement)).mappings()]
