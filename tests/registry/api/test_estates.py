"""Estates through the door."""

from __future__ import annotations

import pytest

from tests.registry.factories import V1, A, B, Registry, an_estate, inside

ANY = {"If-Match": "*"}


def test_an_estate_is_created_read_changed_and_ended(registry: Registry) -> None:
    made = registry.client.post(f"{V1}/estates", json=an_estate(geometry=inside(A)))
    assert made.status_code == 201
    place = made.headers["location"]
    got = registry.client.get(place)
    assert (got.json(), got.headers["etag"]) == (made.json(), '"1"')
    held = registry.client.get(place, headers={"If-None-Match": '"1"'})
    assert (held.status_code, held.content) == (304, b"")
    assert registry.client.patch(place, json={"name": "新名"}).status_code == 428
    changed = registry.client.patch(place, json={"name": "新名"}, headers={"If-Match": '"1"'})
    assert (changed.json()["name"], changed.json()["version"]) == ("新名", 2)
    assert registry.client.delete(place, headers={"If-Match": '"1"'}).status_code == 412
    assert registry.client.delete(place, headers={"If-Match": '"2"'}).status_code == 204
    assert registry.client.get(place).status_code == 404
    assert registry.get("estates")["items"] == []
    (ended,) = registry.get("estates", include_ended="true")["items"]
    assert ended["ended_at"] == "2026-03-02T01:00:00Z"


def test_a_repeated_post_with_one_key_makes_one_estate(registry: Registry) -> None:
    key = {"Idempotency-Key": "estate-0001"}
    first = registry.client.post(f"{V1}/estates", json=an_estate(), headers=key)
    again = registry.client.post(f"{V1}/estates", json=an_estate(), headers=key)
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert len(registry.get("estates")["items"]) == 1


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"management_mode": "property_company"}, False),
        ({"management_mode": "none"}, None),
        (
            {
                "management_mode": "none",
                "has_owners_committee": False,
                "has_resident_organization": False,
            },
            True,
        ),
        ({"has_owners_committee": True}, False),
        ({}, None),
    ],
)
def test_three_no_yards_are_derived(
    registry: Registry, facts: dict[str, object], expected: bool | None
) -> None:
    assert registry.estate(A, **facts)["is_three_no"] is expected


def test_the_community_is_found_by_the_place_when_none_is_given(registry: Registry) -> None:
    point = {"type": "Point", "coordinates": [101.805, 36.605]}
    assert registry.post("estates", {"name": "x", "geometry": point})["community_code"] == B
    far = {"type": "Point", "coordinates": [101.705, 36.605]}
    for body in ({"name": "x", "geometry": far}, {"name": "x"}):
        answer = registry.client.post(f"{V1}/estates", json=body)
        assert (answer.status_code, answer.json()["code"]) == (404, "division.not_located")


def test_a_source_upserts_its_own_row(registry: Registry) -> None:
    place = f"{V1}/estates/by-source/gis/E-1"
    made = registry.client.put(place, json=an_estate())
    assert made.status_code == 201
    assert (made.json()["source"], made.json()["source_id"]) == ("gis", "E-1")
    assert registry.client.put(place, json=an_estate()).status_code == 428
    same = registry.client.put(place, json=an_estate(), headers={"If-Match": '"1"'})
    assert (same.status_code, same.headers["etag"]) == (200, '"1"')
    other = registry.client.put(place, json=an_estate(name="另名"), headers=ANY)
    assert (other.status_code, other.headers["etag"]) == (200, '"2"')


def test_an_ended_estate_comes_back_under_its_old_id(registry: Registry) -> None:
    place = f"{V1}/estates/by-source/gis/E-1"
    made = registry.client.put(place, json=an_estate()).json()
    registry.client.delete(f"{V1}/estates/{made['id']}", headers=ANY)
    back = registry.client.put(place, json=an_estate())
    assert (back.status_code, back.json()["id"], back.json()["version"]) == (201, made["id"], 3)
    assert registry.get(f"estates/{made['id']}")["ended_at"] is None


def test_an_estate_with_buildings_cannot_end(registry: Registry) -> None:
    estate = registry.estate()
    building = registry.building(estate_id=estate["id"])
    answer = registry.client.delete(f"{V1}/estates/{estate['id']}", headers=ANY)
    assert (answer.status_code, answer.json()["code"]) == (409, "estate.has_buildings")
    registry.client.patch(f"{V1}/buildings/{building['id']}", json={"estate_id": None}, headers=ANY)
    done = registry.client.delete(f"{V1}/estates/{estate['id']}", headers=ANY)
    assert done.status_code == 204


def test_lists_are_filtered(registry: Registry) -> None:
    first = registry.estate(A, geometry=inside(A), management_mode="none")
    second = registry.estate(B)

    def ids(**params: object) -> list[str]:
        return [item["id"] for item in registry.get("estates", **params)["items"]]

    assert ids() == [first["id"], second["id"]]
    assert ids(community_code=B) == [second["id"]]
    assert ids(area=A[:9]) == [first["id"], second["id"]]
    assert ids(management_mode="none") == [first["id"]]
    assert ids(bbox="101.79,36.6,101.80,36.61") == [first["id"]]
    assert ids(source="gis") == []
