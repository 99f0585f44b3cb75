"""Following a plan: its recorded events, whichever process made them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from kit.db import Database
from kit.web.sse import ServerEvent
from services.grid_partition.storage import plans

_LOOK_S = 0.5
_STILL_HERE_LOOKS = 30
#: A stream ends after ten minutes; the reader comes back with Last-Event-ID and misses nothing.
_LOOKS_MAX = 1200


def last_seen(header: str | None) -> int:
    """Return the event number that Last-Event-ID names; 0 when it names none of ours."""
    if header is None or not header.isascii() or not header.isdigit() or len(header) > 9:
        return 0
    return int(header)


async def has_more(database: Database, plan: Mapping[Any, Any], seen: int) -> bool:
    """Tell whether there is, or may soon be, an event behind the number."""
    async with database.reading() as tx:
        return plan["state"] == "computing" or bool(
            await plans.events_after(tx, plan["id"], seen, limit=1)
        )


async def follow(
    database: Database, plan_id: UUID, areas: Sequence[str], seen: int
) -> AsyncIterator[ServerEvent | None]:
    """Yield every `progress` and `state` event behind `seen`, until the plan computes no more.

    None stands for "still here".
    """
    quiet = 0
    for _ in range(_LOOKS_MAX):
        async with database.reading() as tx:
            # The state first: an event behind the last state is then surely seen.
            plan = await plans.find(tx, plan_id, areas)
            events = await plans.events_after(tx, plan_id, seen)
        for event in events:
            yield ServerEvent(event["seq"], event["name"], event["data"])
            seen, quiet = event["seq"], 0
        if plan is None or (plan["state"] != "computing" and not events):
            return
        if not events:
            quiet += 1
            if quiet >= _STILL_HERE_LOOKS:
                yield None
                quiet = 0
            await asyncio.sleep(_LOOK_S)
