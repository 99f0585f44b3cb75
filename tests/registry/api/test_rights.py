"""Rights of persons: erased for good after a dry run, and a copy of all that is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import asyncpg
import httpx
import pytest

from kit.auth import SCOPES
from tests.registry.api.test_members import a_member
from tests.registry.factories import STREET_1, V1, A, C, Registry
from tests.registry.people import (
    ANY,
    PURPOSE,
    People,
    a_name,
    a_person,
    a_phone,
    an_id_number,
    as_csv,
    refused,
)

SeenBy = Callable[..., dict[str, str]]


@pytest.fixture
def people(registry: Registry) -> People:
    return People(registry)


def erase(people: People, row_id: str, noun: str = "residents", **body: Any) -> httpx.Response:
    headers = body.pop("headers", ANY)
    asked = {"reason": "subject_request"} | body
    return people.client.post(f"{V1}/{noun}/{row_id}/erasure", json=asked, headers=headers)


def stored(url: str, table: str, row_id: str) -> dict[str, Any]:
    async def look() -> dict[str, Any]:
        connection = await asyncpg.connect(url)
        try:
            return dict(await connection.fetchrow(f"SELECT * FROM {table} WHERE id = $1", row_id))
        finally:
            await connection.close()

    return asyncio.run(look())


def test_a_dry_run_tells_what_would_go_and_changes_nothing(people: People) -> None:
    made = people.add(people.household(), tags=["elderly"], residence_type="own")
    answer = erase(people, made["id"], headers={})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["dry_run"], told["erased_at"], told["version"]) == (True, None, 1)
    assert set(told["fields"]) == {
        "name", "id_number", "phone", "birth_date", "sex", "birth_year", "residence_type", "tags",
    }  # fmt: skip
    assert answer.headers["etag"] == '"1"'
    assert people.read(made["id"]) == made


def test_erasing_leaves_a_tombstone_and_nothing_of_the_person(people: People, url: str) -> None:
    home = people.household()
    made = people.add(home, relation_to_householder="householder", tags=["elderly"])
    assert refused(erase(people, made["id"], dry_run=False, headers={}))[:2] == (
        428,
        "precondition.required",
    )
    stale = erase(people, made["id"], dry_run=False, headers={"If-Match": '"9"'})
    assert stale.status_code == 412
    done = erase(people, made["id"], dry_run=False, headers={"If-Match": '"1"'})
    assert done.status_code == 200, done.text
    told = done.json()
    assert (told["dry_run"], told["erasure_reason"], told["erased_by"]) == (
        False,
        "subject_request",
        "test-client",
    )
    row = stored(url, "residents", made["id"])
    for name in ("name", "id_number", "phone", "birth_date"):
        assert row[name] is None
        assert row[f"{name}_hash"] is None
    assert (row["sex"], row["birth_year"], row["relation_to_householder"]) == (None, None, None)
    assert row["tags"] == row["warnings"] == []
    assert row["ended_at"] is not None
    assert people.client.get(f"{V1}/residents/{made['id']}").status_code == 404
    [stone] = people.registry.get("residents", include_ended="true")["items"]
    assert (stone["id"], stone["name"], stone["erasure_reason"]) == (
        made["id"],
        None,
        "subject_request",
    )
    assert people.look_up("phone", a_phone(1)).json()["items"] == []
    assert refused(erase(people, made["id"], dry_run=False))[:2] == (409, "person.erased")
    last = people.registry.get("changes", subject=made["id"])["items"][-1]
    assert (last["action"], "phone" in last["fields"]) == ("erased", True)
    assert people.trail(action="erased")[-1]["subjects"] == [made["id"]]
    heir = people.add(home, 2, relation_to_householder="householder")
    assert heir["relation_to_householder"] == "householder"


def test_one_who_has_ended_can_be_erased_too(people: People) -> None:
    made = people.add(people.household())
    people.client.delete(f"{V1}/residents/{made['id']}", headers=ANY)
    assert erase(people, made["id"], dry_run=False).status_code == 200


def test_a_source_cannot_bring_back_what_was_erased(people: People) -> None:
    home = people.household()
    place = f"{V1}/residents/by-source/street/R1"
    made = people.client.put(place, json=a_person(household_id=home)).json()
    erase(people, made["id"], dry_run=False)
    again = people.client.put(place, json=a_person(household_id=home), headers=ANY)
    assert refused(again)[:2] == (409, "person.erased")
    rows = [
        {"source_id": "R1", **a_person(), "community_code": A, "household_no": "001"},
        {"source_id": "R2", **a_person(2), "community_code": A, "household_no": "001"},
    ]
    job = people.registry.load("residents", as_csv(rows), source="street", on_error="skip")
    assert [(e["row"], e["code"]) for e in job["errors"]] == [(2, "person.erased")]
    assert job["counts"]["created"] == 1


def test_a_member_is_erased_and_the_posts_stay(people: People, url: str) -> None:
    member = people.registry.post("members", a_member(public_contact=True))
    body = {"member_id": member["id"], "post": "grid_member", "place_code": A}
    people.registry.post("appointments", body | {"valid_from": "2026-01-01"})
    tried = erase(people, member["id"], "members")
    assert set(tried.json()["fields"]) == {
        "name", "id_number", "phone", "work_phone", "public_contact",
    }  # fmt: skip
    assert erase(people, member["id"], "members", dry_run=False).status_code == 200
    row = stored(url, "members", member["id"])
    assert (row["name"], row["work_phone_hash"], row["public_contact"]) == (None, None, False)
    assert len(people.registry.get("appointments", member_id=member["id"])["items"]) == 1


def test_erasing_needs_both_scopes_a_known_reason_and_the_area(
    people: People, seen_by: SeenBy
) -> None:
    made = people.add(people.household(C))
    for lacking in ("pii:read", "registry:write"):
        scopes = [scope for scope in SCOPES if scope != lacking]
        bare = seen_by("*", scopes=scopes) | ANY
        assert erase(people, made["id"], dry_run=False, headers=bare).status_code == 403
    unknown = erase(people, made["id"], reason="because")
    assert refused(unknown)[:2] == (422, "code.unknown")
    hidden = erase(people, made["id"], dry_run=False, headers=seen_by(STREET_1) | ANY)
    assert refused(hidden)[:2] == (404, "resident.not_found")
    party = seen_by("*", organization_id="company-1") | ANY
    assert erase(people, made["id"], headers=party).status_code == 404
    assert people.read(made["id"])["version"] == 1


def test_a_copy_tells_what_is_kept_and_who_has_seen_it(people: People, seen_by: SeenBy) -> None:
    made = people.add(people.household())
    people.change(made["id"], phone=a_phone(9))
    people.read(made["id"], PURPOSE)
    place = f"{V1}/residents/{made['id']}/export"
    bare = people.client.get(place)
    assert refused(bare)[:2] == (422, "request.invalid")
    answer = people.client.get(place, headers={"X-Purpose": "subject_request"})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["resident"]["name"], told["resident"]["phone"]) == (a_name(1), a_phone(9))
    assert told["resident"]["id_number"] == an_id_number(1, "630102")
    assert [change["action"] for change in told["changes"]] == ["updated", "created"]
    assert [seen["action"] for seen in told["disclosures"]] == ["read", "updated", "created"]
    assert people.trail()[-1]["action"] == "copied"
    without = seen_by("*", scopes=[scope for scope in SCOPES if scope != "pii:read"])
    assert people.client.get(place, headers=without | PURPOSE).status_code == 403
    hidden = people.client.get(place, headers=seen_by(STREET_1[:-1] + "2") | PURPOSE)
    assert hidden.status_code == 404
