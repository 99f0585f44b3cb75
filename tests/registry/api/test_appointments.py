"""Appointments: posts from day to day; several at once are allowed and told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.registry.api.test_members import a_member
from tests.registry.factories import DISTRICT, STREET_1, V1, A, B, C, Registry
from tests.registry.people import ANY, People, refused

SeenBy = Callable[..., dict[str, str]]
GRID = A + "001"


@pytest.fixture
def people(registry: Registry) -> People:
    return People(registry)


def post(member_id: str, **fields: Any) -> dict[str, Any]:
    known = {
        "member_id": member_id,
        "post": "grid_member",
        "place_code": A,
        "valid_from": "2026-01-01",
    }
    return known | fields


def test_a_member_is_appointed_to_divisions_and_grids(people: People) -> None:
    registry = people.registry
    member = registry.post("members", a_member())
    for code in (DISTRICT, STREET_1, A, GRID):
        made = registry.post("appointments", post(member["id"], place_code=code))
        assert (made["place_code"], made["valid_to"], made["version"]) == (code, None, 1)
    assert len(registry.get("appointments", member_id=member["id"])["items"]) == 4
    assert len(registry.get("appointments", area=A)["items"]) == 2
    assert len(registry.get("appointments", area=GRID)["items"]) == 1


def test_as_of_answers_the_posts_held_on_a_day(people: People) -> None:
    registry = people.registry
    member = registry.post("members", a_member())
    old = registry.post(
        "appointments",
        post(member["id"], valid_to="2026-03-01", end_reason="transferred"),
    )
    new = registry.post("appointments", post(member["id"], valid_from="2026-03-01"))

    def held(day: str) -> list[str]:
        return [item["id"] for item in registry.get("appointments", as_of=day)["items"]]

    assert held("2025-12-31") == []
    assert held("2026-01-01") == held("2026-02-28") == [old["id"]]
    assert held("2026-03-01") == held("2030-01-01") == [new["id"]]


def test_several_posts_at_once_are_told_as_pairs(people: People) -> None:
    registry = people.registry
    first, second = (registry.post("members", a_member(nth)) for nth in (1, 2))
    organization = registry.organization(B, kind="owners_committee")["id"]
    one = registry.post("appointments", post(first["id"], post="community_secretary"))
    two = registry.post(
        "appointments",
        post(
            first["id"],
            post="owners_committee_director",
            place_code=B,
            organization_id=organization,
            valid_from="2026-02-01",
            valid_to="2026-06-01",
            end_reason="term_ended",
        ),
    )
    registry.post("appointments", post(first["id"], valid_from="2026-06-01", place_code=C))
    registry.post("appointments", post(second["id"]))
    pairs = registry.get("appointments/overlaps")["items"]
    assert len(pairs) == 2
    pair = pairs[0]
    assert (pair["id"], pair["other_id"]) == (one["id"], two["id"])
    assert (pair["overlaps_from"], pair["overlaps_to"]) == ("2026-02-01", "2026-06-01")
    assert (pair["post"], pair["other_post"]) == (
        "community_secretary",
        "owners_committee_director",
    )
    assert pair["other_organization_id"] == organization
    assert len(registry.get("appointments/overlaps", as_of="2026-03-01")["items"]) == 1
    assert len(registry.get("appointments/overlaps", area=C)["items"]) == 1
    assert registry.get("appointments/overlaps", member_id=second["id"])["items"] == []
    page = registry.get("appointments/overlaps", limit=1)
    rest = registry.get("appointments/overlaps", limit=1, cursor=page["next_cursor"])
    assert [page["items"][0], rest["items"][0]] == pairs
    assert rest["next_cursor"] is None


def test_an_appointment_ends_by_its_last_day_and_a_reason(people: People) -> None:
    registry = people.registry
    member = registry.post("members", a_member())
    made = registry.post("appointments", post(member["id"]))
    place = f"{V1}/appointments/{made['id']}"
    held = people.client.delete(f"{V1}/members/{member['id']}", headers=ANY)
    assert refused(held)[:2] == (409, "member.has_appointments")
    ended = people.client.patch(
        place, json={"valid_to": "2026-02-01", "end_reason": "unfit"}, headers=ANY
    )
    assert (ended.status_code, ended.json()["end_reason"]) == (200, "unfit")
    assert people.client.delete(f"{V1}/members/{member['id']}", headers=ANY).status_code == 204
    history = registry.get("changes", noun="appointment")["items"]
    assert history[-1]["fields"] == ["end_reason", "valid_to"]
    assert people.client.delete(place, headers=ANY).status_code == 204
    assert people.client.get(place).status_code == 404


@pytest.mark.parametrize(
    ("fields", "status", "code", "place"),
    [
        ({"post": "king"}, 422, "code.unknown", "/post"),
        ({"end_reason": "boredom", "valid_to": "2026-02-01"}, 422, "code.unknown", "/end_reason"),
        ({"valid_to": "2026-01-01"}, 422, "appointment.dates", "/valid_to"),
        ({"end_reason": "retired"}, 422, "appointment.dates", "/end_reason"),
        ({"place_code": "990001009"}, 404, "place.not_found", "/place_code"),
        ({"place_code": "990001009001001"}, 404, "place.not_found", "/place_code"),
        ({"member_id": None}, 404, "member.not_found", "/member_id"),
        ({"member": {"source": "x", "source_id": "y"}}, 404, "member.not_found", "/member"),
        ({"valid_from": "2026-02-30"}, 422, "request.invalid", "/valid_from"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(
    people: People, fields: dict[str, Any], status: int, code: str, place: str
) -> None:
    member = people.registry.post("members", a_member())
    answer = people.client.post(f"{V1}/appointments", json=post(member["id"]) | fields)
    found = refused(answer)
    assert found[:2] == (status, code), answer.text
    assert place in [where for where, _ in found[2]]


def test_appointments_outside_the_areas_look_absent(people: People, seen_by: SeenBy) -> None:
    registry = people.registry
    member = registry.post("members", a_member(division_code=C))
    made = registry.post("appointments", post(member["id"], place_code=C))
    registry.post("appointments", post(member["id"], place_code=C))
    mine = seen_by(STREET_1)
    place = f"{V1}/appointments/{made['id']}"
    assert people.client.get(place, headers=mine).status_code == 404
    for path in ("appointments", "appointments/overlaps"):
        assert people.client.get(f"{V1}/{path}", headers=mine).json()["items"] == []
        party = seen_by("*", organization_id="company-1")
        assert people.client.get(f"{V1}/{path}", headers=party).json()["items"] == []
    into = people.client.post(f"{V1}/appointments", json=post(member["id"]), headers=mine)
    assert refused(into)[:2] == (404, "member.not_found")


def test_appointments_come_from_sheets_and_twice_the_same(people: People, seen_by: SeenBy) -> None:
    registry = people.registry
    members = f"人员编号,区划代码,人员类别,姓名\n1,{A},网格长,王小五\n2,{C},网格员,李四\n"
    registry.load("members", members.replace("网格员", "专职网格员"))
    sheet = (
        "任职编号,人员编号,职务,任职地点,任职起始,任职终止,终止原因\n"
        f"a,1,网格长,{GRID},2026年1月1日,,\n"
        f"b,1,兼职委员,{A},2026/1/1,2026/7/1,任期届满\n"
    )
    job = registry.load("appointments", sheet)
    assert (job["state"], job["counts"]["created"]) == ("succeeded", 2), job
    assert registry.load("appointments", sheet)["counts"]["unchanged"] == 2
    assert len(registry.get("appointments/overlaps")["items"]) == 1
    wrong = (
        "任职编号,人员编号,职务,任职地点,任职起始,任职终止,终止原因\n"
        f"c,9,网格长,{A},2026-01-01,,\n"
        f"d,,网格长,{A},2026-01-01,,\n"
        f"e,1,国王,{A},2026-01-01,,\n"
        f"f,1,,{A},2026-01-01,,\n"
        f"g,1,网格长,990001009,2026-01-01,,\n"
        f"h,1,网格长,{A},2026-01-01,2025-01-01,\n"
        f"i,1,网格长,{A},,,\n"
        f"j,2,网格长,{C},2026-01-01,,\n"
    )
    job = registry.load("appointments", wrong, headers=seen_by(STREET_1), on_error="skip")
    assert [(e["row"], e["column"], e["code"]) for e in job["errors"]] == [
        (2, "member_source_id", "member.not_found"),
        (3, "member_source_id", "member.not_found"),
        (4, "post", "code.unknown"),
        (5, "post", "field.missing"),
        (6, "place_code", "place.not_found"),
        (6, "place_code", "row.outside_area"),
        (7, "valid_to", "appointment.dates"),
        (8, "valid_from", "field.missing"),
        (9, "member_source_id", "member.not_found"),
        (9, "place_code", "row.outside_area"),
    ]
