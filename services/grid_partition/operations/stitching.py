"""Making the grids of neighbouring communities fit: of a plan, and of what is in force."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from kit.db import Tx
from services.grid_partition.domain.stitching import stitched
from services.grid_partition.storage import grids, results


async def stitch_plan(tx: Tx, plan: Mapping[Any, Any]) -> None:
    """Let the grids of a plan whose communities are all cut share their corners."""
    rows = await results.outlines(tx, plan["id"])
    codes = [row["code"] for row in rows]
    found = await asyncio.to_thread(
        stitched,
        plan["meridian"],
        [row["community_code"] for row in rows],
        [row["geometry"] for row in rows],
    )
    await results.redraw(tx, plan["id"], {codes[place]: one for place, one in found.items()})


async def stitch_in_force(tx: Tx, plan: Mapping[Any, Any], now: datetime) -> None:
    """Let the grids that a plan put into force share corners with those around them.

    Neighbours drawn by other plans gain corners on their outline, which moves by less than a
    millimetre: they are the same grids and go on in force, with another version number.  Only
    within the district, whose lock the caller holds.
    """
    rows = await grids.around(tx, plan["id"], plan["area"][:6])
    found = await asyncio.to_thread(
        stitched,
        plan["meridian"],
        [row["community_code"] for row in rows],
        [row["geometry"] for row in rows],
    )
    redrawn = {rows[place]["id"]: one for place, one in found.items()}
    await grids.redraw(tx, plan["id"], redrawn, now)
