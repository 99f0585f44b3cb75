"""Coalescing: the points that arrive while one request is out ride together in the next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from kit.errors import Problem
from services.incidents.clients.grid_partition import (
    POINTS_MAX,
    GridPartitionClient,
    PointsRefused,
)
from services.incidents.domain.places import Point, Spot

Ask = Callable[[Sequence[Point]], Coroutine[Any, Any, list[Spot]]]


class LocateBatch:
    """Locates single points by few, large requests: one is out at a time.

    A lone point goes out at once; under load the batch grows by itself, as in a group commit.
    """

    def __init__(self, ask: Ask, *, patience_s: float) -> None:
        self._ask = ask
        self._patience_s = patience_s
        self._waiting: list[tuple[Point, asyncio.Future[Spot]]] = []
        self._sender: asyncio.Task[None] | None = None

    async def locate(self, point: Point) -> Spot:
        """Return where the point lies.

        Raises what the request raised (PeerUnavailable, PointsRefused), or TimeoutError when no
        answer came within the patience, waiting for the batch before included.
        """
        found: asyncio.Future[Spot] = asyncio.get_running_loop().create_future()
        self._waiting.append((point, found))
        if self._sender is None or self._sender.done():
            self._sender = asyncio.create_task(self._send())
        async with asyncio.timeout(self._patience_s):
            return await found

    async def close(self) -> None:
        """Stop sending; who still waits gets a TimeoutError."""
        if self._sender is not None:
            self._sender.cancel()
            await asyncio.gather(self._sender, return_exceptions=True)
        _settle_all(self._waiting, TimeoutError())

    async def _send(self) -> None:
        while self._waiting:
            batch = [(p, f) for p, f in self._waiting[:POINTS_MAX] if not f.done()]
            del self._waiting[:POINTS_MAX]
            if not batch:
                continue
            try:
                spots = await self._ask([point for point, _ in batch])
            except (Problem, PointsRefused) as error:
                _settle_all(batch, error)
            except BaseException:
                # Stopped, or a defect: nobody may go on waiting.
                _settle_all(batch, TimeoutError())
                raise
            else:
                for (_, found), spot in zip(batch, spots, strict=True):
                    if not found.done():
                        found.set_result(spot)


def _settle_all(batch: Sequence[tuple[Point, asyncio.Future[Spot]]], error: Exception) -> None:
    for _, found in batch:
        if not found.done():
            found.set_exception(error)


class GridFinder:
    """Finds places for the intake: points coalesced, everything within one patience."""

    def __init__(self, client: GridPartitionClient, *, patience_s: float) -> None:
        self._client = client
        self._patience_s = patience_s
        self._batch = LocateBatch(client.locate, patience_s=patience_s)

    async def locate(self, point: Point) -> Spot:
        """Return where a point lies; raises as `LocateBatch.locate`."""
        return await self._batch.locate(point)

    async def is_in_force(self, grid_code: str) -> bool:
        """Tell whether a grid is in force; raises PeerUnavailable or TimeoutError."""
        async with asyncio.timeout(self._patience_s):
            return await self._client.is_in_force(grid_code)

    async def close(self) -> None:
        """Stop sending."""
        await self._batch.close()
