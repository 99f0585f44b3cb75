"""Following a job: server-sent events made from its row, whichever process runs it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

from kit.auth import Principal
from kit.bulk.jobs import ENDED, Jobs
from kit.bulk.schemas import show_import
from kit.db import Database
from kit.errors import Language
from kit.web.sse import ServerEvent

_LOOK_S = 0.5
_STILL_HERE_LOOKS = 30
#: A stream ends after ten minutes; the reader comes back with Last-Event-ID and misses nothing.
_LOOKS_MAX = 1200


def last_seen(header: str | None) -> int:
    """Return the version that Last-Event-ID names; 0 when it names none of ours."""
    plain = header is not None and header.isascii() and header.isdigit() and len(header) < 10
    return int(header) if plain and header is not None else 0


async def follow(
    database: Database,
    jobs: Jobs,
    import_id: UUID,
    caller: Principal,
    seen: int,
    language: Language,
) -> AsyncIterator[ServerEvent | None]:
    """Yield `progress` and `state` events newer than version `seen`, until the job has ended.

    A resumed stream gets the newest state, not every step that was missed.
    """
    state = None
    quiet = 0
    for _ in range(_LOOKS_MAX):
        async with database.reading() as tx:
            row = await jobs.get(tx, import_id, caller)
        if row["version"] > seen:
            name = "state" if row["state"] != state else "progress"
            data = show_import(row, language).model_dump(mode="json")
            yield ServerEvent(row["version"], name, data)
            seen, state, quiet = row["version"], row["state"], 0
        elif quiet >= _STILL_HERE_LOOKS:
            yield None
            quiet = 0
        if row["state"] in ENDED:
            return
        quiet += 1
        await asyncio.sleep(_LOOK_S)
