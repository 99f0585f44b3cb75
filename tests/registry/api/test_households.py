"""Household rows through the door, and how they count."""

from __future__ import annotations

import pytest

from tests.registry.factories import V1, A, Registry

ANY = {"If-Match": "*"}


def test_a_household_is_created_read_changed_and_ended(registry: Registry) -> None:
    building = registry.building()
    made = registry.household(building["id"], "001", unit="2", floor=-1)
    assert (made["community_code"], made["residence"]) == (A, "both")
    place = f"{V1}/households/{made['id']}"
    got = registry.client.get(place)
    assert (got.json(), got.headers["etag"]) == (made, '"1"')
    changed = registry.client.patch(place, json={"residence": "resident"}, headers=ANY).json()
    assert (changed["residence"], changed["household_no"], changed["version"]) == (
        "resident",
        "001",
        2,
    )
    assert registry.client.delete(place, headers={"If-Match": '"2"'}).status_code == 204
    assert registry.client.get(place).status_code == 404


def test_a_household_needs_a_building_that_exists(registry: Registry) -> None:
    for reference in (
        {},
        {"building_id": "01900000-0000-7000-8000-000000000000"},
        {"building": {"source": "gis", "source_id": "B1"}},
    ):
        answer = registry.client.post(f"{V1}/households", json={"household_no": "1"} | reference)
        assert (answer.status_code, answer.json()["code"]) == (404, "building.not_found")


def test_a_household_names_its_building_by_source(registry: Registry) -> None:
    building = registry.client.put(
        f"{V1}/buildings/by-source/gis/B1", json={"community_code": A}
    ).json()
    body = {"household_no": "1", "building": {"source": "gis", "source_id": "B1"}}
    made = registry.client.put(f"{V1}/households/by-source/hukou/H1", json=body)
    assert (made.status_code, made.json()["building_id"]) == (201, building["id"])
    other = registry.building()
    answer = registry.client.post(
        f"{V1}/households", json=body | {"household_no": "2", "building_id": other["id"]}
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "reference.ambiguous")


def test_household_numbers_are_unique_in_a_community(registry: Registry) -> None:
    first, second = registry.building(), registry.building(geometry=None)
    made = registry.household(first["id"], "001")
    body = {"building_id": second["id"], "household_no": "001"}
    answer = registry.client.post(f"{V1}/households", json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "household.number_taken")
    registry.client.delete(f"{V1}/households/{made['id']}", headers=ANY)
    assert registry.client.post(f"{V1}/households", json=body).status_code == 201


def test_rows_count_instead_of_what_was_stated(registry: Registry) -> None:
    building = registry.building(households_resident=40, households_registered=30, dwellings=48)

    def counted() -> dict[str, int]:
        return {
            basis: registry.snapshot(A, count_basis=basis)["totals"]["households"]
            for basis in ("resident", "registered", "dwellings")
        }

    assert counted() == {"resident": 40, "registered": 30, "dwellings": 48}
    registry.household(building["id"], "001", residence="registered")
    assert counted() == {"resident": 0, "registered": 1, "dwellings": 48}
    registry.household(building["id"], "002", residence="both")
    last = registry.household(building["id"], "003", residence="resident")
    assert counted() == {"resident": 2, "registered": 2, "dwellings": 48}
    assert registry.get(f"buildings/{building['id']}")["households_listed"] == 3
    for household in registry.get("households")["items"]:
        registry.client.delete(f"{V1}/households/{household['id']}", headers=ANY)
    assert counted() == {"resident": 40, "registered": 30, "dwellings": 48}
    assert last["id"]


@pytest.mark.parametrize(
    "field", ["name", "phone", "id_number", "room", "householder", "community_code"]
)
def test_nothing_personal_is_taken(registry: Registry, field: str) -> None:
    building = registry.building()
    body = {"building_id": building["id"], "household_no": "1", field: "张三"}
    answer = registry.client.post(f"{V1}/households", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "field.unknown")
    assert "张三" not in answer.text


def test_lists_are_filtered(registry: Registry) -> None:
    first, second = registry.building(), registry.building(geometry=None)
    here = registry.household(first["id"], "001")
    there = registry.household(second["id"], "002", residence="registered")

    def ids(**params: object) -> list[str]:
        return [item["id"] for item in registry.get("households", **params)["items"]]

    assert ids() == [here["id"], there["id"]]
    assert ids(building_id=second["id"]) == [there["id"]]
    assert ids(residence="both") == [here["id"]]
    assert ids(community_code=A, area=A[:6]) == [here["id"], there["id"]]
