"""Grids as they are told to the registry, and counts by them."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from tests.registry.factories import DISTRICT, STREET_1, STREET_2, V1, A, B, C, Registry

ANY = {"If-Match": "*"}
G1, G2 = f"{A}001", f"{A}002"


def share(grid: str, building: dict[str, Any], **fields: int) -> dict[str, Any]:
    return {"grid_code": grid, "building_id": building["id"]} | fields


def tell(registry: Registry, code: str, *shares: dict[str, Any], plan: str = "p1") -> Any:
    return registry.client.put(
        f"{V1}/communities/{code}/grids", json={"plan": plan, "shares": shares}, headers=ANY
    )


def counted(registry: Registry, **params: str) -> dict[str, tuple[int, int, int]]:
    items = registry.get("counts", by="grid", **params)["items"]
    return {
        item["code"]: (item["buildings"], item["households"], item["buildings_without_count"])
        for item in items
    }


def test_grids_are_told_whole_and_read_back(registry: Registry) -> None:
    place = f"{V1}/communities/{A}/grids"
    absent = registry.client.get(place)
    assert (absent.status_code, absent.json()["code"]) == (404, "grid_layout.not_found")
    building = registry.building(A)
    made = registry.client.put(place, json={"plan": "p1", "shares": [share(G1, building)]})
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    got = registry.client.get(place)
    assert got.json() == made.json()
    assert registry.client.get(place, headers={"If-None-Match": '"1"'}).status_code == 304
    assert tell(registry, A, share(G1, building)).headers["etag"] == '"1"'
    body = {"plan": "p2", "shares": [share(G2, building)]}
    assert registry.client.put(place, json=body).status_code == 428
    changed = registry.client.put(place, json=body, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    assert registry.client.put(place, json=body, headers={"If-Match": '"1"'}).status_code == 412


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"grid_code": f"{B}001"}, (422, "grid_layout.share_invalid")),
        ({"unit_from": 3, "unit_to": 2}, (422, "grid_layout.share_invalid")),
        ({"floor_from": 1, "floor_to": 0}, (422, "grid_layout.share_invalid")),
        ({"grid_code": "12"}, (422, "request.invalid")),
        ({"households": -1}, (422, "request.invalid")),
        ({}, (409, "grid_layout.shares_overlap")),
    ],
)
def test_wrong_shares_are_refused_whole(
    registry: Registry, fields: dict[str, Any], expected: tuple[int, str]
) -> None:
    building = registry.building(A)
    answer = tell(registry, A, share(G1, building), share(G1, building) | fields)
    assert (answer.status_code, answer.json()["code"]) == expected
    assert answer.json()["errors"][0]["pointer"].startswith("/shares/1")
    assert registry.client.get(f"{V1}/communities/{A}/grids").status_code == 404


def test_counts_by_grid_add_up_with_what_no_grid_holds(registry: Registry) -> None:
    first = registry.building(A, geometry=None, households_resident=40)
    second = registry.building(A, geometry=None, households_resident=None)
    registry.building(A, geometry=None, households_resident=7)
    registry.building(B, geometry=None, households_resident=9)
    tell(registry, A, share(G1, first), share(G2, second))
    assert counted(registry) == {A: (1, 7, 0), G1: (1, 40, 0), G2: (1, 0, 1), B: (1, 9, 0)}
    assert counted(registry, area=G1) == {G1: (1, 40, 0)}
    assert counted(registry, area=A) == {A: (1, 7, 0), G1: (1, 40, 0), G2: (1, 0, 1)}
    assert counted(registry, area=STREET_2) == {}
    whole = registry.get("counts", by="district")["items"]
    assert whole[0]["households"] == sum(row[1] for row in counted(registry).values())


def test_a_cut_building_counts_its_rows_where_they_lie(registry: Registry) -> None:
    building = registry.building(A)
    slices = (
        share(G1, building, unit_from=1, unit_to=1, households=10),
        share(G2, building, unit_from=2, unit_to=2, floor_from=1, floor_to=3, households=5),
        share(f"{A}003", building, unit_from=2, unit_to=2, floor_from=4, floor_to=9, households=5),
    )
    assert tell(registry, A, *slices).status_code == 201
    assert [row[1] for row in counted(registry).values()] == [20, 10, 10]
    for number, (unit, floor) in enumerate(
        [("1", 1), ("1单元", 9), ("2", 3), ("2单元", 4), ("2", 5), ("9", 1), (None, None)]
    ):
        registry.household(building["id"], f"{number}", unit=unit, floor=floor)
    assert counted(registry) == {G1: (1, 4, 0), G2: (1, 1, 0), f"{A}003": (1, 2, 0)}
    assert counted(registry, area=G2) == {G2: (1, 1, 0)}


@pytest.mark.parametrize("seed", range(5))
def test_a_stated_number_is_divided_to_the_last_household(registry: Registry, seed: int) -> None:
    chance = random.Random(seed)
    stated = chance.randint(0, 400)
    building = registry.building(A, households_resident=stated, dwellings=stated + 3)
    weights = [chance.randint(0, 50) for _ in range(chance.randint(1, 6))]
    slices = [
        share(f"{A}{1 + number:03}", building, unit_from=1 + number, unit_to=1 + number,
              households=weight)
        for number, weight in enumerate(weights)
    ]  # fmt: skip
    tell(registry, A, *slices)
    for basis, total in (("resident", stated), ("dwellings", stated + 3)):
        parts = [row[1] for row in counted(registry, count_basis=basis).values()]
        assert sum(parts) == total
        if sum(weights):
            for part, weight in zip(parts, weights, strict=True):
                assert abs(part - total * weight / sum(weights)) < 1


def test_what_ends_or_moves_leaves_its_grid(registry: Registry) -> None:
    first = registry.building(A, geometry=None, households_resident=40)
    second = registry.building(A, geometry=None, households_resident=5)
    tell(registry, A, share(G1, first), share(G2, second))
    registry.client.delete(f"{V1}/buildings/{first['id']}", headers=ANY)
    moved = {"community_code": B}
    registry.client.patch(f"{V1}/buildings/{second['id']}", json=moved, headers=ANY)
    assert counted(registry) == {B: (1, 5, 0)}


def test_grids_outside_the_areas_look_absent(
    registry: Registry, seen_by: Callable[..., dict[str, str]]
) -> None:
    building = registry.building(A, geometry=None, households_resident=40)
    tell(registry, A, share(G1, building))
    mine = seen_by(C)
    place = f"{V1}/communities/{A}/grids"
    assert registry.client.get(place, headers=mine).json()["code"] == "division.not_found"
    body = {"plan": "p2", "shares": []}
    assert registry.client.put(place, json=body, headers=mine | ANY).status_code == 404
    for areas, codes in (((C,), []), ((STREET_1,), [G1]), ((G1,), [G1]), ((G2,), [])):
        answer = registry.client.get(f"{V1}/counts?by=grid", headers=seen_by(*areas))
        assert [item["code"] for item in answer.json()["items"]] == codes, areas
    unknown = registry.client.get(f"{V1}/communities/{DISTRICT}009009/grids")
    assert unknown.json()["code"] == "division.not_found"


def test_telling_is_for_whoever_puts_grids_into_force(
    registry: Registry, seen_by: Callable[..., dict[str, str]]
) -> None:
    place = f"{V1}/communities/{A}/grids"
    body = {"plan": "p1", "shares": []}
    writer = seen_by(A, scopes=["registry:read", "registry:write"])
    refused = registry.client.put(place, json=body, headers=writer)
    assert (refused.status_code, refused.json()["code"]) == (403, "token.scope_missing")
    publisher = seen_by(A, scopes=["partition:publish"])
    assert registry.client.put(place, json=body, headers=publisher).status_code == 201
