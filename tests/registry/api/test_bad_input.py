"""Hostile and mistaken input of single requests: each gets a name, none a 500."""

from __future__ import annotations

from typing import Any

import pytest

from tests.registry.factories import V1, A, Registry, a_building, inside, square

BOW_TIE = {
    "type": "Polygon",
    "coordinates": [
        [[101.791, 36.601], [101.792, 36.602], [101.792, 36.601], [101.791, 36.602],
         [101.791, 36.601]]
    ],
}  # fmt: skip
OPEN_RING = {
    "type": "Polygon",
    "coordinates": [[[101.791, 36.601], [101.792, 36.601], [101.792, 36.602], [101.791, 36.602]]],
}
FLAT = {"type": "Polygon", "coordinates": [[[101.791, 36.601]] * 4]}
SWAPPED = {"type": "Point", "coordinates": [36.605, 101.795]}
#: A place whose swap is a valid position too, far away from the district.
SWAPPED_SOUTH = {"type": "Point", "coordinates": [36.605, 79.0]}


def polygon(positions: int) -> dict[str, Any]:
    step = 0.0001 / positions
    ring = [[101.791 + step * number, 36.601 + number % 2 * 1e-6] for number in range(positions)]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


@pytest.mark.parametrize(
    ("geometry", "code"),
    [
        (BOW_TIE, "geometry.invalid"),
        (FLAT, "geometry.invalid"),
        (OPEN_RING, "geometry.unclosed_ring"),
        ({"type": "Polygon", "coordinates": []}, "field.too_few"),
        ({"type": "Polygon", "coordinates": [[[101.79, 36.6]] * 3]}, "field.too_few"),
        ({"type": "Circle", "coordinates": [101.79, 36.6]}, "field.choice"),
        ({"type": "LineString", "coordinates": [[101.7, 36.6], [101.8, 36.6]]}, "field.choice"),
        ({"type": "Point", "coordinates": [181, 36.6]}, "field.out_of_range"),
        ({"type": "Point", "coordinates": ["101.79", 36.6]}, "field.type"),
        ({"type": "Point", "coordinates": [101.79]}, "field.missing"),
        ({"type": "Point", "coordinates": [101.79, 36.6], "crs": {}}, "field.unknown"),
        (SWAPPED, "field.out_of_range"),
        (polygon(20_001), "field.too_many"),
        ({}, "field.missing"),
        ([], "field.type"),
    ],
)
def test_wrong_geometries_are_refused_with_the_reason(
    registry: Registry, geometry: Any, code: str
) -> None:
    answer = registry.client.post(f"{V1}/buildings", json=a_building(geometry=geometry))
    assert answer.status_code == 422, answer.text
    problem = answer.json()
    assert code in {problem["code"], *(error["code"] for error in problem.get("errors", []))}
    assert registry.get("buildings")["items"] == []


def test_a_crossing_names_its_position_in_the_callers_language(registry: Registry) -> None:
    answer = registry.client.post(
        f"{V1}/buildings", json=a_building(geometry=BOW_TIE), headers={"Accept-Language": "zh-CN"}
    )
    assert answer.json()["detail"] == (
        "几何图形无效：Self-intersection，位置约为经度 101.7915、纬度 36.6015。"
    )


def test_swapped_coordinates_are_called_swapped(client: Any) -> None:
    # A district in the tropics, where both orders are positions on earth.
    registry = Registry(client)
    registry.division("990001")
    registry.division("990001001")
    registry.division("990001001001", boundary=square(80.0, 20.0, 0.1))
    swapped = {"type": "Point", "coordinates": [20.05, 80.05]}
    answer = client.post(f"{V1}/buildings", json=a_building("990001001001", geometry=swapped))
    assert (answer.status_code, answer.json()["code"]) == (422, "coordinates.swapped")
    located = client.post(f"{V1}/estates", json={"name": "x", "geometry": swapped})
    assert (located.status_code, located.json()["code"]) == (422, "coordinates.swapped")
    elsewhere = square(20.0, 80.0, 0.1)
    moved = client.patch(
        f"{V1}/divisions/990001001001", json={"boundary": elsewhere}, headers={"If-Match": "*"}
    )
    assert (moved.status_code, moved.json()["code"]) == (422, "coordinates.swapped")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"", 422),
        (b"[" * 100_000, 400),
        (b"\xff\xfe{}", 400),
        (b'{"community_code": "990001001001", "floors": NaN}', 422),
        (b'{"community_code": "990001001001", "floors": Infinity}', 422),
        (b'{"geometry": {"type": "Point", "coordinates": [NaN, 36.6]}}', 422),
        (b'{"geometry": {"type": "Point", "coordinates": [1e999, 36.6]}}', 422),
        (b'{"community_code": "990001001001", "name": "a\\u0000b"}', 422),
        (b'{"community_code": "990001001001", "name": "\\ud800"}', 422),
        (b'{"community_code": "990001001001", "name": "a\\u202eb"}', 422),
        (b'{"community_code": "990001001001", "floors": -1}', 422),
        (b'{"community_code": "990001001001", "households_resident": -1}', 422),
        (b'{"community_code": "990001001001", "households_resident": 1.5}', 422),
        (b'{"community_code": "990001001001", "households_resident": "40"}', 422),
        (b'{"community_code": "990001001001", "households_resident": true}', 422),
        (b'{"community_code": "990001001001", "households_resident": 1e30}', 422),
        (b'{"community_code": 990001001001}', 422),
        (b'{"community_code": "990001001001", "crs": "EPSG:4326"}', 422),
        (b'{"community_code": "990001001001", "kind": "Slab!"}', 422),
        (b'{"community_code": "990001001001", "count_source": "guess"}', 422),
        (b'{"community_code": "990001001001", "colour": "red"}', 422),
        (b'{"community_code": "990001001001", "estate_id": "not-a-uuid"}', 422),
        (b'{"community_code": "990001001001", "id": "x", "version": 9}', 422),
        (b"null", 422),
        (b'"text"', 422),
    ],
)
def test_hostile_bodies_get_a_problem(registry: Registry, body: bytes, status: int) -> None:
    answer = registry.client.post(
        f"{V1}/buildings", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == status, answer.text
    assert answer.json()["code"] in {"request.malformed", "request.invalid"}
    assert registry.get("buildings")["items"] == []


@pytest.mark.parametrize(
    "query",
    [
        "bbox=1,2,3",
        "bbox=nan,2,3,4",
        "bbox=181,0,182,1",
        "bbox=0,91,1,92",
        "bbox=1,2,3,4,5,6",
        "area=63",
        "area=63010%25",
        "community_code=990001",
        "updated_since=2026-01-01",
        "updated_since=2026-02-30T00:00:00Z",
        "include_ended=1",
        "crs=EPSG:4490",
        "comunity_code=990001001001",
        "limit=0",
        "cursor=!!",
        "outside=maybe",
        "estate_id=1",
    ],
)
def test_wrong_queries_are_refused(registry: Registry, query: str) -> None:
    answer = registry.client.get(f"{V1}/buildings?{query}")
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["parameter"] == query.partition("=")[0]


@pytest.mark.parametrize(
    ("source", "source_id"),
    [
        ("a b", "1"),
        ("-x", "1"),
        ("x" * 41, "1"),
        ("gis", "%00"),
        ("gis", "a%20b"),
        ("gis", "x" * 65),
    ],
)
def test_wrong_source_names_are_refused(registry: Registry, source: str, source_id: str) -> None:
    answer = registry.client.put(
        f"{V1}/buildings/by-source/{source}/{source_id}", json=a_building()
    )
    assert answer.status_code == 422, answer.text


def test_unknown_paths_and_methods_are_problems(registry: Registry) -> None:
    for path in ("buildings/", "buildings/by-source/gis", "communities", f"communities/{A}"):
        answer = registry.client.get(f"{V1}/{path}")
        assert answer.status_code in {404, 422}, path
        assert answer.headers["content-type"] == "application/problem+json"
    wrong = registry.client.post(f"{V1}/counts")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET")


def test_a_patch_may_not_empty_what_is_needed(registry: Registry) -> None:
    building = registry.building()
    for noun, row_id, body in (
        ("buildings", building["id"], {"community_code": None}),
        ("divisions", A, {"name": None}),
        ("divisions", A, {"is_governed": None}),
        ("divisions", A, {"kind": "village"}),
        ("estates", registry.estate()["id"], {"name": None}),
        ("households", registry.household(building["id"], "1")["id"], {"household_no": None}),
    ):
        answer = registry.client.patch(
            f"{V1}/{noun}/{row_id}", json=body, headers={"If-Match": "*"}
        )
        assert answer.status_code == 422, (noun, answer.text)


def test_a_valid_place_after_all_refusals_is_taken(registry: Registry) -> None:
    assert registry.building(geometry=inside(A))["outside_m"] is None
