"""Grids of neighbouring communities at the door: one coverage, from one plan or from several."""

from __future__ import annotations

import json
from typing import Any

import pytest
import shapely

from tests.fakes.registry import FakeRegistry
from tests.grid_partition.maps import FIRST, SECOND, a_road, fill, ragged_places
from tests.grid_partition.service import V1, Service

GEOJSON = {"Accept": "application/geo+json"}
FORMS: list[dict[str, Any]] = [{}, {"simplify_m": 8}, {"crs": "WGS84"}, {"crs": "GCJ02"}]


@pytest.fixture
def fake_registry() -> FakeRegistry:
    registry = FakeRegistry()
    fill(registry, ragged_places())
    return registry


def shapes(service: Service, path: str, **params: Any) -> dict[str, Any]:
    answer = service.client.get(V1 + path, params=params, headers=GEOJSON)
    assert answer.status_code == 200, answer.text
    return {
        row["properties"]["code"]: shapely.from_geojson(json.dumps(row["geometry"]))
        for row in answer.json()["features"]
    }


def is_one_coverage(found: dict[str, Any]) -> bool:
    assert {code[:12] for code in found} == {FIRST, SECOND}
    assert shapely.is_valid(list(found.values())).all()
    return bool(shapely.coverage_is_valid(list(found.values())))


def test_the_grids_of_a_plan_and_of_the_register_are_one_coverage(service: Service) -> None:
    service.import_barriers([a_road(200.0), a_road(777.0)])
    plan = service.in_force()
    for path in (f"/plans/{plan['id']}/grids", "/grids"):
        for form in FORMS:
            assert is_one_coverage(shapes(service, path, **form)), (path, form)
    # All of one plan: nothing was drawn anew when it came into force.
    assert shapes(service, "/grids") == shapes(service, f"/plans/{plan['id']}/grids")
    assert {row["version"] for row in service.items("/grids")} == {1}


def test_bounds_are_those_of_what_is_answered(service: Service) -> None:
    service.in_force()
    for code, shape in shapes(service, "/grids").items():
        west, south, east, north = shape.bounds
        box = f"{west},{south},{east},{north}"
        assert code in [row["code"] for row in service.items("/grids", params={"bbox": box})]


def test_plans_of_two_communities_fit_once_both_are_in_force(service: Service) -> None:
    first = service.in_force(FIRST)
    before = {row["code"]: row for row in service.items("/grids")}
    assert {row["version"] for row in before.values()} == {1}
    service.clock.move(hours=1)
    second = service.in_force(SECOND)

    drawn = shapes(service, f"/plans/{first['id']}/grids")
    drawn |= shapes(service, f"/plans/{second['id']}/grids")
    assert not is_one_coverage(drawn)
    for form in FORMS:
        assert is_one_coverage(shapes(service, "/grids", **form)), form
    # The same grids, still in force, with more corners on the common boundary.
    after = {row["code"]: row for row in service.items("/grids")}
    for code, row in before.items():
        fixed = ("valid_from", "valid_to", "households", "name", "area_m2", "plan")
        assert [row.get(key) for key in fixed] == [after[code].get(key) for key in fixed]
    changed = {code for code in before if after[code]["geometry"] != before[code]["geometry"]}
    assert changed
    assert {code for code in before if after[code]["version"] == 2} == changed
    since = {"updated_since": second["updated_at"]}
    told = {row["code"] for row in service.items("/grids", params=since)}
    assert told == changed | {code for code in after if code.startswith(SECOND)}
    assert {row["version"] for code, row in after.items() if code.startswith(SECOND)} == {1}


def test_a_community_that_is_cut_anew_fits_its_neighbour_again(service: Service) -> None:
    service.in_force()
    service.clock.move(hours=1)
    service.in_force(SECOND, seed=5)

    assert is_one_coverage(shapes(service, "/grids"))
    then = shapes(service, "/grids", as_of="2020-01-01")
    assert then == {}
