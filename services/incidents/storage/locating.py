"""The locator's queue: incidents whose place is still to be found, leased a batch at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from kit.db import Tx
from services.incidents.domain.places import Placement
from services.incidents.storage.tables import INCIDENTS

_I = INCIDENTS.c
_WAITING = _I.placement == Placement.LOCATING.value


async def lease(
    tx: Tx, *, now: datetime, until: datetime, limit: int
) -> Sequence[Mapping[str, Any]]:
    """Take up to `limit` incidents that wait to be located, oldest first, until a time.

    Rows that another process is taking are skipped; a lease that ran out (its holder died) is
    free again.  Each row has `id`, `lon`, `lat`, `named_grid_code`.
    """
    free = (
        select(_I.id)
        .where(_WAITING, _I.locate_after <= now)
        .order_by(_I.locate_after, _I.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("free")
    )
    taken = (
        update(INCIDENTS)
        .where(_I.id.in_(select(free.c.id)))
        .values(locate_after=until)
        .returning(_I.id, _I.lon, _I.lat, _I.named_grid_code)
    )
    return [dict(row) for row in (await tx.execute(taken)).mappings()]


async def release(tx: Tx, ids: Sequence[UUID], *, at: datetime) -> None:
    """Give leased rows back; they may be taken again from `at` on."""
    await tx.execute(update(INCIDENTS).where(_I.id.in_(ids), _WAITING).values(locate_after=at))


async def backlog(tx: Tx) -> int:
    """Return how many incidents wait to be located."""
    return int(await tx.scalar(select(func.count()).select_from(INCIDENTS).where(_WAITING)) or 0)
