"""Telling the registry which grid holds which building, so that it can count by grid."""

from __future__ import annotations

from datetime import timedelta

import structlog

from kit.peers import PeerUnavailable
from services.grid_partition.operations.workshop import Workshop
from services.grid_partition.storage import telling

log = structlog.get_logger()


async def tell_one(shop: Workshop) -> bool:
    """Tell the registry of one community that it does not know right; False when there is none.

    Telling twice does no harm, so several workers may.  What the registry does not take is tried
    again after `telling_rest_s`, other communities first.
    """
    now = shop.clock.now()
    rested = now - timedelta(seconds=shop.settings.telling_rest_s)
    async with shop.database.unit_of_work() as tx:
        found = await telling.untold(tx, rested)
        if found is None:
            return False
        code, plan_id = found
        shares = [] if plan_id is None else await telling.shares(tx, plan_id, code)
    try:
        status = await shop.registry.put_grids(code, plan_id, shares)
    except PeerUnavailable:
        status = 503
    # A community that the registry knows no more (404) has nothing to be counted.
    is_told = status in {200, 201, 404}
    if not is_told:
        log.warning("grids_not_told", community=code, status=status)
    async with shop.database.unit_of_work() as tx:
        await telling.note(tx, code, plan_id, now=now, told=is_told)
    return is_told
