"""Plans through the door: made, computed, taken to force."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import shapely

from tests.grid_partition.maps import (
    FIRST,
    PLANE,
    SECOND,
    STREET,
    a_place,
    a_road,
    fill,
    two_places,
)
from tests.grid_partition.service import V1, Service


def test_a_plan_is_accepted_computed_and_tells_what_it_found(service: Service) -> None:
    made = service.client.post(f"{V1}/plans", json={"kind": "division", "area": "630102"})
    assert made.status_code == 202, made.text
    assert made.headers["retry-after"] == "1"
    assert made.headers["location"] == f"{V1}/plans/{made.json()['id']}"
    assert made.json()["state"] == "computing"
    assert made.json()["progress"] == {"done": 0, "total": 0, "unit": "community", "eta_s": None}
    service.work()
    plan = service.get(made.headers["location"].removeprefix(V1))
    assert plan["state"] == "computed"
    assert plan["progress"]["done"] == plan["progress"]["total"] == 2
    assert plan["totals"]["households"] == 2400
    assert plan["totals"]["feasible_communities"] == 2
    grids = service.items(f"/plans/{plan['id']}/grids")
    assert [grid["code"] for grid in grids] == [
        f"{community}{number:03d}" for community in (FIRST, SECOND) for number in (1, 2, 3)
    ]
    assert all(300 <= grid["households"] <= 500 for grid in grids)


def test_the_same_plan_and_seed_give_the_same_grids(service: Service) -> None:
    digests = [
        [
            row["digest"]
            for row in service.items(f"/plans/{service.computed(seed=7)['id']}/communities")
        ]
        for _ in range(2)
    ]
    assert digests[0] == digests[1]
    assert all(len(digest) == 64 for digest in digests[0])


def test_barriers_shape_the_plan(service: Service) -> None:
    plain = service.computed()
    assert service.import_barriers([a_road(180.0), a_road(660.0)])["counts"]["created"] == 2
    fenced = service.computed()
    blocks = [
        sum(grid["blocks"] for grid in service.items(f"/plans/{plan['id']}/grids"))
        for plan in (plain, fenced)
    ]
    assert blocks[0] == 6
    assert blocks[1] >= 6
    digests = [
        [row["digest"] for row in service.items(f"/plans/{plan['id']}/communities")]
        for plan in (plain, fenced)
    ]
    assert digests[0] != digests[1]


@pytest.mark.parametrize("area", ["630102009", "630103", FIRST[:9] + "999"])
def test_an_area_without_communities_is_refused(service: Service, area: str) -> None:
    answer = service.client.post(f"{V1}/plans", json={"kind": "division", "area": area})
    assert (answer.status_code, answer.json()["code"]) == (422, "plan.area_empty")
    assert answer.json()["errors"][0]["pointer"] == "/area"
    assert service.items("/plans") == []


def test_an_area_whose_buildings_are_empty_is_refused(service: Service) -> None:
    fill(service.registry, [a_place("630102003001", households=0)])
    answer = service.client.post(f"{V1}/plans", json={"kind": "division", "area": "630102003"})
    assert answer.json()["code"] == "plan.area_empty"


def test_without_the_registry_no_plan_begins(service: Service) -> None:
    service.registry.is_down = True
    answer = service.client.post(
        f"{V1}/plans",
        json={"kind": "division", "area": "630102"},
        headers={"Idempotency-Key": "plan-0001"},
    )
    assert (answer.status_code, answer.json()["code"]) == (503, "peer.unavailable")
    assert answer.headers["retry-after"] == "2"
    service.registry.is_down = False
    again = service.client.post(
        f"{V1}/plans",
        json={"kind": "division", "area": "630102"},
        headers={"Idempotency-Key": "plan-0001"},
    )
    assert again.status_code == 202


def test_a_repeated_key_begins_one_plan(service: Service) -> None:
    key = {"Idempotency-Key": "plan-0002"}
    body = {"kind": "division", "area": "630102"}
    first = service.client.post(f"{V1}/plans", json=body, headers=key)
    again = service.client.post(f"{V1}/plans", json=body, headers=key)
    assert first.json()["id"] == again.json()["id"]
    assert len(service.items("/plans")) == 1


@pytest.mark.parametrize("area", ["630102", STREET, FIRST])
def test_a_second_plan_over_the_same_ground_is_refused(service: Service, area: str) -> None:
    running = service.plan(STREET)
    answer = service.client.post(f"{V1}/plans", json={"kind": "division", "area": area})
    assert (answer.status_code, answer.json()["code"]) == (409, "plan.already_running")
    assert answer.json()["plan"] == running["id"]


def test_plans_of_separate_ground_run_side_by_side(service: Service) -> None:
    service.plan(FIRST)
    service.plan(SECOND)
    service.work()
    assert {plan["state"] for plan in service.items("/plans")} == {"computed"}


def test_when_the_first_has_ended_the_next_may_begin(service: Service) -> None:
    assert service.act(service.plan(), "cancel").json()["state"] == "cancelled"
    service.computed()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"rule_set": "nowhere"}, "plan.rule_set_unknown"),
        ({"base": "in_force"}, "plan.base_missing"),
        ({"kind": "merge"}, "request.invalid"),
        ({"area": "63"}, "request.invalid"),
        ({"area": FIRST + "001"}, "request.invalid"),
        ({"seed": -1}, "request.invalid"),
        ({"count_basis": "guessed"}, "request.invalid"),
        ({"effective_date": "2026-02-30"}, "request.invalid"),
    ],
)
def test_a_plan_that_asks_for_what_is_not_there_is_refused(
    service: Service, fields: dict[str, Any], code: str
) -> None:
    body = {"kind": "division", "area": "630102"} | fields
    answer = service.client.post(f"{V1}/plans", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_assignments_come_as_json_csv_and_ndjson(service: Service) -> None:
    path = f"/plans/{service.computed()['id']}/assignments"
    page = service.get(path, params={"limit": 5, "count": "true"})
    assert (len(page["items"]), page["count"]) == (5, 96)
    first = page["items"][0]
    assert first["source"] == "fake"
    assert first["grid_code"].startswith(FIRST)
    csv = service.client.get(V1 + path, headers={"Accept": "text/csv"})
    assert csv.text.startswith("\ufeffcommunity_code,number,grid_code,building_id")
    assert len(csv.text.splitlines()) == 97
    ndjson = service.client.get(V1 + path, headers={"Accept": "application/x-ndjson"})
    rows = [json.loads(line) for line in ndjson.text.splitlines()]
    assert sum(row["households"] for row in rows) == 2400
    of_grid = service.items(path, params={"grid": f"{SECOND}002"})
    assert sum(row["households"] for row in of_grid) in range(300, 501)


@pytest.mark.parametrize(
    ("units", "floors", "wanted"),
    [
        (2, 30, [(1, 1, 0, 0, 310), (2, 2, 0, 0, 310)]),
        (1, 30, [(1, 1, 1, 15, 310), (1, 1, 16, 30, 310)]),
        (None, 30, [(0, 0, 1, 15, 310), (0, 0, 16, 30, 310)]),
    ],
)
def test_a_tower_above_the_maximum_is_split_and_its_parts_are_named(
    service: Service, units: int | None, floors: int, wanted: list[tuple[int, ...]]
) -> None:
    tower = f"{FIRST}-0-0"
    service.registry.put_building(
        FIRST, tower, name="塔楼", households=620, units=units, floors=floors, geometry=None
    )
    plan = service.computed(FIRST)
    path = f"/plans/{plan['id']}/assignments"
    parts = [
        row for row in service.items(path, params={"limit": 1000}) if row["source_id"] == tower
    ]
    names = ("unit_from", "unit_to", "floor_from", "floor_to", "households")
    assert [tuple(part[name] for name in names) for part in parts] == wanted
    assert len({part["grid_code"] for part in parts}) == 2
    table = service.client.get(V1 + path, headers={"Accept": "text/csv"}).text.splitlines()
    ends = [",".join(map(str, part)) for part in wanted]
    assert [line.split(f"{tower},")[1] for line in table if tower in line] == ends
    (row,) = service.items(f"/plans/{plan['id']}/communities", headers={"Accept-Language": "en"})
    level = "floor" if wanted[0][2] else "unit"
    assert f"塔楼 (620 households) by {level} into 2 parts" in row["explanation"]


def test_each_community_is_explained_in_the_callers_language(service: Service) -> None:
    made = service.plan()
    path = f"{V1}/plans/{made['id']}/communities"
    service.work()
    english, chinese = (
        service.client.get(path, headers={"Accept-Language": language}).json()["items"][0]
        for language in ("en", "zh-CN")
    )
    grids = service.items(f"/plans/{made['id']}/grids", params={"community": FIRST})
    sizes = [str(grid["households"]) for grid in grids]
    assert english["explanation"].startswith("The 1,200 households of 社区001 (48 buildings)")
    assert f"3 grids of {sizes[0]}, {sizes[1]} and {sizes[2]} households" in english["explanation"]
    assert "Every estate lies wholly in one grid." in english["explanation"]
    assert chinese["explanation"].startswith("社区001共 48 栋楼、1200 户，划为 3 个网格")
    assert english["digest"] == chinese["digest"]
    csv = service.client.get(path, headers={"Accept": "text/csv", "Accept-Language": "zh"}).text
    assert "划为 3 个网格" in csv


def test_a_community_that_is_not_cut_has_no_explanation_yet(service: Service) -> None:
    made = service.plan()
    assert service.items(f"/plans/{made['id']}/communities") == []
    service.registry.put_community(SECOND, boundary=None)
    service.work()
    rows = service.items(f"/plans/{made['id']}/communities")
    assert {row["explanation"] for row in rows} == {None}


def test_a_plan_on_the_grids_in_force_tells_who_moves(service: Service) -> None:
    service.in_force()
    plan = service.computed(base="in_force", seed=9)
    rows = service.items(f"/plans/{plan['id']}/communities", headers={"Accept-Language": "en"})
    assert all("Compared with the 3 former grids, " in row["explanation"] for row in rows)


def test_what_cannot_be_kept_is_told_in_the_callers_language(service: Service) -> None:
    fill(service.registry, [a_place("630102003001", columns=2, rows=2, households=60)])
    plan = service.computed("630102003")
    assert plan["totals"]["feasible_communities"] == 0
    path = f"{V1}/plans/{plan['id']}/violations"
    english = service.client.get(path, headers={"Accept-Language": "en"}).json()["items"][0]
    chinese = service.client.get(path, headers={"Accept-Language": "zh"}).json()["items"][0]
    assert english["code"] == "too_few_households"
    assert "240 households, fewer than the minimum of 300" in english["detail"]
    assert "240 户" in chinese["detail"]
    assert english["acknowledgement"] is None


def test_a_building_without_a_place_is_named(service: Service) -> None:
    service.registry.put_building(FIRST, "lost", households=30)
    plan = service.computed(FIRST)
    (found,) = service.items(f"/plans/{plan['id']}/violations")
    assert found["code"] == "missing_location"
    assert found["culprits"]["buildings"][0]["source_id"] == "lost"


def test_grids_come_as_geojson_in_the_reference_asked_for(service: Service) -> None:
    path = f"{V1}/plans/{service.computed(FIRST)['id']}/grids"
    headers = {"Accept": "application/geo+json"}
    plain = service.client.get(path, headers=headers).json()
    shifted = service.client.get(path, params={"crs": "GCJ02"}, headers=headers).json()
    assert plain["type"] == "FeatureCollection"
    assert plain["features"][0]["properties"]["code"] == f"{FIRST}001"
    here, there = (c["features"][0]["geometry"]["coordinates"][0][0] for c in (plain, shifted))
    assert 0.0005 < abs(here[0] - there[0]) < 0.02


def test_published_shapes_tile_each_community(service: Service) -> None:
    plan = service.computed()
    for community in two_places():
        rows = service.items(f"/plans/{plan['id']}/grids", params={"community": community.code})
        shapes = [shapely.from_geojson(json.dumps(row["geometry"])) for row in rows]
        assert all(shape.is_valid for shape in shapes)
        assert shapely.coverage_is_valid(shapes)
        metres = PLANE.to_metres(np.array(shapes))
        # A border is straight in degrees, not in metres: compare it point by point.
        boundary = shapely.segmentize(shapely.from_geojson(json.dumps(community.boundary)), 1e-4)
        outline = PLANE.to_metres(boundary)
        whole = shapely.union_all(metres)
        assert abs(shapely.area(metres).sum() - whole.area) < 0.01
        assert whole.geom_type == "Polygon"
        assert not whole.interiors
        assert whole.symmetric_difference(outline).area < 1.0


def test_a_community_without_a_boundary_fails_the_plan_by_name(service: Service) -> None:
    service.registry.put_community(SECOND, boundary=None)
    made = service.plan()
    service.work()
    plan = service.get(f"/plans/{made['id']}", headers={"Accept-Language": "en"})
    assert plan["state"] == "failed"
    assert plan["failure"]["code"] == "boundary_missing"
    assert SECOND in plan["failure"]["detail"]
    assert plan["allowed_actions"] == []
    chinese = service.get(f"/plans/{made['id']}", headers={"Accept-Language": "zh-CN"})
    assert "没有边界" in chinese["failure"]["detail"]


def test_counts_of_another_basis_can_be_cut(service: Service) -> None:
    for house in two_places()[0].houses:
        service.registry.put_building(
            FIRST, house.source_id, households={"registered": 50}, geometry=house.geometry
        )
    assert service.computed(FIRST, count_basis="registered")["totals"]["households"] == 2400
    refused = service.client.post(f"{V1}/plans", json={"kind": "division", "area": FIRST})
    assert refused.json()["code"] == "plan.area_empty"
