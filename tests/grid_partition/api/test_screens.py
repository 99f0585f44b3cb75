"""Simplified grids at the door: fewer points, the same tiling, on every page."""

from __future__ import annotations

import json
from typing import Any

import pytest
import shapely

from tests.fakes.registry import FakeRegistry
from tests.grid_partition.maps import FIRST, SECOND, fill, ragged_places
from tests.grid_partition.service import V1, Service

GEOJSON = {"Accept": "application/geo+json"}


@pytest.fixture
def fake_registry() -> FakeRegistry:
    registry = FakeRegistry()
    fill(registry, ragged_places())
    return registry


def features(service: Service, path: str, **params: Any) -> dict[str, Any]:
    """Grid code -> shape, as GeoJSON tells it."""
    answer = service.client.get(V1 + path, params=params, headers=GEOJSON)
    assert answer.status_code == 200, answer.text
    return {
        row["properties"]["code"]: shapely.from_geojson(json.dumps(row["geometry"]))
        for row in answer.json()["features"]
    }


def test_simplified_grids_tile_and_are_lighter(service: Service) -> None:
    plan = service.in_force()
    for path in (f"/plans/{plan['id']}/grids", "/grids"):
        full, light = features(service, path), features(service, path, simplify_m=8)
        assert full.keys() == light.keys()
        counts = [len(shapely.get_coordinates(list(s.values()))) for s in (full, light)]
        assert counts[1] < counts[0]
        for community in (FIRST, SECOND):
            shapes = [shape for code, shape in light.items() if code.startswith(community)]
            assert shapely.coverage_is_valid(shapes)
            assert shapely.is_valid(shapes).all()
        assert shapely.coverage_is_valid(list(light.values()))
        whole = shapely.union_all(list(light.values()))
        assert whole.symmetric_difference(shapely.union_all(list(full.values()))).area < 1e-14
        assert features(service, path) == full


def test_a_shape_does_not_depend_on_page_filter_or_form(service: Service) -> None:
    path = f"/plans/{service.computed()['id']}/grids"
    light = features(service, path, simplify_m=8)
    one = features(service, path, simplify_m=8, limit=1)
    assert one == {f"{FIRST}001": light[f"{FIRST}001"]}
    of_second = features(service, path, simplify_m=8, community=SECOND)
    assert of_second == {code: s for code, s in light.items() if code.startswith(SECOND)}
    lines = service.client.get(
        V1 + path, params={"simplify_m": 8}, headers={"Accept": "application/x-ndjson"}
    ).text.splitlines()
    streamed = {row["code"]: row["geometry"] for row in map(json.loads, lines)}
    assert {c: shapely.from_geojson(json.dumps(g)) for c, g in streamed.items()} == light
    page = service.items(path, params={"simplify_m": 8})
    assert {row["code"]: row["geometry"] for row in page} == streamed


def test_other_references_are_served_simplified_as_well(service: Service) -> None:
    path = f"/plans/{service.computed(FIRST)['id']}/grids"
    plain = features(service, path, simplify_m=8)
    moved = features(service, path, simplify_m=8, crs="GCJ02")
    for code, shape in plain.items():
        assert len(shape.exterior.coords) == len(moved[code].exterior.coords)
        assert not shape.equals(moved[code])


@pytest.mark.parametrize("path", ["/grids", "/plans/{plan}/grids"])
@pytest.mark.parametrize("tolerance", ["0", "-1", "100.5", "nan", "inf", "much", "", "1e400"])
def test_a_tolerance_out_of_bounds_is_refused_by_name(
    published: Service, path: str, tolerance: str
) -> None:
    plan = published.items("/plans")[0]["id"]
    answer = published.client.get(V1 + path.format(plan=plan), params={"simplify_m": tolerance})
    assert answer.status_code == 422
    assert answer.json()["code"] == "request.invalid"
    assert [error["parameter"] for error in answer.json()["errors"]] == ["simplify_m"]


def test_an_empty_list_is_simplified_to_an_empty_list(published: Service) -> None:
    assert published.items("/grids", params={"simplify_m": 5, "as_of": "2020-01-01"}) == []


def test_a_table_is_the_same_with_and_without(published: Service) -> None:
    plain, light = (
        published.client.get(f"{V1}/grids", params=params, headers={"Accept": "text/csv"}).text
        for params in ({}, {"simplify_m": 5})
    )
    assert plain == light
