"""The register of grids: now, then, by place, by name."""

from __future__ import annotations

from typing import Any

import pytest

from tests.grid_partition.maps import FIRST, SECOND, spot
from tests.grid_partition.service import V1, Service


@pytest.fixture
def plan(service: Service) -> dict[str, Any]:
    return service.in_force()


def test_grids_are_listed_by_area_place_and_time(published: Service) -> None:
    assert len(published.items("/grids")) == 6
    assert len(published.items("/grids", params={"area": SECOND})) == 3
    assert len(published.items("/grids", params={"area": f"{SECOND}002"})) == 1
    west, south = spot(10, 10)
    box = f"{west:.6f},{south:.6f},{west + 0.0001:.6f},{south + 0.0001:.6f}"
    assert len(published.items("/grids", params={"bbox": box})) < 6
    assert published.items("/grids", params={"as_of": "2026-03-02T00:59:59Z"}) == []
    assert len(published.items("/grids", params={"as_of": "2026-03-02"})) == 6
    assert published.items("/grids", params={"as_of": "2026-03-01"}) == []
    assert published.items("/grids", params={"as_of": "0001-01-01"}) == []
    assert len(published.items("/grids", params={"as_of": "9999-12-31"})) == 6
    assert published.items("/grids", params={"updated_since": "2027-01-01T00:00:00Z"}) == []


def test_grids_page_and_stream(published: Service) -> None:
    first = published.get("/grids", params={"limit": 4})
    second = published.get("/grids", params={"limit": 4, "cursor": first["next_cursor"]})
    assert (len(first["items"]), len(second["items"]), second["next_cursor"]) == (4, 2, None)
    geo = published.client.get(f"{V1}/grids", headers={"Accept": "application/geo+json"}).json()
    assert geo["features"][0]["geometry"]["type"] == "Polygon"
    assert geo["features"][0]["properties"]["code"] == f"{FIRST}001"
    csv = published.client.get(f"{V1}/grids", headers={"Accept": "text/csv"}).text
    assert "coordinates" not in csv
    assert len(csv.splitlines()) == 7


def test_a_grid_tells_its_life_and_its_buildings(service: Service, plan: dict[str, Any]) -> None:
    answer = service.client.get(f"{V1}/grids/{FIRST}001")
    grid = answer.json()
    assert answer.headers["etag"] == '"1"'
    assert grid["name"] == "社区001第1网格"
    assert (grid["plan_id"], grid["valid_to"]) == (plan["id"], None)
    again = service.client.get(f"{V1}/grids/{FIRST}001", headers={"If-None-Match": '"1"'})
    assert again.status_code == 304
    buildings = service.items(f"/grids/{FIRST}001/buildings")
    assert sum(row["households"] for row in buildings) == grid["households"]
    absent = service.client.get(f"{V1}/grids/{FIRST}999")
    assert (absent.status_code, absent.json()["code"]) == (404, "grid.not_found")
    before = service.client.get(f"{V1}/grids/{FIRST}001", params={"as_of": "2020-01-01"})
    assert before.status_code == 404


@pytest.mark.usefixtures("plan")
def test_a_grid_gets_another_name_by_the_version_that_was_read(service: Service) -> None:
    place = f"{V1}/grids/{FIRST}001"
    assert service.client.patch(place, json={"name": "团结网格"}).status_code == 428
    stale = service.client.patch(place, json={"name": "团结网格"}, headers={"If-Match": '"9"'})
    assert stale.status_code == 412
    done = service.client.patch(place, json={"name": "团结网格"}, headers={"If-Match": '"1"'})
    assert (done.status_code, done.headers["etag"]) == (200, '"2"')
    lon, lat = service.get(f"/grids/{FIRST}001")["geometry"]["coordinates"][0][0]
    found = service.get("/locate", params={"lon": lon, "lat": lat})
    assert found["grid_name"] == "团结网格"
    for wrong in ({"name": ""}, {"name": "a\u200bb"}, {"code": "1"}, {}):
        refused = service.client.patch(place, json=wrong, headers={"If-Match": "*"})
        assert refused.status_code == 422


@pytest.mark.usefixtures("plan")
def test_a_later_version_never_has_an_earlier_etag(service: Service) -> None:
    place = f"{V1}/grids/{FIRST}001"
    service.client.patch(place, json={"name": "团结网格"}, headers={"If-Match": '"1"'})
    service.clock.move(hours=1)
    service.in_force(seed=5)
    assert service.client.get(place).headers["etag"] == '"3"'
