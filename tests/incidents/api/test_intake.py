"""The intake's look ahead: keys, refusals and slow partitions."""

from __future__ import annotations

import threading
import time

import httpx
import pytest

from tests.incidents.conftest import Caller, Start
from tests.incidents.partition import FakeGridPartition
from tests.incidents.reports import GRID, HERE, PATH, a_report


@pytest.fixture(autouse=True)
def _one_grid(grids: FakeGridPartition) -> None:
    grids.cover(GRID, at=HERE)


def test_a_repeated_key_gets_its_first_answer_also_when_the_place_is_refused_by_now(
    client: httpx.Client, grids: FakeGridPartition, caller: Caller
) -> None:
    elsewhere = caller("street-3", areas=["630102003"]) | {"Idempotency-Key": "moved-0001"}
    grids.is_up = False
    first = client.post(PATH, json=a_report(), headers=elsewhere)
    assert (first.status_code, first.json()["locating"]) == (201, True)
    grids.is_up = True
    again = client.post(PATH, json=a_report(), headers=elsewhere)
    assert (again.status_code, again.json()) == (201, first.json())
    fresh = elsewhere | {"Idempotency-Key": "moved-0002"}
    assert client.post(PATH, json=a_report(), headers=fresh).status_code == 422


def test_a_refused_report_leaves_its_key_free(client: httpx.Client, caller: Caller) -> None:
    key = {"Idempotency-Key": "free-0001"}
    street = caller("street-3", areas=["630102003"])
    assert client.post(PATH, json=a_report(), headers=street | key).status_code == 422
    wide = caller("street-3", areas=["630102"])
    assert client.post(PATH, json=a_report(), headers=wide | key).status_code == 201


def test_a_slow_partition_holds_no_connection_so_more_reports_than_connections_wait_together(
    start: Start, grids: FakeGridPartition
) -> None:
    grids.delay_s = 0.5
    statuses: list[int] = []
    with start(database_pool_size=2, locate_patience_s=3.0) as client:

        def send(number: int) -> None:
            key = {"Idempotency-Key": f"together-{number:04d}"}
            statuses.append(client.post(PATH, json=a_report(), headers=key).status_code)

        threads = [threading.Thread(target=send, args=(number,)) for number in range(16)]
        begun = time.monotonic()
        for thread in threads:
            thread.start()
        time.sleep(0.2)
        assert client.get(PATH).status_code == 200
        for thread in threads:
            thread.join()
        assert time.monotonic() - begun < 4
        found = client.get(PATH, params={"grid_code": GRID, "count": "true"})
    assert statuses == [201] * 16
    assert found.json()["count"] == 16


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b'{"point": NaN}'])
def test_bodies_that_are_no_report_are_refused_before_anybody_is_asked(
    client: httpx.Client, grids: FakeGridPartition, body: bytes
) -> None:
    answer = client.post(PATH, content=body, headers={"content-type": "application/json"})
    assert answer.status_code in {400, 422}
    assert grids.batches == []


def test_the_partition_is_asked_for_nobody_who_may_not_report(
    client: httpx.Client, grids: FakeGridPartition, caller: Caller
) -> None:
    reader = caller("reader", scopes=["incidents:read"])
    assert client.post(PATH, json=a_report(), headers=reader).status_code == 403
    forged = {"Authorization": "Bearer a.b.c"}
    assert client.post(PATH, json=a_report(), headers=forged).status_code == 401
    assert grids.batches == []
