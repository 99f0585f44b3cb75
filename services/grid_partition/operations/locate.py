"""Which grid holds a point: the map in memory, kept as new as the register."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog

from kit.areas import EVERYWHERE, covers
from kit.db import Database, as_problem
from services.grid_partition.domain.locating import GridIndex, Located, MappedGrid
from services.grid_partition.storage import grids

log = structlog.get_logger()

#: A larger batch is answered in a thread, so that others are not kept waiting (GEOS lets them run).
_INLINE_MAX = 500


class GridMap:
    """The grids in force, in memory, for one process.

    Compared with the register's epoch at most every `fresh_s` seconds; a publication by any
    process is therefore seen within that time, and by this one at once (`expire`).  While the
    database is away the map in memory goes on answering: nothing can be published then.
    """

    def __init__(self, database: Database, *, fresh_s: float) -> None:
        self._database = database
        self._fresh_s = fresh_s
        self._epoch = -1
        self._checked_at = float("-inf")
        self._index: GridIndex | None = None
        self._lock = asyncio.Lock()

    def expire(self) -> None:
        """Look at the register before the next answer."""
        self._checked_at = float("-inf")

    async def now(self) -> GridIndex:
        """Return the index of the grids in force."""
        if self._index is not None and time.monotonic() - self._checked_at < self._fresh_s:
            return self._index
        async with self._lock:
            if self._index is None or time.monotonic() - self._checked_at >= self._fresh_s:
                await self._refresh()
            assert self._index is not None  # noqa: S101 - _refresh sets it or raises
            return self._index

    async def _refresh(self) -> None:
        try:
            async with self._database.reading() as tx:
                # The epoch first: rows newer than it are only read once more.
                epoch = await grids.epoch(tx)
                rows = None if epoch == self._epoch else await grids.map_now(tx)
        except Exception as error:
            if self._index is None or as_problem(error) is None:
                raise
            log.warning("grid_map_stale", error=type(error).__name__)
            self._checked_at = time.monotonic()
            return
        if rows is not None:
            self._index = await asyncio.to_thread(_index, rows)
            self._epoch = epoch
        self._checked_at = time.monotonic()

    async def at(self, as_of: datetime, areas: Sequence[str]) -> GridIndex:
        """Return the index of the grids within the areas that held at a time; read anew."""
        async with self._database.reading() as tx:
            rows = await grids.map_at(tx, as_of, areas)
        return await asyncio.to_thread(_index, rows)


def _index(rows: Sequence[Mapping[Any, Any]]) -> GridIndex:
    return GridIndex([MappedGrid(**row) for row in rows])


def _within(index: GridIndex, areas: Sequence[str]) -> GridIndex:
    if EVERYWHERE in areas:
        return index
    key = tuple(sorted(set(areas)))
    return index.view(key, lambda code: covers(key, code))


async def locate(
    grid_map: GridMap,
    lon: Sequence[float],
    lat: Sequence[float],
    *,
    areas: Sequence[str],
    as_of: datetime | None,
) -> list[Located]:
    """Answer points in degrees of CGCS2000, with the grids of the caller's areas only."""
    index = await (grid_map.now() if as_of is None else grid_map.at(as_of, areas))
    view = _within(index, areas)
    if len(lon) <= _INLINE_MAX:
        return view.locate(lon, lat)
    return await asyncio.to_thread(view.locate, lon, lat)
