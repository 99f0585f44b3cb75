"""Residents: who belongs to which household, masked unless asked for with a purpose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.registry.factories import STREET_1, V1, A, B, C, Registry
from tests.registry.people import (
    ANY,
    PURPOSE,
    People,
    a_person,
    a_phone,
    an_id_number,
    refused,
)

SeenBy = Callable[..., dict[str, str]]


@pytest.fixture
def people(registry: Registry) -> People:
    return People(registry)


def test_a_resident_belongs_to_a_household_and_is_answered_masked(people: People) -> None:
    home = people.household()
    made = people.add(
        home,
        name="王小五",
        id_number="63010219900307159X",
        phone="+86 138 0013 8000",
        relation_to_householder="householder",
        residence_type="own",
        tags=["volunteer", "party_member", "volunteer"],
    )
    assert made["community_code"] == A
    assert (made["household_id"], made["registered_household_id"]) == (home, None)
    assert made["registered_elsewhere"] is None
    assert made["is_masked"] is True
    assert made["name"] == "王**"
    assert made["id_number"] == "6301************9X"
    assert made["phone"] == "138****8000"
    assert made["birth_date"] == "1990-**-**"
    assert made["sex"] == "male"
    assert made["tags"] == ["party_member", "volunteer"]
    assert made["warnings"] == []
    assert people.read(made["id"]) == made


def test_clear_text_needs_a_purpose_and_shows_the_one_form_of_numbers(people: People) -> None:
    made = people.add(
        people.household(), name="王小五", id_number="630102900307159", phone="(0971) 812 3567"
    )
    clear = people.read(made["id"], PURPOSE)
    assert clear["is_masked"] is False
    assert clear["name"] == "王小五"
    assert clear["id_number"] == "63010219900307159X"
    assert clear["phone"] == "0971-8123567"
    assert clear["birth_date"] == "1990-03-07"


def test_an_answer_in_clear_is_never_stored_and_never_not_modified(people: People) -> None:
    made = people.add(people.household())
    place = f"{V1}/residents/{made['id']}"
    masked = people.client.get(place)
    tag = {"If-None-Match": masked.headers["etag"]}
    assert people.client.get(place, headers=tag).status_code == 304
    clear = people.client.get(place, headers=tag | PURPOSE)
    assert clear.status_code == 200
    assert clear.headers["cache-control"] == "no-store"
    assert clear.headers["vary"] == "X-Purpose"
    assert clear.json()["name"] == a_person()["name"]


def test_what_is_wrong_with_a_person_is_named_all_at_once_and_never_echoed(people: People) -> None:
    home = people.household()
    answer = people.client.post(
        f"{V1}/residents",
        json={
            "household_id": home,
            "name": " ",
            "id_number": "630102199003071211",
            "phone": "12345678901",
        },
    )
    status, code, places = refused(answer)
    assert (status, code) == (422, "person.field_refused")
    assert sorted(places) == [
        ("/id_number", "id_number.check_character"),
        ("/name", "name.empty"),
        ("/phone", "phone.form"),
    ]
    assert "630102199003071211" not in answer.text
    assert "12345678901" not in answer.text
    assert people.registry.get("residents")["items"] == []


@pytest.mark.parametrize(
    ("fields", "status", "code", "place"),
    [
        ({"birth_date": "1990-03-08"}, 422, "person.field_refused", "/birth_date"),
        ({"tags": ["elderly", "unheard_of"]}, 422, "code.unknown", "/tags/1"),
        ({"household_id": None}, 409, "resident.household_missing", "/household_id"),
        (
            {"household_id": "00000000-0000-7000-8000-000000000000"},
            404,
            "household.not_found",
            "/household_id",
        ),
        (
            {"registered_household": {"source": "x", "source_id": "1"}},
            404,
            "household.not_found",
            "/registered_household",
        ),
        ({"registered_household_id": "same", "registered_elsewhere": True}, 409, None, None),
        ({"ethnicity": "x"}, 422, "request.invalid", "/ethnicity"),
        ({"sex": "unknown"}, 422, "request.invalid", "/sex"),
        ({"relation_to_householder": "cousin"}, 422, "request.invalid", "/relation_to_householder"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(
    people: People, fields: dict[str, Any], status: int, code: str | None, place: str | None
) -> None:
    home = people.household()
    fields = {name: home if value == "same" else value for name, value in fields.items()}
    body = a_person(household_id=home, id_number="63010219900307159X") | fields
    answer = people.client.post(f"{V1}/residents", json=body)
    got = refused(answer)
    assert got[0] == status, answer.text
    assert got[1] == (code or "resident.registration_contradiction")
    if place is not None:
        assert place in [where for where, _ in got[2]]


def test_an_unknown_region_and_another_sex_are_told_and_accepted(people: People) -> None:
    home = people.household()
    made = people.add(home, id_number=an_id_number(2, "990001"), sex="female")
    again = people.add(home, id_number=an_id_number(3, "630102"), sex="female")
    assert [w["code"] for w in made["warnings"]] == ["id_number.region_unknown"]
    assert [w["code"] for w in again["warnings"]] == ["id_number.sex_differs"]
    chinese = people.client.get(
        f"{V1}/residents/{made['id']}", headers={"Accept-Language": "zh-CN"}
    )
    assert "行政区划未知" in chinese.json()["warnings"][0]["detail"]
    listed = people.registry.get("residents", warning="id_number.sex_differs")["items"]
    assert [item["id"] for item in listed] == [again["id"]]


def test_a_person_may_be_registered_elsewhere_than_they_live(people: People) -> None:
    lives, registered = people.household(A, "001"), people.household(B, "002")
    made = people.add(lives, registered_household_id=registered)
    assert (made["registered_elsewhere"], made["community_code"]) == (True, A)
    one_home = people.add(lives, 2, registered_household_id=lives)
    assert one_home["registered_elsewhere"] is False
    outside = people.add(lives, 3, registered_elsewhere=True)
    assert outside["registered_elsewhere"] is True
    empty = people.registry.post("residents", a_person(4, registered_household_id=registered))
    assert (empty["registered_elsewhere"], empty["community_code"]) == (True, B)
    assert empty["household_id"] is None
    listed = people.registry.get("residents", registered_elsewhere="true", area=A)["items"]
    assert {item["id"] for item in listed} == {made["id"], outside["id"]}
    here = people.registry.get("residents", household_id=registered)["items"]
    assert {item["id"] for item in here} == {made["id"], empty["id"]}


def test_a_household_has_one_householder(people: People) -> None:
    home = people.household()
    first = people.add(home, 1, relation_to_householder="householder")
    second = people.add(home, 2, relation_to_householder="spouse")
    taken = people.change(second["id"], relation_to_householder="householder")
    assert refused(taken)[:2] == (409, "resident.householder_taken")
    elsewhere = people.household(A, "002")
    registered = a_person(3, registered_household_id=home, household_id=elsewhere)
    people.registry.post("residents", registered | {"relation_to_householder": "householder"})
    assert people.change(first["id"], relation_to_householder="other").status_code == 200
    assert people.change(second["id"], relation_to_householder="householder").status_code == 200
    ended = people.client.delete(f"{V1}/residents/{second['id']}", headers=ANY)
    assert ended.status_code == 204
    assert people.change(first["id"], relation_to_householder="householder").status_code == 200


def test_a_patch_changes_what_it_names_and_only_names_are_written_down(people: People) -> None:
    made = people.add(people.household(), id_number="63010219900307159X")
    nothing = people.change(made["id"], name=a_person()["name"], phone=f"+86{a_phone(1)}")
    assert nothing.json()["version"] == 1
    changed = people.change(made["id"], phone="13900139000", tags=["elderly"]).json()
    assert (changed["version"], changed["phone"]) == (2, "139****9000")
    assert refused(people.change(made["id"], birth_date="1991-01-01"))[0] == 422
    assert people.change(made["id"], birth_date="1990-03-07").json()["version"] == 2
    freed = people.change(made["id"], id_number=None, birth_date="1991-01-01").json()
    assert (freed["id_number"], freed["birth_date"]) == (None, "1991-**-**")
    assert refused(people.change(made["id"], name=None))[0] == 422
    history = people.registry.get("changes", noun="resident", subject=made["id"])["items"]
    assert [(item["action"], item["fields"]) for item in history] == [
        ("created", []),
        ("updated", ["phone", "tags"]),
        ("updated", ["birth_date", "birth_year", "id_number"]),
    ]
    trail = people.trail(subject=made["id"])
    assert [(row["action"], row["fields"]) for row in trail] == [
        (item["action"], item["fields"]) for item in history
    ]


def test_changes_need_the_version_that_was_read(people: People) -> None:
    made = people.add(people.household())
    place = f"{V1}/residents/{made['id']}"
    assert people.client.patch(place, json={"tags": []}).status_code == 428
    stale = people.client.patch(place, json={"tags": []}, headers={"If-Match": '"7"'})
    assert stale.status_code == 412
    assert people.client.delete(place).status_code == 428


def test_a_source_creates_replaces_and_revives_its_resident(people: People) -> None:
    home = people.household()
    place = f"{V1}/residents/by-source/street/R-1"
    made = people.client.put(place, json=a_person(household_id=home))
    assert made.status_code == 201
    row_id = made.json()["id"]
    same = people.client.put(place, json=a_person(household_id=home), headers=ANY)
    assert (same.status_code, same.json()["version"]) == (200, 1)
    assert people.client.put(place, json=a_person(household_id=home)).status_code == 428
    other = people.client.put(place, json={"household_id": home, "name": "李四"}, headers=ANY)
    assert (other.json()["id"], other.json()["id_number"]) == (row_id, None)
    assert people.client.delete(f"{V1}/residents/{row_id}", headers=ANY).status_code == 204
    assert people.client.get(f"{V1}/residents/{row_id}").status_code == 404
    back = people.client.put(place, json=a_person(household_id=home))
    assert (back.status_code, back.json()["id"]) == (201, row_id)
    listed = people.registry.get("residents", updated_since="2020-01-01T00:00:00Z")["items"]
    assert [item["source_id"] for item in listed] == ["R-1"]


def test_an_identity_number_may_not_name_a_row(people: People) -> None:
    home = people.household()
    place = f"{V1}/residents/by-source/street/{an_id_number(5)}"
    answer = people.client.put(place, json=a_person(household_id=home))
    assert refused(answer)[:2] == (422, "person.source_id_personal")


def test_a_resident_is_kept_once_per_idempotency_key(people: People) -> None:
    home = people.household()
    key = {"Idempotency-Key": "make-resident-1"}
    body = a_person(household_id=home)
    answers = [people.client.post(f"{V1}/residents", json=body, headers=key) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["idempotency-replayed"] == "true"
    assert len(people.registry.get("residents")["items"]) == 1


def test_a_household_with_residents_cannot_end_and_takes_them_along(people: People) -> None:
    home = people.household(A)
    made = people.add(home)
    ended = people.client.delete(f"{V1}/households/{home}", headers=ANY)
    assert refused(ended)[:2] == (409, "household.has_residents")
    other = people.registry.building(B)
    moved = people.client.patch(
        f"{V1}/households/{home}", json={"building_id": other["id"]}, headers=ANY
    )
    assert moved.status_code == 200
    assert people.read(made["id"])["community_code"] == B
    back = people.client.patch(
        f"{V1}/buildings/{other['id']}",
        json={"community_code": C, "geometry": None},
        headers=ANY,
    )
    assert back.status_code == 200, back.text
    assert people.read(made["id"])["community_code"] == C


def test_residents_do_not_change_the_numbers_of_a_community(people: People) -> None:
    home = people.household()
    before = people.registry.snapshot(A)["version"]
    people.add(home)
    assert people.registry.snapshot(A)["version"] == before


def test_residents_outside_the_areas_look_absent(people: People, seen_by: SeenBy) -> None:
    hidden_home, own_home = people.household(C, "001"), people.household(A, "002")
    hidden = people.add(hidden_home, 1)
    mine = seen_by(STREET_1)
    absent = hidden["id"][:-4] + "0000"

    def bare(answer: httpx.Response) -> tuple[int, dict[str, Any]]:
        told = {k: v for k, v in answer.json().items() if k not in {"instance", "request_id"}}
        return answer.status_code, told

    for method, body in (("GET", None), ("PATCH", {}), ("DELETE", None)):
        for purpose in ({}, PURPOSE):
            answers = [
                bare(
                    people.client.request(
                        method, f"{V1}/residents/{one}", json=body, headers=mine | ANY | purpose
                    )
                )
                for one in (hidden["id"], absent)
            ]
            assert answers[0] == answers[1]
            assert answers[0][0] == 404
    assert people.client.get(f"{V1}/residents", headers=mine).json()["items"] == []
    found = people.look_up("phone", a_phone(1), mine)
    assert found.json() == {"items": [], "is_complete": True}
    into = people.client.post(
        f"{V1}/residents", json=a_person(2, household_id=hidden_home), headers=mine
    )
    assert refused(into)[:2] == (404, "household.not_found")
    registered = people.client.post(
        f"{V1}/residents",
        json=a_person(2, household_id=own_home, registered_household_id=hidden_home),
        headers=mine,
    )
    assert refused(registered)[:2] == (404, "household.not_found")
    assert people.read(hidden["id"])["version"] == 1


def test_a_handling_party_sees_no_residents_at_all(people: People, seen_by: SeenBy) -> None:
    home = people.household()
    made = people.add(home)
    party = seen_by("*", organization_id="company-1")
    assert people.client.get(f"{V1}/households", headers=party).json()["items"] != []
    assert people.client.get(f"{V1}/residents", headers=party).json()["items"] == []
    assert people.client.get(f"{V1}/residents/{made['id']}", headers=party).status_code == 404
    assert people.look_up("phone", a_phone(1), party).json()["items"] == []
    answer = people.client.post(
        f"{V1}/residents", json=a_person(2, household_id=home), headers=party
    )
    assert refused(answer)[:2] == (404, "household.not_found")


def test_a_look_up_finds_by_every_way_to_write_a_number(people: People) -> None:
    home = people.household()
    made = people.add(home, 1, id_number="63010219900307159X", phone="13800138000")
    people.add(home, 2)
    for by, value in (
        ("id_number", "63010219900307159x"),
        ("id_number", "630102900307159"),
        ("id_number", "６３０１０２１９９００３０７１５９Ｘ"),
        ("phone", "+86 138-0013-8000"),
    ):
        answer = people.look_up(by, value)
        assert [item["id"] for item in answer.json()["items"]] == [made["id"]]
        assert answer.json()["items"][0]["phone"] == "138****8000"
    clear = people.look_up("phone", "13800138000", PURPOSE).json()["items"]
    assert clear[0]["phone"] == "13800138000"
    nobody = people.look_up("phone", "13800138001")
    assert (nobody.status_code, nobody.json()) == (200, {"items": [], "is_complete": True})
    wrong = people.look_up("id_number", "630102199003071211")
    assert refused(wrong) == (
        422,
        "person.field_refused",
        [("/value", "id_number.check_character")],
    )
    assert "630102199003071211" not in wrong.text


def test_lists_are_filtered_paged_and_streamed_masked(people: People) -> None:
    home = people.household()
    for nth in range(5):
        tags = ["elderly"] if nth % 2 else []
        people.add(home, nth, tags=tags, residence_type="rent" if nth else "own")
    registry = people.registry
    page = registry.get("residents", limit=2, count="true")
    assert (len(page["items"]), page["count"]) == (2, 5)
    rest = registry.get("residents", limit=10, cursor=page["next_cursor"])
    assert len(rest["items"]) == 3
    assert len(registry.get("residents", tag="elderly")["items"]) == 2
    assert len(registry.get("residents", residence_type="own")["items"]) == 1
    for media in ("text/csv", "application/x-ndjson"):
        text = people.client.get(f"{V1}/residents", headers={"Accept": media}).text
        assert len(text.splitlines()) == 5 + (media == "text/csv")
        for nth in range(5):
            assert a_phone(nth) not in text
            assert an_id_number(nth, "630102") not in text
            assert a_person(nth)["name"] not in text


def test_the_lists_of_codes_are_answered_with_their_names(registry: Registry) -> None:
    lists = registry.get("people-lists")["lists"]
    visit = {"code": "home_visit", "name": "入户走访", "name_en": "Home visit"}
    assert visit in lists["purposes"]
    assert {"tags", "member_kinds", "posts", "appointment_end_reasons"} <= set(lists)
