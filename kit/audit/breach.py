"""Who was seen: the persons whose data a client has read in clear between two times.

A law on personal data may ask for this within days of a leak (PIPL article 57); the trail knows.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Table, Text, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from kit.db import Database

_BATCH = 1000


async def seen_in_clear(
    database: Database, table: Table, client_id: str, begin: datetime, end: datetime
) -> AsyncIterator[Mapping[str, Any]]:
    """Yield each person once: noun, id, first and last time, how often, why, which fields."""
    t = table.c
    subject = func.unnest(t.subjects).column_valued("subject")
    names = func.array_to_string(t.fields, ",", type_=Text)
    statement = (
        select(
            t.noun,
            subject.label("subject"),
            func.min(t.at).label("first_at"),
            func.max(t.at).label("last_at"),
            func.count().label("times"),
            func.array_agg(aggregate_order_by(t.purpose.distinct(), t.purpose)).label("purposes"),
            func.array_agg(aggregate_order_by(names.distinct(), names)).label("fields"),
        )
        .where(
            t.client_id == client_id,
            t.at >= begin,
            t.at < end,
            t.outcome == "done",
            t.details.contains({"clear": True}),
        )
        .group_by(t.noun, subject)
        .order_by(t.noun, subject)
    )
    async with database.reading() as tx, tx.stream(statement) as result:
        async for rows in result.mappings().partitions(_BATCH):
            for row in rows:
                yield _shown(row)


def _shown(row: Mapping[Any, Any]) -> Mapping[str, Any]:
    fields = sorted({name for text in row["fields"] for name in text.split(",") if name})
    purposes = [code for code in row["purposes"] if code is not None]
    return {
        "noun": row["noun"],
        "subject": row["subject"],
        "first_at": row["first_at"].isoformat(),
        "last_at": row["last_at"].isoformat(),
        "times": row["times"],
        "purposes": purposes,
        "fields": fields,
    }
