"""The fake grid partition and the real one answer the same questions alike."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from kit.testing.clock import FrozenClock
from kit.testing.databases import TestDatabases
from kit.testing.tokens import TestTokens
from services.grid_partition.app import PACKAGE_DIR
from tests.fakes.grid_partition import FakeGridPartition, Rectangle
from tests.fakes.registry import FakeRegistry
from tests.grid_partition.maps import FIRST, SECOND, a_place, fill, spot
from tests.grid_partition.service import running, settings_for

Ask = Callable[..., httpx.Response]
V1 = "/partition/v1"
ONE, TWO = f"{FIRST}001", f"{SECOND}001"


@pytest.fixture(scope="module")
def real(
    databases: TestDatabases, tokens: TestTokens, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ask]:
    """Two communities of one grid each: rectangles of 480 by 120 metres, side by side."""
    registry = FakeRegistry()
    fill(registry, [a_place(FIRST, rows=2), a_place(SECOND, at=1, rows=2)])
    folder: Path = tmp_path_factory.mktemp("partition")
    with (
        databases.fresh(PACKAGE_DIR) as url,
        running(settings_for(url, folder), registry, tokens, FrozenClock()) as service,
    ):
        service.in_force()
        yield service.client.request


@pytest.fixture(scope="module")
def fake() -> Ask:
    corners = [(spot(west, 0), spot(west + 480, 120)) for west in (0, 480)]
    partition = FakeGridPartition(
        [
            Rectangle(code, *low, *high)
            for code, (low, high) in zip((ONE, TWO), corners, strict=True)
        ]
    )

    def ask(method: str, path: str, **options: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = partition.transport()
            async with httpx.AsyncClient(transport=transport, base_url="http://fake") as client:
                return await client.request(method, path, **options)

        return asyncio.run(send())

    return ask


@pytest.fixture(params=["real", "fake"])
def ask(request: pytest.FixtureRequest) -> Ask:
    found: Ask = request.getfixturevalue(request.param)
    return found


def located(ask: Ask, *points: dict[str, Any]) -> list[dict[str, Any]]:
    answer = ask("POST", f"{V1}/locate", json={"crs": "CGCS2000", "points": list(points)})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def at(x_m: float, y_m: float) -> dict[str, float]:
    lon, lat = spot(x_m, y_m)
    return {"lon": lon, "lat": lat}


def test_points_are_answered_in_their_order(ask: Ask) -> None:
    items = located(ask, at(600, 60), at(100, 60) | {"id": "a"}, at(-300, 60))
    assert [item["grid_code"] for item in items] == [TWO, ONE, None]
    assert [item["community_code"] for item in items] == [SECOND, FIRST, None]
    assert [item["id"] for item in items] == [None, "a", None]


def test_both_tell_the_same_members(ask: Ask) -> None:
    (inside, outside) = located(ask, at(100, 60), at(0, 800))
    assert set(inside) == {
        "grid_code", "grid_name", "community_code", "community_name", "nearest", "id",
    }  # fmt: skip
    assert inside["nearest"] is None
    assert set(outside["nearest"]) == {"grid_code", "grid_name", "distance_m"}


def test_the_outside_is_told_the_nearest_grid_in_metres(ask: Ask) -> None:
    (west, east) = located(ask, at(-200, 60), at(960 + 350, 60))
    assert west["nearest"]["grid_code"] == ONE
    assert west["nearest"]["distance_m"] == pytest.approx(200, rel=0.01)
    assert east["nearest"]["grid_code"] == TWO
    assert east["nearest"]["distance_m"] == pytest.approx(350, rel=0.01)


def test_a_single_point_is_answered_alike(ask: Ask) -> None:
    found = ask("GET", f"{V1}/locate", params=at(100, 60)).json()
    assert (found["grid_code"], found["community_code"]) == (ONE, FIRST)


@pytest.mark.parametrize(
    "points",
    [[], [{"lon": 181, "lat": 1}], [{"lon": 1, "lat": 91}], [{"lon": 1, "lat": 1, "alt": 1}],
     [{"lon": 1, "lat": 1}] * 10_001],
)  # fmt: skip
def test_wrong_batches_are_422(ask: Ask, points: list[dict[str, float]]) -> None:
    answer = ask("POST", f"{V1}/locate", json={"points": points})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_grid_in_force_is_found_and_another_is_not(ask: Ask) -> None:
    known = ask("GET", f"{V1}/grids/{ONE}")
    assert (known.status_code, known.json()["code"]) == (200, ONE)
    unknown = ask("GET", f"{V1}/grids/{FIRST}002")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "grid.not_found")
