"""The register of grids: reading one, and giving it a name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from kit.conditional import check_if_match
from kit.db import Tx
from kit.outbox import Event, record
from services.grid_partition.domain.problems import GridNotFound
from services.grid_partition.storage import grids
from services.grid_partition.storage.tables import OUTBOX


async def get(
    tx: Tx, code: str, areas: Sequence[str], as_of: datetime | None = None
) -> Mapping[Any, Any]:
    """Return the version of a grid that holds at a time (None: now); raises GridNotFound."""
    row = await grids.find(tx, code, areas, as_of)
    if row is None:
        raise GridNotFound
    return row


async def rename(
    tx: Tx, code: str, *, name: str, if_match: str | None, areas: Sequence[str], now: datetime
) -> Mapping[Any, Any]:
    """Give the grid in force another name."""
    row = await grids.find(tx, code, areas, lock=True)
    if row is None:
        raise GridNotFound
    check_if_match(if_match, row["version"])
    version = row["version"] + 1
    await grids.rename(tx, row["id"], name=name, version=version, now=now)
    await grids.raise_epoch(tx)
    event = Event("partition.grid.renamed", code, code, {"version": version})
    await record(tx, OUTBOX, event, now=now)
    return {**row, "name": name, "version": version, "updated_at": now}
