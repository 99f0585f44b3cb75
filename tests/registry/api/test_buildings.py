"""Buildings through the door."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.registry.factories import V1, A, B, Registry, a_building, inside, square

ANY = {"If-Match": "*"}


def point(lon: float, lat: float) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [lon, lat]}


def test_a_building_is_created_read_changed_and_ended(registry: Registry) -> None:
    made = registry.client.post(
        f"{V1}/buildings", json=a_building(name="1号楼", kind="slab", units=3, floors=6)
    )
    assert made.status_code == 201
    place = made.headers["location"]
    assert registry.client.get(place).json() == made.json()
    assert made.json()["households_resident"] == 40
    changed = registry.client.patch(
        place, json={"households_resident": 41, "name": None}, headers={"If-Match": '"1"'}
    ).json()
    assert (changed["households_resident"], changed["name"], changed["version"]) == (41, None, 2)
    assert changed["geometry"] == inside(A)
    assert registry.client.delete(place, headers=ANY).status_code == 204
    assert registry.client.get(place).status_code == 404


def test_a_building_may_be_a_point_or_have_no_known_place(registry: Registry) -> None:
    at = point(101.795, 36.605)
    assert registry.building(geometry=at)["geometry"] == at
    assert registry.building(geometry=None)["geometry"] is None
    totals = registry.snapshot(A)["totals"]
    assert (totals["buildings"], totals["buildings_without_location"]) == (2, 1)


@pytest.mark.parametrize(
    ("east_m", "status", "noted"),
    [(-300, 201, None), (30, 201, 30), (300, 201, 300), (700, 409, 0)],
)
def test_a_building_outside_its_community_is_noted_then_refused(
    registry: Registry, east_m: int, status: int, noted: float | None
) -> None:
    lon = 101.80 + east_m / 89_266
    answer = registry.client.post(f"{V1}/buildings", json=a_building(geometry=point(lon, 36.605)))
    assert answer.status_code == status, answer.text
    if status == 201:
        found = answer.json()["outside_m"]
        assert found == (None if noted is None else pytest.approx(noted, abs=2))
        shown = registry.get("buildings", outside="true")["items"]
        assert len(shown) == (0 if noted is None else 1)
    else:
        assert answer.json()["code"] == "building.outside_community"
        assert "700 m" in answer.json()["detail"]


def test_a_building_names_its_estate_by_id_or_by_source(registry: Registry) -> None:
    estate = registry.client.put(
        f"{V1}/estates/by-source/gis/E1", json={"community_code": A, "name": "小区"}
    ).json()
    other = registry.estate()
    by_source = {"source": "gis", "source_id": "E1"}
    assert registry.building(estate_id=estate["id"])["estate_id"] == estate["id"]
    assert registry.building(estate=by_source)["estate_id"] == estate["id"]
    both = a_building(estate=by_source, estate_id=other["id"])
    answer = registry.client.post(f"{V1}/buildings", json=both)
    assert (answer.status_code, answer.json()["code"]) == (409, "reference.ambiguous")
    for reference in ({"estate_id": str(uuid4())}, {"estate": {"source": "x", "source_id": "y"}}):
        answer = registry.client.post(f"{V1}/buildings", json=a_building(**reference))
        assert (answer.status_code, answer.json()["code"]) == (404, "estate.not_found")
        assert answer.json()["errors"][0]["pointer"] == f"/{next(iter(reference))}"
    shown = registry.get("buildings", estate_id=estate["id"])["items"]
    assert len(shown) == 2


def test_households_follow_a_building_into_another_community(registry: Registry) -> None:
    building = registry.building(geometry=None)
    household = registry.household(building["id"], "001")
    place = f"{V1}/buildings/{building['id']}"
    assert registry.client.patch(place, json={"community_code": B}, headers=ANY).status_code == 200
    assert registry.get(f"households/{household['id']}")["community_code"] == B
    assert registry.snapshot(A)["totals"]["households"] == 0
    assert registry.snapshot(B)["totals"]["households"] == 1


def test_a_move_that_makes_household_numbers_meet_is_refused(registry: Registry) -> None:
    here, there = registry.building(geometry=None), registry.building(B, geometry=None)
    for building in (here, there):
        registry.household(building["id"], "001")
    place = f"{V1}/buildings/{here['id']}"
    answer = registry.client.patch(place, json={"community_code": B}, headers=ANY)
    assert (answer.status_code, answer.json()["code"]) == (409, "household.number_taken")
    assert registry.get(f"buildings/{here['id']}")["community_code"] == A


def test_a_building_with_households_cannot_end(registry: Registry) -> None:
    building = registry.building()
    household = registry.household(building["id"], "001")
    place = f"{V1}/buildings/{building['id']}"
    answer = registry.client.delete(place, headers=ANY)
    assert (answer.status_code, answer.json()["code"]) == (409, "building.has_households")
    registry.client.delete(f"{V1}/households/{household['id']}", headers=ANY)
    assert registry.client.delete(place, headers=ANY).status_code == 204


def test_coordinates_of_gcj02_and_bd09_land_on_the_same_spot(registry: Registry) -> None:
    # The same corner of Xining in the four references; figures of the published formulas.
    spots = {
        "CGCS2000": registry.building(geometry=point(101.795, 36.605)),
        "WGS84": registry.building(geometry=point(101.795, 36.605), crs="WGS84"),
    }
    for crs in ("GCJ02", "BD09"):
        shown = registry.client.get(
            f"{V1}/buildings/{spots['CGCS2000']['id']}", params={"crs": crs}
        ).json()["geometry"]
        assert abs(shown["coordinates"][0] - 101.795) > 0.0005
        spots[crs] = registry.building(geometry=shown, crs=crs)
    for made in spots.values():
        assert made["geometry"]["coordinates"] == pytest.approx([101.795, 36.605], abs=2e-8)


def test_pages_follow_each_other(registry: Registry) -> None:
    made = [registry.building(geometry=inside(A, east))["id"] for east in range(5)]
    first = registry.get("buildings", limit=3)
    second = registry.get("buildings", limit=3, cursor=first["next_cursor"])
    assert [item["id"] for item in first["items"] + second["items"]] == made
    assert second["next_cursor"] is None


def test_a_sync_sees_what_changed_and_what_ended(registry: Registry, clock: Any) -> None:
    old, ended = registry.building(), registry.building(geometry=inside(A, 2))
    clock.move(hours=1)
    since = "2026-03-02T01:30:00Z"
    assert registry.get("buildings", updated_since=since)["items"] == []
    registry.client.delete(f"{V1}/buildings/{ended['id']}", headers=ANY)
    clock.move(hours=1)
    registry.client.patch(f"{V1}/buildings/{old['id']}", json={"floors": 7}, headers=ANY)
    synced = registry.get("buildings", updated_since=since, include_ended="true")["items"]
    assert {item["id"]: item["ended_at"] for item in synced} == {
        old["id"]: None,
        ended["id"]: "2026-03-02T02:00:00Z",
    }


def test_a_footprint_of_two_parts_has_its_point_on_one_of_them(registry: Registry) -> None:
    parts = [square(101.791, 36.601)["coordinates"], square(101.792, 36.601)["coordinates"]]
    registry.building(geometry={"type": "MultiPolygon", "coordinates": parts})
    lon, lat = registry.snapshot(A)["buildings"][0]["point"]
    assert any(west <= lon <= west + 0.0004 for west in (101.791, 101.792))
    assert 36.601 <= lat <= 36.6014


@pytest.mark.parametrize(
    ("metres", "code"),
    [
        (-200, None),
        (30, "building.near_outside"),
        (49, "building.near_outside"),
        (52, "building.far_outside"),
        (490, "building.far_outside"),
    ],
)
def test_a_place_outside_its_community_is_warned_of_by_its_distance(
    registry: Registry, metres: int, code: str | None
) -> None:
    point = {"type": "Point", "coordinates": [round(101.80 + metres / 89_266, 7), 36.605]}
    made = registry.building(A, geometry=point)
    assert [warning["code"] for warning in made["warnings"]] == ([code] if code else [])
    if code:
        (warning,) = made["warnings"]
        assert made["outside_m"] == pytest.approx(metres, abs=1)
        assert (warning["pointer"], str(made["outside_m"]) in warning["detail"]) == (
            "/geometry",
            True,
        )
    assert registry.get(f"buildings/{made['id']}")["warnings"] == made["warnings"]
    assert registry.get("buildings")["items"][0]["warnings"] == made["warnings"]
    chinese = registry.client.get(
        f"{V1}/buildings/{made['id']}", headers={"Accept-Language": "zh-CN"}
    ).json()["warnings"]
    assert all("米" in warning["detail"] for warning in chinese)
