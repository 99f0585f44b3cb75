"""The locator: what came while the partition was away is located later, and nothing is lost."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from kit.testing.clock import FrozenClock
from tests.incidents.conftest import Caller, Start
from tests.incidents.database import rows
from tests.incidents.partition import FakeGridPartition
from tests.incidents.reports import COMMUNITY, DISTRICT, GRID, HERE, PATH, reported

AWAY = (101.80, 36.62)
OTHER_GRID = "630102003007002"


@pytest.fixture(autouse=True)
def _two_grids(grids: FakeGridPartition) -> None:
    grids.cover(GRID, at=HERE)
    grids.cover(OTHER_GRID, at=AWAY)


def soon(ask: Callable[[], Any], expected: Any) -> None:
    """Wait up to 10 s until the answer is the expected one."""
    end = time.monotonic() + 10
    while (found := ask()) != expected and time.monotonic() < end:
        time.sleep(0.05)
    assert found == expected


def unlocated(client: httpx.Client) -> int:
    count: int = client.get(PATH, params={"placement": "locating", "count": "true"}).json()["count"]
    return count


def gauge(client: httpx.Client) -> float:
    text = client.get("/metrics").text
    line = next(line for line in text.splitlines() if line.startswith("incidents_unlocated "))
    return float(line.split()[1])


def test_reports_are_taken_while_the_partition_is_down_and_located_when_it_is_back(
    client: httpx.Client, grids: FakeGridPartition, url: str
) -> None:
    grids.is_up = False
    made = [reported(client, at=at) for at in (HERE, AWAY, (101.99, 36.62))]
    for incident in made:
        assert (incident["grid_code"], incident["locating"]) == (None, True)
        assert incident["placement"] == "locating"
    assert client.get("/readyz").status_code == 200
    soon(lambda: gauge(client), 3.0)
    grids.is_up = True
    soon(lambda: unlocated(client), 0)
    soon(lambda: gauge(client), 0.0)
    found = client.get(PATH).json()["items"]
    assert [item["grid_code"] for item in found] == [GRID, OTHER_GRID, None]
    assert [item["placement"] for item in found] == ["located", "located", "outside"]
    assert [item["nearest_m"] for item in found] == [None, None, 840.5]
    assert [item["grid_code_at_report"] for item in found] == [GRID, OTHER_GRID, None]
    lines = client.get(f"{PATH}/{made[0]['id']}/history").json()["items"]
    assert [(line["action"], line["actor"]) for line in lines] == [
        ("report", "test-client"),
        ("locate", "incidents-locator"),
    ]
    told = rows(url, "SELECT area, data FROM outbox WHERE type = 'incidents.incident.located'")
    assert {event["area"] for event in told} == {GRID, OTHER_GRID, ""}


def test_a_slow_partition_costs_an_intake_its_patience_and_no_more(
    client: httpx.Client, grids: FakeGridPartition
) -> None:
    grids.delay_s = 2.0
    begun = time.monotonic()
    assert reported(client)["locating"] is True
    assert time.monotonic() - begun < 1.5
    grids.delay_s = 0.0
    soon(lambda: unlocated(client), 0)


def test_after_a_few_failures_intakes_no_longer_wait(
    client: httpx.Client, grids: FakeGridPartition
) -> None:
    grids.delay_s = 5.0
    for _ in range(5):
        reported(client)
    begun = time.monotonic()
    for _ in range(5):
        assert reported(client)["locating"] is True
    assert time.monotonic() - begun < 1.0


@pytest.mark.parametrize("garbage", [b"", b"{}", b'{"items": []}', b'{"items": [7]}', b"\xff"])
def test_an_answer_that_is_none_counts_as_no_answer(
    client: httpx.Client, grids: FakeGridPartition, garbage: bytes
) -> None:
    grids.garbage = garbage
    assert reported(client)["locating"] is True
    grids.garbage = None
    soon(lambda: unlocated(client), 0)


def test_one_point_that_the_partition_refuses_does_not_hold_up_its_neighbours(
    client: httpx.Client, grids: FakeGridPartition
) -> None:
    grids.is_up = False
    grids.refuses = {(101.5, 36.5)}
    for at in (HERE, (101.5, 36.5), AWAY):
        reported(client, at=at)
    grids.is_up = True
    soon(lambda: unlocated(client), 0)
    found = client.get(PATH).json()["items"]
    assert [item["placement"] for item in found] == ["located", "outside", "located"]


def test_what_waits_is_located_by_the_next_process(start: Start, grids: FakeGridPartition) -> None:
    grids.is_up = False
    with start() as client:
        reported(client)
    grids.is_up = True
    with start() as client:
        soon(lambda: unlocated(client), 0)
        assert client.get(PATH).json()["items"][0]["grid_code"] == GRID


def test_the_lease_of_a_dead_locator_runs_out(
    start: Start, grids: FakeGridPartition, clock: FrozenClock, url: str
) -> None:
    grids.is_up = False
    with start() as client:
        reported(client)
    leased = clock.now().replace(minute=30)
    rows(url, "UPDATE incidents SET locate_after = $1", leased)
    grids.is_up = True
    with start() as client:
        time.sleep(0.3)
        assert unlocated(client) == 1
        clock.move(minutes=30)
        soon(lambda: unlocated(client), 0)


def test_a_named_grid_is_confirmed_later(client: httpx.Client, grids: FakeGridPartition) -> None:
    grids.is_up = False
    made = reported(client, point=None, grid_code=GRID)
    wrong = reported(client, point=None, grid_code="630102002008777")
    assert (made["grid_code"], made["locating"], wrong["locating"]) == (None, True, True)
    grids.is_up = True
    soon(lambda: unlocated(client), 0)
    assert client.get(f"{PATH}/{made['id']}").json()["grid_code"] == GRID
    unknown = client.get(f"{PATH}/{wrong['id']}").json()
    assert (unknown["grid_code"], unknown["placement"]) == (None, "unknown_grid")


def test_an_incident_that_waits_for_its_place_can_be_worked_on(
    client: httpx.Client, grids: FakeGridPartition
) -> None:
    grids.is_up = False
    made = reported(client)
    done = client.post(f"{PATH}/{made['id']}/transitions", json={"action": "accept"})
    assert (done.status_code, done.json()["state"]) == (200, "accepted")
    grids.is_up = True
    soon(lambda: unlocated(client), 0)
    found = client.get(f"{PATH}/{made['id']}").json()
    assert (found["state"], found["grid_code"], found["version"]) == ("accepted", GRID, 3)


def test_until_it_is_located_its_reporter_and_who_covers_the_reporters_areas_see_it(
    client: httpx.Client, grids: FakeGridPartition, caller: Caller
) -> None:
    grids.is_up = False
    rider = caller("rider", areas=["630102002", "630102003"])
    place = f"{PATH}/{reported(client, headers=rider, at=AWAY)['id']}"
    seen = {
        "rider": rider,
        "district": caller("district", areas=[DISTRICT]),
        "street": caller("street", areas=["630102003"]),
        "community": caller("community", areas=[COMMUNITY]),
    }

    def status() -> dict[str, int]:
        return {name: client.get(place, headers=h).status_code for name, h in seen.items()}

    assert status() == {"rider": 200, "district": 200, "street": 404, "community": 404}
    grids.is_up = True
    soon(lambda: unlocated(client), 0)
    assert status() == {"rider": 200, "district": 200, "street": 200, "community": 404}


def test_a_report_that_turns_out_to_lie_elsewhere_moves_to_where_it_lies(
    client: httpx.Client, grids: FakeGridPartition, caller: Caller
) -> None:
    grids.is_up = False
    street = caller("street-2", areas=["630102002"])
    made = reported(client, headers=street, at=AWAY, dedup_key="moved")
    grids.is_up = True
    soon(lambda: unlocated(client), 0)
    place = f"{PATH}/{made['id']}"
    assert client.get(place, headers=street).status_code == 404
    there = caller("street-3", areas=["630102003"])
    assert client.get(place, headers=there).json()["grid_code"] == OTHER_GRID
    again = client.post(
        PATH,
        json={"category_code": "0102", "address": "x", "dedup_key": "moved"},
        headers=street,
    )
    assert (again.status_code, again.json()["code"]) == (422, "incident.outside_area")
