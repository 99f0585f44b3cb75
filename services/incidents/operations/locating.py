"""The locator: finds, later, the place of reports that came while nobody could say it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

from kit.clock import Clock
from kit.db import Database, Tx, as_problem
from kit.peers import PeerUnavailable
from services.incidents.clients.grid_partition import GridPartitionClient, PointsRefused
from services.incidents.domain.places import (
    Placement,
    Point,
    Spot,
    Whereabouts,
    at_spot,
    in_grid,
    unplaced,
)
from services.incidents.operations.reports import event_of, place_columns
from services.incidents.storage import incidents as storage
from services.incidents.storage import locating as queue
from services.incidents.storage import recording
from services.incidents.storage.recording import Entry

log = structlog.get_logger()

Row = Mapping[str, Any]
LOCATOR = "incidents-locator"


@dataclass(frozen=True, slots=True)
class Pace:
    """How the locator works: rows a batch, seconds between rounds, seconds a lease holds."""

    batch: int
    interval_s: float
    lease_s: float


class Locator:
    """Works through the backlog, a leased batch at a time; several processes may do so at once.

    What it has leased when its process dies is free again after `pace.lease_s`.
    """

    def __init__(
        self, database: Database, client: GridPartitionClient, *, clock: Clock, pace: Pace
    ) -> None:
        self._database = database
        self._client = client
        self._clock = clock
        self._pace = pace

    async def run(self, watch: Callable[[int], object]) -> None:
        """Work until cancelled; tells `watch` the size of the backlog after each round."""
        while True:
            done = 0
            try:
                try:
                    done = await self.locate_batch()
                finally:
                    watch(await self.backlog())
            except PeerUnavailable:
                log.info("locator_waits", error="peer.unavailable")
            except Exception as error:  # noqa: BLE001 - nothing may end the locator but its app
                known = as_problem(error) is not None
                report = log.warning if known else log.error
                report("locator_failed", error=type(error).__name__, exc_info=not known)
            if done < self._pace.batch:
                await asyncio.sleep(self._pace.interval_s)

    async def backlog(self) -> int:
        """Return how many incidents wait to be located."""
        async with self._database.reading() as tx:
            return await queue.backlog(tx)

    async def locate_batch(self) -> int:
        """Locate one batch; returns how many incidents have their place now.

        Raises PeerUnavailable (the rows are free again at once).
        """
        now = self._clock.now()
        until = now + timedelta(seconds=self._pace.lease_s)
        async with self._database.unit_of_work() as tx:
            rows = await queue.lease(tx, now=now, until=until, limit=self._pace.batch)
        if not rows:
            return 0
        try:
            places = await self._ask(rows)
        except PeerUnavailable:
            async with self._database.unit_of_work() as tx:
                await queue.release(tx, [row["id"] for row in rows], at=now)
            raise
        async with self._database.unit_of_work() as tx:
            locked = await storage.lock_incidents(tx, [row["id"] for row in rows], None)
            for row, place in zip(rows, places, strict=True):
                await self._settle(tx, locked[row["id"]], place)
        log.info("incidents_located", count=len(rows))
        return len(rows)

    async def _ask(self, rows: Sequence[Row]) -> list[Spot | bool | None]:
        """Return what is known of each row: a spot, whether its grid is in force, or nothing."""
        pointed = [row for row in rows if row["lon"] is not None]
        spots = iter(await self._spots([Point(row["lon"], row["lat"]) for row in pointed]))
        named = {row["named_grid_code"] for row in rows if row["lon"] is None}
        in_force = {code: await self._client.is_in_force(code) for code in sorted(named)}
        return [
            in_force[row["named_grid_code"]] if row["lon"] is None else next(spots) for row in rows
        ]

    async def _spots(self, points: Sequence[Point]) -> list[Spot | None]:
        if not points:
            return []
        try:
            return list(await self._client.locate(points))
        except PointsRefused:
            if len(points) == 1:
                return [None]
        # One bad point must not hold up its neighbours.
        middle = len(points) // 2
        return [*await self._spots(points[:middle]), *await self._spots(points[middle:])]

    async def _settle(self, tx: Tx, row: Row, known: Spot | bool | None) -> None:
        if row["placement"] != Placement.LOCATING.value:
            return
        place = _place(row, known)
        changes = place_columns(place) | {
            "locate_after": None,
            "grid_code_at_report": place.grid_code,
        }
        entry = Entry(
            at=self._clock.now(),
            actor=LOCATOR,
            action="locate",
            from_state=row["state"],
            to_state=row["state"],
            details={"placement": place.placement.value, "grid_code": place.grid_code},
        )
        told = event_of("located", dict(row) | changes)
        await recording.change_incident(tx, row, changes, entry, told)


def _place(row: Row, known: Spot | bool | None) -> Whereabouts:
    if isinstance(known, Spot):
        return at_spot(known, row["area"])
    if known is True:
        return in_grid(row["named_grid_code"])
    if known is None:
        return unplaced(Placement.OUTSIDE, row["area"])
    return Whereabouts(Placement.UNKNOWN_GRID, row["area"], is_placed=row["is_placed"])
