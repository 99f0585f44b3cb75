from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from gateway.cli.door import Door
from gateway.cli.failures import CliFailure

AnyDoor = Callable[..., Door]


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Waits are counted, not sat through."""
    waited: list[float] = []
    monkeypatch.setattr("gateway.cli.door.time.sleep", waited.append)
    return waited


def test_a_call_carries_the_clients_token_and_language(a_door: AnyDoor) -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"ok": True})

    assert a_door(handler, language="zh-CN").get("/x", area=None, limit=3) == {"ok": True}
    assert seen[0].headers["authorization"] == "Bearer t"
    assert seen[0].headers["accept-language"] == "zh-CN"
    assert str(seen[0].url) == "http://door.test/x?limit=3"


def test_a_list_is_read_to_its_last_page(a_door: AnyDoor) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        if "cursor" in request.url.params:
            return httpx.Response(200, json={"items": [{"n": 2}], "next_cursor": None})
        return httpx.Response(200, json={"items": [{"n": 1}], "next_cursor": "c"})

    assert list(a_door(handler).pages("/x")) == [{"n": 1}, {"n": 2}]


def test_a_problem_becomes_its_code_its_detail_and_its_cure(a_door: AnyDoor) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/problems/plan.area_empty":
            return httpx.Response(200, json={"cure": {"en": "Load it.", "zh-CN": "请导入。"}})
        problem = {
            "type": "/problems/plan.area_empty",
            "status": 422,
            "code": "plan.area_empty",
            "detail": "Nothing there.",
            "request_id": "r1",
            "errors": [{"pointer": "/area", "code": "x", "detail": "y"}],
        }
        return httpx.Response(422, json=problem)

    with pytest.raises(CliFailure) as refused:
        a_door(handler).post("/partition/v1/plans", {})
    failure = refused.value
    assert (failure.code, failure.detail, failure.cure) == (
        "plan.area_empty",
        "Nothing there.",
        "Load it.",
    )
    assert failure.more["request_id"] == "r1"
    assert failure.exit_code == 1


def test_a_get_waits_for_a_door_that_comes_back(a_door: AnyDoor, waits: list[float]) -> None:
    answers: list[Any] = [
        httpx.ConnectError("down"),
        httpx.Response(503, headers={"Retry-After": "2"}),
        httpx.Response(200, json={"up": True}),
    ]

    def handler(_: httpx.Request) -> httpx.Response:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert a_door(handler).get("/x") == {"up": True}
    assert waits == [0.5, 2.0]


def test_a_post_without_a_key_is_sent_once_and_with_a_key_again(a_door: AnyDoor) -> None:
    tries: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        tries.append(request.headers.get("idempotency-key", "-"))
        return httpx.Response(503, json={"code": "peer.unavailable", "detail": "d"})

    door = a_door(handler)
    with pytest.raises(CliFailure):
        door.post("/x", {})
    assert tries == ["-"]
    with pytest.raises(CliFailure):
        door.post("/x", {}, key="k")
    assert tries[1:] == ["k"] * 6


def test_a_streamed_body_is_opened_anew_for_each_try(a_door: AnyDoor) -> None:
    bodies: list[bytes] = []

    def handler(request: httpx.Request) -> httpx.Response:
        bodies.append(request.read())
        return httpx.Response(502 if len(bodies) < 3 else 202, json={"id": "j"})

    headers: dict[str, str] = {}
    made = a_door(handler).send(
        "POST", "/imports", key="k", content=lambda: iter([b"a", b"b"]), answered=headers
    )
    assert made == {"id": "j"}
    assert bodies == [b"ab"] * 3
    assert headers["content-type"] == "application/json"


def test_an_outlived_token_is_fetched_anew(a_door: AnyDoor) -> None:
    answers = [httpx.Response(401, json={"code": "token.expired"}), httpx.Response(200, json={})]
    assert a_door(lambda _: answers.pop(0)).get("/x") == {}


def test_nobody_at_the_address_is_exit_code_three(a_door: AnyDoor) -> None:
    def handler(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("down")

    with pytest.raises(CliFailure) as refused:
        a_door(handler).get("/x")
    assert refused.value.code == "cli.unreachable"
    assert refused.value.exit_code == 3


def test_a_door_without_credentials_says_where_they_come_from(a_door: AnyDoor) -> None:
    with pytest.raises(CliFailure) as refused:
        a_door(lambda _: httpx.Response(200), client_id="").get("/x")
    assert refused.value.code == "cli.no_credentials"
    assert "admin.env" in refused.value.cure


def test_an_answer_that_is_no_json_is_named(a_door: AnyDoor) -> None:
    with pytest.raises(CliFailure) as refused:
        a_door(lambda _: httpx.Response(200, text="<html>")).get("/x")
    assert refused.value.code == "cli.unexpected_answer"


def test_an_error_without_a_problem_still_has_a_code(a_door: AnyDoor) -> None:
    with pytest.raises(CliFailure) as refused:
        a_door(lambda _: httpx.Response(418, text="tea")).get("/x")
    assert refused.value.code == "http.418"
