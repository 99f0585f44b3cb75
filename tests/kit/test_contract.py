"""The conventions of every service, shown on a toy service with a real database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from kit.testing.clock import FrozenClock
from kit.testing.databases import TestDatabases
from kit.testing.in_process import in_process
from kit.testing.tokens import TestTokens
from tests.kit.toy import app as toy


@pytest.fixture
def url(databases: TestDatabases) -> Iterator[str]:
    with databases.fresh(Path(toy.__file__).parent) as url:
        yield url


@pytest.fixture
def client(url: str, tokens: TestTokens, clock: FrozenClock) -> Iterator[httpx.Client]:
    with in_process(toy.create_app(url, tokens.verifier(), clock)) as client:
        client.headers.update(tokens.headers())
        yield client


def a_boat(**fields: Any) -> dict[str, Any]:
    return {"area": "630102001001", "name": "小船", "seats": 3} | fields


def test_a_created_resource_has_a_place_a_version_and_can_be_read(client: httpx.Client) -> None:
    made = client.post("/toy/v1/boats", json=a_boat())
    assert made.status_code == 201, made.text
    assert made.headers["etag"] == '"1"'
    assert made.headers["x-request-id"]
    assert client.get(made.headers["location"]).json() == made.json()


def test_unknown_fields_are_named_by_pointer_in_the_callers_language(client: httpx.Client) -> None:
    answer = client.post(
        "/toy/v1/boats", json=a_boat(colour="red"), headers={"Accept-Language": "zh-CN"}
    )
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == "request.invalid"
    assert problem["errors"] == [
        {"pointer": "/colour", "code": "field.unknown", "detail": "未知字段。"}
    ]
    assert "red" not in answer.text


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[" * 50_000, 400),
        (b'{"area": "630102", "name": "x", "seats": NaN}', 422),
        (b'{"area": "630102", "name": "\\ud800"}', 422),
        (b'{"area": "630102", "name": "a\\u0000b"}', 422),
        (b'{"area": "630102", "name": "x", "seats": 1e400}', 422),
        (b'{"area": "630102", "name": "x", "seats": ' + b"9" * 400 + b"}", 422),
        (b"\xff\xfe", 400),
        (b"null", 422),
        (b"[]", 422),
    ],
)
def test_hostile_bodies_get_a_problem(client: httpx.Client, body: bytes, status: int) -> None:
    answer = client.post(
        "/toy/v1/boats", content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code == status, answer.text
    assert answer.json()["code"] in {"request.malformed", "request.invalid"}


def test_a_page_follows_the_next_and_inserts_do_not_disturb_it(client: httpx.Client) -> None:
    for number in range(5):
        client.post("/toy/v1/boats", json=a_boat(name=f"b{number}"))
    first = client.get("/toy/v1/boats", params={"limit": 2, "count": "true"})
    assert [item["name"] for item in first.json()["items"]] == ["b0", "b1"]
    assert first.json()["count"] == 5
    assert 'rel="next"' in first.headers["link"]
    client.post("/toy/v1/boats", json=a_boat(name="a-before"))
    second = client.get("/toy/v1/boats", params={"limit": 9, "cursor": first.json()["next_cursor"]})
    assert [item["name"] for item in second.json()["items"]] == ["b2", "b3", "b4"]
    assert second.json()["next_cursor"] is None


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=1001", "limit=1_0", "limit=%201", "cursor=%00", "cursor=e30", "cursor=W10",
     "lmit=3", "limit=1&limit=2", "count=yes", "area=63"],
)  # fmt: skip
def test_wrong_query_strings_are_refused(client: httpx.Client, query: str) -> None:
    answer = client.get(f"/toy/v1/boats?{query}")
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["parameter"] in {"limit", "cursor", "lmit", "count", "area"}


def test_lists_stream_as_csv_and_ndjson_and_formulas_are_defused(client: httpx.Client) -> None:
    client.post("/toy/v1/boats", json=a_boat(name="=1+1"))
    csv = client.get("/toy/v1/boats", headers={"Accept": "text/csv"})
    assert csv.content.startswith(b"\xef\xbb\xbfid,area,name")
    assert ",'=1+1," in csv.text
    ndjson = client.get("/toy/v1/boats", headers={"Accept": "application/x-ndjson"})
    assert ndjson.text.count("\n") == 1
    assert client.get("/toy/v1/boats", headers={"Accept": "image/png"}).status_code == 406


def test_a_change_needs_the_version_that_was_read(client: httpx.Client) -> None:
    place = client.post("/toy/v1/boats", json=a_boat()).headers["location"]
    assert client.patch(place, json={"seats": 4}).status_code == 428
    assert client.patch(place, json={"seats": 4}, headers={"If-Match": '"7"'}).status_code == 412
    assert client.patch(place, json={"seats": 4}, headers={"If-Match": 'W/"1"'}).status_code == 412
    done = client.patch(place, json={"seats": 4}, headers={"If-Match": '"1"'})
    assert (done.status_code, done.headers["etag"]) == (200, '"2"')


def test_a_repeated_key_gives_the_first_answer_and_one_effect(client: httpx.Client) -> None:
    key = {"Idempotency-Key": "once-0001"}
    first = client.post("/toy/v1/boats", json=a_boat(), headers=key)
    again = client.post("/toy/v1/boats", json=a_boat(), headers=key)
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["location"] == first.headers["location"]
    other = client.post("/toy/v1/boats", json=a_boat(seats=9), headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency.key_reused")
    assert len(client.get("/toy/v1/boats").json()["items"]) == 1


def test_a_refused_request_leaves_its_key_free(client: httpx.Client) -> None:
    key = {"Idempotency-Key": "once-0002"}
    assert client.post("/toy/v1/boats", json=a_boat(seats=-1), headers=key).status_code == 422
    assert client.post("/toy/v1/boats", json=a_boat(), headers=key).status_code == 201


def test_a_key_belongs_to_its_client(client: httpx.Client, tokens: TestTokens) -> None:
    key = {"Idempotency-Key": "once-0003"}
    client.post("/toy/v1/boats", json=a_boat(), headers=key)
    other = client.post(
        "/toy/v1/boats", json=a_boat(), headers=key | tokens.headers(client_id="another")
    )
    assert "idempotency-replayed" not in other.headers


def test_what_lies_outside_the_areas_looks_absent(client: httpx.Client, tokens: TestTokens) -> None:
    place = client.post("/toy/v1/boats", json=a_boat()).headers["location"]
    other = tokens.headers(areas=["630102002"])
    hidden = client.get(place, headers=other)
    absent = client.get(place[:-4] + "0000", headers=other)
    assert (hidden.status_code, absent.status_code) == (404, 404)
    strip = lambda body: {k: v for k, v in body.items() if k not in {"instance", "request_id"}}  # noqa: E731
    assert strip(hidden.json()) == strip(absent.json())
    assert client.get("/toy/v1/boats?count=true", headers=other).json()["count"] == 0
    assert client.post("/toy/v1/boats", json=a_boat(), headers=other).status_code == 404


def test_a_missing_scope_is_named(client: httpx.Client, tokens: TestTokens) -> None:
    answer = client.get("/toy/v1/boats", headers=tokens.headers(scopes=["partition:read"]))
    assert answer.status_code == 403
    assert 'scope="registry:read"' in answer.headers["www-authenticate"]


def test_a_405_names_every_method_and_unknown_paths_are_problems(client: httpx.Client) -> None:
    wrong = client.put("/toy/v1/boats")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, POST")
    assert client.get("/toy/v1/nothing").json()["code"] == "resource.not_found"
    assert client.get("/toy/v1/boats/").status_code == 404


def test_bodies_over_the_limit_and_encodings_are_refused(client: httpx.Client) -> None:
    big = client.post("/toy/v1/boats", content=b"x" * (1 << 20) + b"x")
    assert (big.status_code, big.json()["code"]) == (413, "request.too_large")
    chunked = client.post("/toy/v1/boats", content=(b"x" * 65536 for _ in range(20)))
    assert chunked.status_code == 413
    packed = client.post("/toy/v1/boats", content=b"x", headers={"Content-Encoding": "gzip"})
    assert packed.status_code == 415


def test_a_defect_is_a_plain_500_that_shows_nothing(client: httpx.Client) -> None:
    place = client.post("/toy/v1/boats", json=a_boat()).headers["location"]
    answer = client.get(place + "/sink", headers={"X-Request-Id": "req-77"})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal.error")
    assert answer.json()["request_id"] == "req-77"
    assert "13800138000" not in answer.text


def test_health_tells_of_the_database_and_the_problem_catalogue_is_served(
    client: httpx.Client,
) -> None:
    assert client.get("/livez").json() == {"status": "pass"}
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "pass")
    assert ready.headers["content-type"] == "application/health+json"
    kind = client.get("/problems/precondition.required").json()
    assert (kind["status"], kind["title"]["zh-CN"]) == (428, "缺少前置条件")
    assert b"http_requests_total" in client.get("/metrics").content


def test_a_dead_database_is_a_503_and_liveness_stays(
    tokens: TestTokens, clock: FrozenClock, tmp_path: Path
) -> None:
    app = toy.create_app(f"postgresql://x@/x?host={tmp_path}", tokens.verifier(), clock)
    with in_process(app) as client:
        client.headers.update(tokens.headers())
        answer = client.get("/toy/v1/boats")
        assert (answer.status_code, answer.json()["code"]) == (503, "database.unavailable")
        assert answer.headers["retry-after"] == "2"
        assert client.get("/livez").status_code == 200
        assert client.get("/readyz").status_code == 503
