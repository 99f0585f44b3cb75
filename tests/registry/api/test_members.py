"""Members of the governance force: sealed as residents are, but for agreed public contacts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.registry.factories import DISTRICT, STREET_1, STREET_2, V1, A, C, Registry
from tests.registry.people import ANY, PURPOSE, People, a_name, a_phone, an_id_number, refused

SeenBy = Callable[..., dict[str, str]]


@pytest.fixture
def people(registry: Registry) -> People:
    return People(registry)


def a_member(nth: int = 1, **fields: Any) -> dict[str, Any]:
    known = {
        "division_code": A,
        "kind": "grid_member",
        "name": a_name(nth),
        "phone": a_phone(nth),
        "work_phone": "0971-8123567",
        "id_number": an_id_number(nth, "630102"),
    }
    return known | fields


def test_a_members_data_are_masked_until_a_purpose_is_given(people: People) -> None:
    made = people.registry.post("members", a_member())
    assert (made["kind"], made["division_code"], made["is_masked"]) == ("grid_member", A, True)
    assert made["name"] == a_name(1)[0] + "*" * (len(a_name(1)) - 1)
    assert (made["phone"], made["work_phone"]) == ("190****0001", "0971-****567")
    place = f"{V1}/members/{made['id']}"
    clear = people.client.get(place, headers=PURPOSE).json()
    assert (clear["name"], clear["phone"], clear["is_masked"]) == (a_name(1), a_phone(1), False)
    row = people.trail(action="read")[-1]
    assert (row["noun"], row["subjects"], row["area"]) == ("member", [made["id"]], A)
    assert row["fields"] == ["id_number", "name", "phone", "work_phone"]


def test_an_agreed_public_contact_shows_name_and_work_phone_only(people: People) -> None:
    shy = people.registry.post("members", a_member(1))
    made = people.registry.post("members", a_member(2, public_contact=True))
    assert (made["name"], made["work_phone"]) == (a_name(2), "0971-8123567")
    assert (made["phone"], made["id_number"][:6]) == ("190****0002", "6301**")
    notice = people.registry.get("members", public_contact="true", area=A)["items"]
    assert [item["id"] for item in notice] == [made["id"]]
    withdrawn = people.client.patch(
        f"{V1}/members/{made['id']}", json={"public_contact": False}, headers=ANY
    )
    assert withdrawn.json()["work_phone"] == "0971-****567"
    assert shy["name"] != a_name(1)


def test_members_are_changed_replaced_and_filtered_as_everything_else(people: People) -> None:
    registry = people.registry
    place = f"{V1}/members/by-source/hr/M-1"
    made = people.client.put(place, json=a_member())
    assert made.status_code == 201
    again = people.client.put(place, json=a_member(), headers=ANY)
    assert (again.status_code, again.json()["version"]) == (200, 1)
    changed = people.client.patch(
        f"{V1}/members/{made.json()['id']}",
        json={"kind": "grid_head", "work_phone": None},
        headers=ANY,
    ).json()
    assert (changed["kind"], changed["work_phone"], changed["version"]) == ("grid_head", None, 2)
    registry.post("members", a_member(2, division_code=DISTRICT, kind="grid_instructor"))
    heads = registry.get("members", kind="grid_head")["items"]
    assert [item["source_id"] for item in heads] == ["M-1"]
    assert len(registry.get("members", area=DISTRICT)["items"]) == 2
    assert len(registry.get("members", area=STREET_1)["items"]) == 1
    history = registry.get("changes", noun="member", subject=changed["id"])["items"]
    assert [item["fields"] for item in history] == [[], ["kind", "work_phone"]]


@pytest.mark.parametrize(
    ("fields", "status", "code", "place"),
    [
        ({"kind": "wizard"}, 422, "code.unknown", "/kind"),
        ({"division_code": "990001009"}, 404, "division.not_found", "/division_code"),
        ({"phone": "1234567"}, 422, "person.field_refused", "/phone"),
        ({"work_phone": "1234567"}, 422, "person.field_refused", "/work_phone"),
        ({"id_number": "630102199003071219"}, 422, "person.field_refused", "/id_number"),
        ({"religion": "x"}, 422, "request.invalid", "/religion"),
    ],
)
def test_what_is_wrong_with_a_member_is_named(
    people: People, fields: dict[str, Any], status: int, code: str, place: str
) -> None:
    answer = people.client.post(f"{V1}/members", json=a_member(**fields))
    found = refused(answer)
    assert found[:2] == (status, code)
    assert place in [where for where, _ in found[2]]


def test_members_outside_the_areas_look_absent(people: People, seen_by: SeenBy) -> None:
    hidden = people.registry.post("members", a_member(1, division_code=C))
    above = people.registry.post("members", a_member(2, division_code=DISTRICT))
    mine = seen_by(STREET_1)
    for one in (hidden, above):
        for headers in (mine, seen_by("*", organization_id="company-1")):
            place = f"{V1}/members/{one['id']}"
            assert people.client.get(place, headers=headers | PURPOSE).status_code == 404
    assert people.client.get(f"{V1}/members", headers=mine).json()["items"] == []
    into = people.client.post(
        f"{V1}/members", json=a_member(3, division_code=STREET_2), headers=mine
    )
    assert refused(into)[:2] == (404, "division.not_found")


def test_members_come_from_chinese_sheets_and_twice_the_same(people: People) -> None:
    registry = people.registry
    sheet = (
        "人员编号,区划代码,人员类别,姓名,手机号,公示电话,同意公示,身份证号\n"
        f"1,{A},网格长,王小五,13800138000,0971-8123567,是,63010219900307159X\n"
        f"2,{C},在职党员,李四,13900139000,,否,\n"
        f"3,{STREET_1},police_deputy_secretary,赵六,,,,\n"
    )
    job = registry.load("members", sheet)
    assert (job["state"], job["counts"]["created"]) == ("succeeded", 3), job
    by_id = {item["source_id"]: item for item in registry.get("members")["items"]}
    assert (by_id["1"]["kind"], by_id["1"]["name"]) == ("grid_head", "王小五")
    assert (by_id["2"]["kind"], by_id["2"]["name"]) == ("in_service_party_member", "李*")
    assert by_id["3"]["public_contact"] is False
    again = registry.load("members", sheet)
    assert again["counts"]["unchanged"] == 3
    part = registry.load("members", "人员编号,手机号\n2,13700137000\n")
    assert part["counts"]["updated"] == 1, part
    clear = people.client.get(f"{V1}/members/{by_id['2']['id']}", headers=PURPOSE).json()
    assert (clear["phone"], clear["name"], clear["division_code"]) == ("13700137000", "李四", C)
    assert people.trail(action="imported")[-1]["noun"] == "member"


def test_wrong_member_rows_are_told(people: People, seen_by: SeenBy) -> None:
    sheet = (
        "source_id,division_code,kind,name,phone\n"
        f"1,{A},巫师,王五,\n"
        f"2,,grid_head,王五,\n"
        f"3,{A},,王五,\n"
        f"4,{A},grid_head,,\n"
        f"5,{A},grid_head,王五,12\n"
        f"6,990001009,grid_head,王五,\n"
        f"7,{C},grid_head,王五,\n"
    )
    job = people.registry.load("members", sheet, headers=seen_by(STREET_1), on_error="skip")
    assert [(e["row"], e["column"], e["code"]) for e in job["errors"]] == [
        (2, "kind", "code.unknown"),
        (3, "division_code", "division.not_found"),
        (4, "kind", "field.missing"),
        (5, "name", "name.empty"),
        (6, "phone", "phone.form"),
        (7, "division_code", "division.not_found"),
        (7, "division_code", "row.outside_area"),
        (8, "division_code", "row.outside_area"),
    ]
    assert job["counts"]["created"] == 0
