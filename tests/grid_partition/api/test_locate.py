"""Which grid holds a point: borders, the outside, batches, references, times."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
import shapely

from kit.coordinates import from_cgcs2000
from services.grid_partition.operations.locate import GridMap
from services.grid_partition.storage.opening import open_database
from tests.grid_partition.maps import FIRST, SECOND, spot
from tests.grid_partition.service import V1, Service


@pytest.fixture
def plan(service: Service) -> dict[str, Any]:
    return service.in_force()


def ask(service: Service, lon: float, lat: float, **params: Any) -> dict[str, Any]:
    found: dict[str, Any] = service.get("/locate", params={"lon": lon, "lat": lat} | params)
    return found


def test_a_point_is_in_the_grid_whose_shape_holds_it(published: Service) -> None:
    found = ask(published, *spot(100, 100))
    assert found["grid_code"].startswith(FIRST)
    assert (found["community_code"], found["community_name"]) == (FIRST, "社区001")
    assert found["nearest"] is None
    assert ask(published, *spot(900, 100))["community_code"] == SECOND


def test_a_point_on_a_shared_border_has_one_grid_always_the_same(published: Service) -> None:
    shapes = {
        grid["code"]: shapely.from_geojson(json.dumps(grid["geometry"]))
        for grid in published.items("/grids")
    }
    corners = sorted({at for shape in shapes.values() for at in shape.exterior.coords})
    owners = [
        [code for code, shape in shapes.items() if shape.intersects(shapely.Point(at))]
        for at in corners
    ]
    assert sum(len(codes) > 1 for codes in owners) >= 8
    points = [{"lon": lon, "lat": lat} for lon, lat in corners]
    for _ in range(2):
        answer = published.client.post(f"{V1}/locate", json={"points": points}).json()["items"]
        assert [item["grid_code"] for item in answer] == [min(codes) for codes in owners]
    assert [ask(published, lon, lat)["grid_code"] for lon, lat in corners[:5]] == [
        min(codes) for codes in owners[:5]
    ]


def test_every_corner_and_every_building_is_in_some_grid(published: Service) -> None:
    points = [
        {"lon": lon, "lat": lat}
        for grid in published.items("/grids")
        for ring in grid["geometry"]["coordinates"]
        for lon, lat in ring
    ]
    answer = published.client.post(f"{V1}/locate", json={"points": points}).json()["items"]
    assert all(item["grid_code"] for item in answer)


def test_a_point_outside_is_told_the_nearest_grid_and_how_far(published: Service) -> None:
    found = ask(published, *spot(-200, 100))
    assert found["grid_code"] is None
    assert found["nearest"]["grid_code"].startswith(FIRST)
    assert found["nearest"]["distance_m"] == pytest.approx(200, abs=0.5)
    far = ask(published, 7.42, 43.73)
    assert far["nearest"]["distance_m"] > 5_000_000


def test_before_any_division_nothing_is_near(service: Service) -> None:
    found = ask(service, *spot(100, 100))
    assert (found["grid_code"], found["nearest"]) == (None, None)


@pytest.mark.parametrize("crs", ["GCJ02", "BD09", "WGS84"])
def test_points_of_other_references_are_converted(published: Service, crs: Any) -> None:
    lon, lat = spot(100, 100)
    given = from_cgcs2000(lon, lat, crs)
    assert ask(published, *given, crs=crs)["grid_code"] == ask(published, lon, lat)["grid_code"]


def test_many_points_are_answered_in_their_order(published: Service) -> None:
    points = [
        {"lon": lon, "lat": lat, "id": f"p{n}"}
        for n, (lon, lat) in enumerate(spot(x, 90 + x / 100) for x in range(-100, 1060, 2))
    ]
    answer = published.client.post(f"{V1}/locate", json={"points": points})
    items = answer.json()["items"]
    assert [item["id"] for item in items] == [point["id"] for point in points]
    singles = [ask(published, p["lon"], p["lat"])["grid_code"] for p in points[::97]]  # type: ignore[arg-type]
    assert [item["grid_code"] for item in items[::97]] == singles


@pytest.mark.parametrize(
    ("content", "status", "pointer"),
    [
        (b"{", 400, None),
        (b'{"points": []}', 422, "/points"),
        (b'{"points": [{"lon": 181, "lat": 1}]}', 422, "/points/0/lon"),
        (b'{"points": [{"lon": "1", "lat": 1}]}', 422, "/points/0/lon"),
        (b'{"points": [{"lon": 1, "lat": NaN}]}', 422, None),
        (b'{"points": [{"lon": 1, "lat": 1, "alt": 3}]}', 422, "/points/0/alt"),
        (b'{"points": [{"lon": 1, "lat": 1}], "crs": "EPSG:3857"}', 422, "/crs"),
        (b"[" * 60_000, 400, None),
        (b"null", 422, None),
        (json.dumps({"points": [{"lon": 1, "lat": 1}] * 10_001}).encode(), 422, "/points"),
    ],
)
def test_a_wrong_batch_is_refused_and_the_place_named(
    published: Service, content: bytes, status: int, pointer: str | None
) -> None:
    answer = published.client.post(
        f"{V1}/locate", content=content, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in ({400, 422} if b"NaN" in content else {status}), answer.text
    if pointer:
        assert answer.json()["errors"][0]["pointer"] == pointer


def test_a_batch_of_another_media_type_is_refused(published: Service) -> None:
    answer = published.client.post(
        f"{V1}/locate", content=b"lon,lat", headers={"Content-Type": "text/csv"}
    )
    assert answer.status_code == 415


@pytest.mark.parametrize(
    "query", ["lon=1", "lon=nan&lat=1", "lon=181&lat=0", "lon=1&lat=1&crs=x", "lon=1&lat=1&z=1",
              "lon=1&lat=1&as_of=yesterday", "lon=1&lat=1&lon=2"],
)  # fmt: skip
def test_a_wrong_question_is_refused(published: Service, query: str) -> None:
    assert published.client.get(f"{V1}/locate?{query}").status_code == 422


def test_points_of_the_past_are_answered_by_the_grids_of_the_past(
    service: Service, plan: dict[str, Any]
) -> None:
    lon, lat = spot(100, 100)
    then = service.items("/grids")[0]["valid_from"]
    service.clock.move(hours=1)
    service.in_force(seed=4)
    found = ask(service, lon, lat, as_of=then)
    assert found["grid_code"].startswith(FIRST)
    assert ask(service, lon, lat, as_of="2020-01-01")["grid_code"] is None
    del plan


@pytest.mark.usefixtures("plan")
def test_a_publication_is_seen_by_a_map_that_is_already_in_memory(service: Service) -> None:
    lon, lat = service.items("/grids")[0]["geometry"]["coordinates"][0][0]
    assert ask(service, lon, lat)["grid_name"] == "社区001第1网格"
    name = {"name": "新名"}
    service.client.patch(f"{V1}/grids/{FIRST}001", json=name, headers={"If-Match": "*"})
    assert ask(service, lon, lat)["grid_name"] == "新名"


def test_concurrent_first_questions_read_the_map_once(service: Service) -> None:
    service.in_force()

    async def several() -> int:
        database = open_database(service.settings, "test")
        grid_map = GridMap(database, fresh_s=60)
        try:
            indexes = await asyncio.gather(*(grid_map.now() for _ in range(8)))
            return len({id(index) for index in indexes})
        finally:
            await database.close()

    assert asyncio.run(several()) == 1
