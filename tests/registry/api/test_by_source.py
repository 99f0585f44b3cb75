"""Rows that another system owns: one rule for every noun."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.registry.factories import (
    V1,
    A,
    B,
    Registry,
    a_service_point,
    a_team,
    an_organization,
)

ANY = {"If-Match": "*"}


@dataclass(frozen=True)
class Noun:
    """A noun's whole body, another one, and the field in which they differ."""

    name: str
    body: dict[str, Any]
    other: dict[str, Any]
    field: str


HOME = {"building": {"source": "gis", "source_id": "HOME"}}
IN_TEAM = {
    "team": {"source": "gis", "source_id": "T"},
    "member": {"source": "gis", "source_id": "M"},
}
NOUNS = [
    Noun(
        "estates",
        {"community_code": A, "name": "甲小区", "has_owners_committee": True},
        {"community_code": A, "name": "乙小区"},
        "has_owners_committee",
    ),
    Noun(
        "buildings",
        {"community_code": A, "name": "1号楼", "units": 3, "floors": 6},
        {"community_code": B, "name": "2号楼"},
        "units",
    ),
    Noun(
        "units",
        HOME | {"name": "1", "floors": 6, "households_resident": 24},
        HOME | {"name": "2"},
        "households_resident",
    ),
    Noun(
        "dwellings",
        HOME | {"address_code": "630102-0001", "use": "residential", "area_m2": 89.5},
        HOME | {"address_code": "630102-0002"},
        "area_m2",
    ),
    Noun(
        "households",
        HOME | {"household_no": "001", "unit": "1", "floor": 3},
        HOME | {"household_no": "002", "residence": "resident"},
        "floor",
    ),
    Noun(
        "organizations",
        an_organization(A, uscc="91350100M000100Y43", rating="五星级"),
        an_organization(B, name="腾辉物业"),
        "uscc",
    ),
    Noun(
        "service-points",
        a_service_point(A, opening_hours="24/7", services=["充电", "饮水"]),
        a_service_point(B, name="爱心商家"),
        "opening_hours",
    ),
    Noun("teams", a_team(A, description="骑手"), a_team(B, name="食安哨兵"), "description"),
    Noun("memberships", IN_TEAM | {"valid_to": "2027-01-01"}, IN_TEAM, "valid_to"),
]


@pytest.fixture(params=NOUNS, ids=lambda noun: noun.name)
def noun(request: pytest.FixtureRequest, registry: Registry) -> Noun:
    place = f"{V1}/buildings/by-source/gis/HOME"
    registry.done(registry.client.put(place, json={"community_code": A}))
    if request.param.name == "memberships":
        member = {"division_code": A, "kind": "grid_head", "name": "王五"}
        for place, body in (
            ("teams/by-source/gis/T", a_team(A)),
            ("members/by-source/gis/M", member),
        ):
            registry.done(registry.client.put(f"{V1}/{place}", json=body))
    found: Noun = request.param
    return found


def put(
    registry: Registry, noun: Noun, body: dict[str, Any], *, of: str = "gis/X-1", **headers: str
) -> httpx.Response:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return registry.client.put(f"{V1}/{noun.name}/by-source/{of}", json=body, headers=sent)


def test_the_first_put_creates_and_says_where(registry: Registry, noun: Noun) -> None:
    made = put(registry, noun, noun.body)
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    row = made.json()
    assert (row["source"], row["source_id"]) == ("gis", "X-1")
    assert made.headers["location"] == f"{V1}/{noun.name}/{row['id']}"
    assert registry.client.get(made.headers["location"]).json() == row


def test_the_next_put_needs_the_version_that_was_read(registry: Registry, noun: Noun) -> None:
    put(registry, noun, noun.body)
    assert put(registry, noun, noun.other).status_code == 428
    assert put(registry, noun, noun.other, If_Match='"7"').status_code == 412
    assert put(registry, noun, noun.other, If_Match='W/"1"').status_code == 412
    done = put(registry, noun, noun.other, If_Match='"7", "1"')
    assert (done.status_code, done.headers["etag"]) == (200, '"2"')


def test_a_put_replaces_the_whole_row(registry: Registry, noun: Noun) -> None:
    first = put(registry, noun, noun.body).json()
    second = put(registry, noun, noun.other, If_Match="*").json()
    assert first[noun.field] is not None
    assert second[noun.field] is None
    assert second["id"] == first["id"]
    assert second["created_at"] == first["created_at"]


def test_the_same_put_again_changes_nothing(registry: Registry, noun: Noun) -> None:
    first = put(registry, noun, noun.body)
    again = put(registry, noun, noun.body, If_Match="*")
    assert (again.status_code, again.json()) == (200, first.json())


def test_an_ended_row_comes_back_when_its_source_sends_it(registry: Registry, noun: Noun) -> None:
    first = put(registry, noun, noun.body).json()
    place = f"{V1}/{noun.name}/{first['id']}"
    assert registry.client.delete(place, headers=ANY).status_code == 204
    assert registry.client.delete(place, headers=ANY).status_code == 404
    back = put(registry, noun, noun.body)
    assert (back.status_code, back.json()["id"]) == (201, first["id"])
    assert (back.json()["version"], back.json()["ended_at"]) == (3, None)


def test_two_sources_may_use_one_id(registry: Registry, noun: Noun) -> None:
    here = put(registry, noun, noun.body, of="gis/X-1")
    there = put(registry, noun, noun.other, of="police/X-1")
    assert (here.status_code, there.status_code) == (201, 201)
    assert here.json()["id"] != there.json()["id"]
    listed = registry.get(noun.name, source="police")["items"]
    assert [item["id"] for item in listed] == [there.json()["id"]]


def test_a_patch_keeps_the_source(registry: Registry, noun: Noun) -> None:
    made = put(registry, noun, noun.body).json()
    place = f"{V1}/{noun.name}/{made['id']}"
    changed = registry.client.patch(place, json={noun.field: None}, headers=ANY).json()
    assert (changed["source"], changed["source_id"]) == ("gis", "X-1")
    assert changed[noun.field] is None
    refused = registry.client.patch(place, json={"source": "other"}, headers=ANY)
    assert refused.status_code == 422


def test_an_import_meets_the_row_that_was_put(registry: Registry, noun: Noun) -> None:
    made = put(registry, noun, noun.body).json()
    job = registry.load(noun.name, "source_id\nX-1\n", source="gis")
    assert job["counts"] | {"read": 1, "unchanged": 1, "refused": 0} == job["counts"], job
    assert registry.get(f"{noun.name}/{made['id']}") == made
