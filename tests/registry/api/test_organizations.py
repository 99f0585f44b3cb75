"""Organizations: seen by whom they serve, changed by whom they belong to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.registry.factories import (
    DISTRICT,
    STREET_1,
    STREET_2,
    V1,
    A,
    B,
    C,
    Registry,
    a_service_point,
    a_team,
    an_estate,
    an_organization,
)

ANY = {"If-Match": "*"}
SeenBy = Callable[..., dict[str, str]]


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_an_organization_is_created_read_changed_and_ended(registry: Registry) -> None:
    body = an_organization(A, uscc="91350100m000100y43", phone="0971-1234567", rating="五星级")
    made = registry.client.post(f"{V1}/organizations", json=body)
    assert made.status_code == 201, made.text
    place = made.headers["location"]
    row = made.json()
    assert (row["uscc"], row["jurisdiction"]) == ("91350100M000100Y43", [A])
    got = registry.client.get(place)
    assert (got.json(), got.headers["etag"]) == (row, '"1"')
    assert registry.client.get(place, headers={"If-None-Match": '"1"'}).status_code == 304
    changed = registry.client.patch(place, json={"rating": None}, headers={"If-Match": '"1"'})
    assert (changed.json()["rating"], changed.json()["version"]) == (None, 2)
    assert registry.client.delete(place, headers={"If-Match": '"2"'}).status_code == 204
    assert registry.client.get(place).status_code == 404
    assert registry.get("organizations")["items"] == []
    told = [item["action"] for item in registry.get("changes", noun="organization")["items"]]
    assert told == ["created", "updated", "ended"]


@pytest.mark.parametrize(
    ("fields", "expected", "pointer"),
    [
        ({"uscc": "91350100M000100Y44"}, (422, "uscc.invalid"), "/uscc"),
        ({"kind": "circus"}, (422, "kind.unknown"), "/kind"),
        ({"division_code": "990001009"}, (404, "division.not_found"), "/division_code"),
        ({"jurisdiction": [A, "990009"]}, (404, "division.not_found"), "/jurisdiction/1"),
        ({"jurisdiction": []}, (422, "request.invalid"), "/jurisdiction"),
        ({"phone": "call me"}, (422, "request.invalid"), "/phone"),
        (
            {"parent": {"source": "gis", "source_id": "nobody"}},
            (404, "organization.not_found"),
            "/parent",
        ),
        (
            {"parent_id": "01900000-0000-7000-8000-000000000000"},
            (404, "organization.not_found"),
            "/parent_id",
        ),
    ],
)
def test_what_is_wrong_is_named_at_its_field(
    registry: Registry, fields: dict[str, Any], expected: tuple[int, str], pointer: str
) -> None:
    answer = registry.client.post(f"{V1}/organizations", json=an_organization(A, **fields))
    assert refusal(answer) == expected
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert registry.get("organizations")["items"] == []


def test_the_parent_is_named_by_id_or_source_and_never_stands_below(registry: Registry) -> None:
    place = f"{V1}/organizations/by-source/gis/TOP"
    top = registry.client.put(place, json=an_organization(DISTRICT, kind="street")).json()
    reference = {"source": "gis", "source_id": "TOP"}
    middle = registry.organization(A, parent=reference)
    low = registry.organization(A, parent_id=middle["id"])
    assert middle["parent_id"] == top["id"]
    both = an_organization(A, parent_id=low["id"], parent=reference)
    answer = registry.client.post(f"{V1}/organizations", json=both)
    assert refusal(answer) == (409, "reference.ambiguous")
    for row, parent in ((top, low), (middle, middle), (middle, low)):
        answer = registry.client.patch(
            f"{V1}/organizations/{row['id']}", json={"parent_id": parent["id"]}, headers=ANY
        )
        assert refusal(answer) == (409, "organization.parent_loop")
    below = registry.get("organizations", parent_id=middle["id"])["items"]
    assert [item["id"] for item in below] == [low["id"]]
    again = registry.client.patch(
        f"{V1}/organizations/{low['id']}", json={"parent_id": None}, headers=ANY
    )
    assert again.json()["parent_id"] is None


def test_lists_tell_who_serves_a_place(registry: Registry) -> None:
    police = registry.organization(
        STREET_1, kind="police_station", name="派出所", jurisdiction=[A, C]
    )
    bureau = registry.organization(DISTRICT, kind="sanitation", name="环卫")

    def names(**params: str) -> list[str]:
        return [item["name"] for item in registry.get("organizations", **params)["items"]]

    assert names() == ["环卫", "派出所"]
    assert names(serves=A) == ["环卫", "派出所"]
    assert names(serves=B) == ["环卫"]
    assert names(serves=STREET_2) == ["环卫"]
    assert names(serves=C, kind="police_station") == ["派出所"]
    assert names(area=STREET_1) == ["派出所"]
    assert names(uscc="91350100M000100Y43") == []
    assert police["jurisdiction"] == [A, C]
    assert bureau["jurisdiction"] == [DISTRICT]


def test_whoever_is_served_sees_and_only_the_owner_changes(
    registry: Registry, seen_by: SeenBy
) -> None:
    shared = registry.organization(STREET_2, kind="police_station", jurisdiction=[A, C])
    wide = registry.organization(DISTRICT, kind="sanitation")
    elsewhere = registry.organization(STREET_2)
    mine = seen_by(A)
    get = lambda path: registry.client.get(f"{V1}/organizations{path}", headers=mine)  # noqa: E731
    assert {item["id"] for item in get("").json()["items"]} == {shared["id"], wide["id"]}
    assert get("?count=true").json()["count"] == 2
    assert get(f"/{shared['id']}").json()["jurisdiction"] == [A]
    assert get(f"/{elsewhere['id']}").status_code == 404
    assert C not in get("").text
    for row, expected in ((shared, "organization.shared"), (elsewhere, "organization.not_found")):
        place = f"{V1}/organizations/{row['id']}"
        changed = registry.client.patch(place, json={"name": "x"}, headers=mine | ANY)
        ended = registry.client.delete(place, headers=mine | ANY)
        assert changed.json()["code"] == ended.json()["code"] == expected
        assert changed.status_code == (403 if row is shared else 404)
    nobody = registry.client.get(f"{V1}/organizations", headers=seen_by())
    assert nobody.json()["items"] == []


def test_a_jurisdiction_keeps_what_its_changer_cannot_see(
    registry: Registry, seen_by: SeenBy
) -> None:
    made = registry.organization(STREET_1, jurisdiction=[A, C])
    mine = seen_by(STREET_1)
    place = f"{V1}/organizations/{made['id']}"
    foreign = registry.client.patch(place, json={"jurisdiction": [C]}, headers=mine | ANY)
    assert refusal(foreign) == (404, "division.not_found")
    changed = registry.client.patch(place, json={"jurisdiction": [B]}, headers=mine | ANY)
    assert changed.json()["jurisdiction"] == [B]
    assert registry.get(f"organizations/{made['id']}")["jurisdiction"] == [B, C]
    emptied = registry.client.patch(place, json={"jurisdiction": None}, headers=ANY)
    assert emptied.json()["jurisdiction"] == [STREET_1]


def test_nothing_is_created_or_moved_outside_the_areas(registry: Registry, seen_by: SeenBy) -> None:
    mine = seen_by(A)
    for body in (
        an_organization(B),
        an_organization(DISTRICT),
        an_organization(A, jurisdiction=[B]),
    ):
        answer = registry.client.post(f"{V1}/organizations", json=body, headers=mine)
        assert refusal(answer) == (404, "division.not_found")
    own = registry.organization(A)
    place = f"{V1}/organizations/{own['id']}"
    moved = registry.client.patch(place, json={"division_code": B}, headers=mine | ANY)
    assert refusal(moved) == (404, "division.not_found")
    hidden = registry.client.put(f"{V1}/organizations/by-source/gis/1", json=an_organization(B))
    assert hidden.status_code == 201
    taken = registry.client.put(
        f"{V1}/organizations/by-source/gis/1", json=an_organization(A), headers=mine
    )
    assert refusal(taken) == (409, "source_id.taken")


def test_an_organization_that_something_refers_to_cannot_end(registry: Registry) -> None:
    made = registry.organization(A)
    row_id = made["id"]
    registry.organization(A, parent_id=row_id)
    registry.post("estates", an_estate(A, property_company_id=row_id))
    registry.post("service-points", a_service_point(A, organization_id=row_id))
    registry.post("teams", a_team(A, organization_id=row_id))
    member = registry.post(
        "members",
        {
            "division_code": A,
            "kind": "food_safety_sentinel",
            "name": "王五",
            "organization_id": row_id,
        },
    )
    held = {"post": "owners_committee_member", "place_code": A, "valid_from": "2026-01-01"}
    registry.post("appointments", held | {"member_id": member["id"], "organization_id": row_id})
    place = f"{V1}/organizations/{row_id}"
    answer = registry.client.delete(place, headers=ANY)
    assert refusal(answer) == (409, "organization.in_use")
    for noun, field in (
        ("organizations", "parent_id"),
        ("estates", "property_company_id"),
        ("service-points", "organization_id"),
        ("teams", "organization_id"),
        ("members", "organization_id"),
        ("appointments", "organization_id"),
    ):
        for item in registry.get(noun)["items"]:
            registry.done(
                registry.client.patch(f"{V1}/{noun}/{item['id']}", json={field: None}, headers=ANY)
            )
    assert registry.client.delete(place, headers=ANY).status_code == 204


def test_members_and_posts_name_organizations_that_are_there(registry: Registry) -> None:
    nobody = "01900000-0000-7000-8000-000000000000"
    unseen = {"source": "gis", "source_id": "O9"}
    member = {"division_code": A, "kind": "grid_head", "name": "王五"}
    made = registry.post("members", member)
    post = {"member_id": made["id"], "post": "grid_head", "place_code": A}
    for noun, body in (("members", member), ("appointments", post | {"valid_from": "2026-01-01"})):
        for named in ({"organization_id": nobody}, {"organization": unseen}):
            answer = registry.client.post(f"{V1}/{noun}", json=body | named)
            assert refusal(answer) == (404, "organization.not_found")
    registry.load("organizations", f"编号,区划代码,名称\nO1,{A},物业公司\n")
    sheet = (
        f"编号,区划代码,类别,姓名,组织编号\nM1,{A},grid_head,王五,O1\nM2,{A},grid_head,李四,O9\n"
    )
    job = registry.load("members", sheet, on_error="skip")
    assert [(error["row"], error["code"]) for error in job["errors"]] == [
        (3, "organization.not_found")
    ]
    assert registry.get("members", organization_id=registry.get("organizations")["items"][0]["id"])[
        "items"
    ]


def test_the_kinds_are_told_with_their_names(registry: Registry) -> None:
    kinds = registry.get("kinds")
    station = next(kind for kind in kinds["organization"] if kind["code"] == "police_station")
    assert (station["name"], station["name_en"]) == ("派出所", "Police station")
    assert set(kinds) == {"organization", "service_point", "team", "dwelling"}
