"""Clear text: with scope, purpose and a row in the trail, within the quota; never otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from kit.auth import SCOPES
from kit.testing.clock import FrozenClock
from kit.testing.in_process import in_process
from kit.testing.tokens import TestTokens
from services.registry.app import create_app
from tests.registry.factories import STREET_1, V1, A, B, Registry, settings_for
from tests.registry.people import PURPOSE, REASON, People, a_name, a_phone, an_id_number, refused

SeenBy = Callable[..., dict[str, str]]
WITHOUT_PII = [scope for scope in SCOPES if scope != "pii:read"]


@pytest.fixture
def people(registry: Registry) -> People:
    return People(registry)


def fill(people: People, count: int = 3) -> list[dict[str, Any]]:
    home = people.household()
    return [people.add(home, nth) for nth in range(1, count + 1)]


def test_a_single_read_is_one_row_that_says_who_whom_and_why(people: People) -> None:
    [made] = fill(people, 1)
    answer = people.client.get(
        f"{V1}/residents/{made['id']}", headers=REASON | {"X-Request-Id": "req-0001-visible"}
    )
    assert answer.json()["phone"] == a_phone(1)
    row = people.trail()[-1]
    assert (row["action"], row["noun"], row["subjects"]) == ("read", "resident", [made["id"]])
    assert (row["client_id"], row["areas"]) == ("test-client", ["*"])
    assert (row["purpose"], row["purpose_note"], row["outcome"]) == (
        "data_check",
        "年度核对",
        "done",
    )
    assert row["request_id"] == answer.headers["x-request-id"]
    assert row["fields"] == ["birth_date", "id_number", "name", "phone"]
    assert (row["area"], row["details"]) == (A, {"count": 1, "clear": True})
    text = people.client.get(f"{V1}/audit").text
    for personal in (a_phone(1), a_name(1), an_id_number(1, "630102")):
        assert personal not in text


def test_masked_reads_leave_no_row(people: People) -> None:
    [made] = fill(people, 1)
    before = len(people.trail())
    people.read(made["id"])
    people.registry.get("residents")
    assert len(people.trail()) == before


def test_a_page_in_clear_is_one_row_with_its_filter_and_whom_it_showed(people: People) -> None:
    made = fill(people, 3)
    page = people.client.get(
        f"{V1}/residents", params={"area": A, "limit": 2}, headers=PURPOSE
    ).json()
    assert [item["phone"] for item in page["items"]] == [a_phone(1), a_phone(2)]
    row = people.trail()[-1]
    assert (row["action"], row["subjects"]) == ("listed", [item["id"] for item in made[:2]])
    assert row["details"] == {"count": 2, "filter": {"area": A}, "clear": True}
    before = len(people.trail())
    empty = people.client.get(f"{V1}/residents", params={"area": B}, headers=PURPOSE)
    assert empty.json()["items"] == []
    assert len(people.trail()) == before


@pytest.mark.parametrize("path", ["residents", "residents/{id}", "residents/lookup"])
def test_without_the_scope_the_wish_is_refused_and_written_down(
    people: People, seen_by: SeenBy, path: str
) -> None:
    [made] = fill(people, 1)
    bare = seen_by("*", scopes=WITHOUT_PII, client_id="curious")
    place = f"{V1}/{path.format(id=made['id'])}"
    method = "POST" if path.endswith("lookup") else "GET"
    body = {"by": "phone", "value": a_phone(1)} if method == "POST" else None
    answer = people.client.request(method, place, headers=bare | PURPOSE, json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "token.scope_missing")
    assert 'scope="registry:read pii:read"' in answer.headers["www-authenticate"]
    row = people.trail(outcome="refused")[-1]
    assert (row["client_id"], row["action"], row["purpose"]) == ("curious", "read", "home_visit")
    assert a_phone(1) not in answer.text
    masked = people.client.request(method, place, headers=bare, json=body)
    assert masked.status_code == 200
    assert a_phone(1) not in masked.text


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("curiosity", "purpose.unknown"),
        ("home_visit; 13800138000", "purpose.note_refused"),
        ("Home Visit", "request.invalid"),
        ("", "request.invalid"),
    ],
)
def test_an_unknown_purpose_is_refused_before_anything_is_shown(
    people: People, header: str, code: str
) -> None:
    [made] = fill(people, 1)
    answer = people.client.get(f"{V1}/residents/{made['id']}", headers={"X-Purpose": header})
    status, found, places = refused(answer)
    assert (status, found, places[0][0]) == (422, code, "X-Purpose")
    assert "13800138000" not in answer.text


@pytest.mark.parametrize("media", ["text/csv", "application/x-ndjson"])
def test_an_export_in_clear_needs_words_and_names_everybody_in_the_trail(
    people: People, media: str
) -> None:
    made = fill(people, 3)
    bare = people.client.get(f"{V1}/residents", headers=PURPOSE | {"Accept": media})
    assert refused(bare)[:2] == (422, "purpose.note_refused")
    whole = people.client.get(f"{V1}/residents", headers=REASON | {"Accept": media})
    assert all(a_phone(nth) in whole.text for nth in (1, 2, 3))
    begun, rows = people.trail()[-2:]
    assert (begun["action"], begun["details"]["count"]) == ("export_begun", 3)
    assert (rows["action"], rows["subjects"]) == ("exported", [item["id"] for item in made])
    masked = people.client.get(f"{V1}/residents", headers={"Accept": media})
    assert a_phone(1) not in masked.text


@contextmanager
def limited(
    url: str, tokens: TestTokens, clock: FrozenClock, folder: Path, **changes: Any
) -> Iterator[People]:
    app = create_app(settings_for(url, folder, **changes), verifier=tokens.verifier(), clock=clock)
    with in_process(app) as client:
        client.headers.update(tokens.headers())
        registry = Registry(client)
        registry.district()
        yield People(registry)


def test_clear_rows_of_all_kinds_count_against_the_clients_day(
    url: str, tokens: TestTokens, clock: FrozenClock, tmp_path: Path
) -> None:
    with limited(url, tokens, clock, tmp_path, clear_rows_per_day=5) as people:
        made = fill(people, 3)
        people.read(made[0]["id"], PURPOSE)
        people.look_up("phone", a_phone(1), PURPOSE)
        page = people.client.get(f"{V1}/residents", headers=PURPOSE)
        assert page.status_code == 200
        over = people.client.get(f"{V1}/residents/{made[0]['id']}", headers=PURPOSE)
        assert refused(over)[:2] == (429, "quota.used")
        assert int(over.headers["retry-after"]) > 3600
        stream = people.client.get(f"{V1}/residents", headers=REASON | {"Accept": "text/csv"})
        assert stream.status_code == 429
        assert a_phone(1) not in stream.text
        assert people.trail()[-1]["action"] == "listed"
        assert people.read(made[0]["id"])["is_masked"] is True
        other = tokens.headers(client_id="other")
        mine = people.client.get(f"{V1}/residents/{made[0]['id']}", headers=other | PURPOSE)
        assert mine.status_code == 200
        clock.move(days=1)
        people.client.headers.update(tokens.headers())
        assert people.read(made[0]["id"], PURPOSE)["phone"] == a_phone(1)


def test_look_ups_are_counted_by_the_minute_whether_they_find_anybody_or_not(
    url: str, tokens: TestTokens, clock: FrozenClock, tmp_path: Path
) -> None:
    with limited(url, tokens, clock, tmp_path, lookups_per_minute=3) as people:
        fill(people, 1)
        for value in (a_phone(1), a_phone(2), a_phone(3)):
            assert people.look_up("phone", value).status_code == 200
        over = people.look_up("phone", a_phone(4))
        assert refused(over)[:2] == (429, "quota.used")
        assert 0 < int(over.headers["retry-after"]) <= 60
        looked = people.trail(action="looked_up")
        assert [row["details"]["count"] for row in looked] == [1, 0, 0]
        assert all(row["fields"] == ["phone"] for row in looked)
        clock.move(minutes=1)
        assert people.look_up("phone", a_phone(1)).status_code == 200


def test_when_the_trail_cannot_be_written_nothing_is_shown(people: People, url: str) -> None:
    [made] = fill(people, 1)

    async def held() -> httpx.Response:
        connection = await asyncpg.connect(url)
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("SELECT pg_advisory_xact_lock(704217)")
        try:
            return await asyncio.to_thread(
                people.client.get, f"{V1}/residents/{made['id']}", headers=PURPOSE
            )
        finally:
            await transaction.rollback()
            await connection.close()

    answer = asyncio.run(held())
    assert (answer.status_code, answer.json()["code"]) == (503, "database.unavailable")
    assert a_phone(1) not in answer.text
    assert people.read(made["id"], PURPOSE)["phone"] == a_phone(1)


def test_the_trail_is_read_and_verified_with_its_own_scope(people: People, seen_by: SeenBy) -> None:
    made = fill(people, 2)
    people.read(made[0]["id"], PURPOSE)
    found = people.registry.get("audit/verify")
    assert (found["ok"], found["faults"], found["next_seq"]) == (True, [], None)
    assert found["checked"] == found["head_seq"] == found["checkpoint"]["seq"] == 3
    assert found["checkpoint"]["hash"] == found["head_hash"]
    part = people.registry.get("audit/verify", rows_max=2)
    assert (part["checked"], part["next_seq"], part["checkpoint"]) == (2, 3, None)
    rest = people.registry.get("audit/verify", from_seq=3)
    assert (rest["checked"], rest["ok"]) == (1, True)
    bare = seen_by("*", scopes=["registry:read", "pii:read"])
    for path in ("audit", "audit/verify"):
        assert people.client.get(f"{V1}/{path}", headers=bare).status_code == 403
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert people.client.request(method, f"{V1}/audit").status_code == 405
    street = people.client.get(f"{V1}/audit", headers=seen_by(STREET_1)).json()["items"]
    other = people.client.get(f"{V1}/audit", headers=seen_by("990001002")).json()["items"]
    assert (len(street), other) == (3, [])
    csv = people.client.get(f"{V1}/audit", headers={"Accept": "text/csv"})
    assert csv.text.count("\n") == 4


def test_a_changed_row_of_the_trail_is_told_over_http(people: People, url: str) -> None:
    fill(people, 3)

    async def tamper() -> None:
        connection = await asyncpg.connect(url)
        await connection.execute("SET session_replication_role = replica")
        await connection.execute("UPDATE audit SET client_id = 'somebody' WHERE seq = 2")
        await connection.close()

    asyncio.run(tamper())
    found = people.registry.get("audit/verify")
    assert (found["ok"], found["faults"]) == (False, [{"kind": "changed", "seq": 2}])
    assert found["checkpoint"] is None
