"""Coalescing: who waits together rides together, and one failure is everybody's."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from kit.peers import PeerUnavailable
from services.incidents.clients.grid_partition import POINTS_MAX
from services.incidents.clients.locate_batch import LocateBatch
from services.incidents.domain.places import Point, Spot


class Partition:
    """Names the grid of a point after its longitude."""

    def __init__(self, *, delay_s: float = 0.01, fails: bool = False) -> None:
        self.batches: list[int] = []
        self._delay_s = delay_s
        self._fails = fails

    async def ask(self, points: Sequence[Point]) -> list[Spot]:
        self.batches.append(len(points))
        await asyncio.sleep(self._delay_s)
        if self._fails:
            raise PeerUnavailable(peer="test")
        return [Spot(f"{point.lon:.0f}", None) for point in points]


def test_points_that_wait_while_one_request_is_out_ride_in_the_next() -> None:
    partition = Partition()

    async def run() -> list[Spot]:
        batch = LocateBatch(partition.ask, patience_s=2)
        return await asyncio.gather(*(batch.locate(Point(n, 0)) for n in range(50)))

    spots = asyncio.run(run())
    assert [spot.grid_code for spot in spots] == [str(n) for n in range(50)]
    assert partition.batches in ([50], [1, 49])


def test_a_batch_is_no_larger_than_the_peer_takes() -> None:
    partition = Partition()

    async def run() -> None:
        batch = LocateBatch(partition.ask, patience_s=5)
        await asyncio.gather(*(batch.locate(Point(n, 0)) for n in range(POINTS_MAX + 5)))

    asyncio.run(run())
    assert sum(partition.batches) == POINTS_MAX + 5
    assert max(partition.batches) == POINTS_MAX


def test_a_failure_reaches_everybody_and_the_next_point_is_tried_again() -> None:
    partition = Partition(fails=True)

    async def run() -> list[object]:
        batch = LocateBatch(partition.ask, patience_s=2)
        first: list[object] = list(
            await asyncio.gather(
                *(batch.locate(Point(n, 0)) for n in range(3)), return_exceptions=True
            )
        )
        partition._fails = False
        return [*first, await batch.locate(Point(7, 0))]

    *failed, found = asyncio.run(run())
    assert [type(error) for error in failed] == [PeerUnavailable] * 3
    assert found == Spot("7", None)


def test_patience_ends_the_wait_and_not_the_batch() -> None:
    partition = Partition(delay_s=0.3)

    async def run() -> Spot:
        batch = LocateBatch(partition.ask, patience_s=0.05)
        with pytest.raises(TimeoutError):
            await batch.locate(Point(1, 0))
        await asyncio.sleep(0.4)
        patient = LocateBatch(partition.ask, patience_s=2)
        return await patient.locate(Point(2, 0))

    assert asyncio.run(run()) == Spot("2", None)


def test_closing_lets_nobody_wait_for_ever() -> None:
    partition = Partition(delay_s=60)

    async def run() -> list[object]:
        batch = LocateBatch(partition.ask, patience_s=5)
        waiting = [asyncio.create_task(batch.locate(Point(n, 0))) for n in range(2)]
        await asyncio.sleep(0.05)
        waiting.append(asyncio.create_task(batch.locate(Point(9, 0))))
        await asyncio.sleep(0)
        await batch.close()
        return list(await asyncio.gather(*waiting, return_exceptions=True))

    assert all(isinstance(one, TimeoutError) for one in asyncio.run(run()))
