"""Faults behind the gateway: the stated status within the deadline, others unaffected, healed."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Thread

import httpx
import pytest

from gateway.app import PACKAGE_DIR
from kit.testing.databases import TestDatabases
from tests.gateway.misbehaving import Misbehaving, misbehaving
from tests.gateway.serving import Running, Service, bound_socket, gateway, serving

DEADLINE_S = 1.0
REST_S = 0.6


@pytest.fixture(scope="module")
def setting(
    databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Running, Misbehaving]]:
    """A gateway with short deadlines: the registry misbehaves, the incidents are well."""
    folder: Path = tmp_path_factory.mktemp("faults")
    with ExitStack() as stack:
        url = stack.enter_context(databases.fresh(PACKAGE_DIR))
        sick = stack.enter_context(misbehaving())
        bound = bound_socket()
        stack.enter_context(serving(Service(), bound))
        running = stack.enter_context(
            gateway(
                url,
                folder / "gateway.key",
                registry_url=f"http://127.0.0.1:{sick.port}",
                incidents_url=f"http://127.0.0.1:{bound.getsockname()[1]}",
                exchange_deadline_s=DEADLINE_S,
                idle_s=DEADLINE_S,
                connect_timeout_s=0.5,
                connections_max=8,
                waiting_max=4,
                wait_s=0.3,
                breaker_rest_s=REST_S,
            )
        )
        yield running, sick


@pytest.fixture
def sick(setting: tuple[Running, Misbehaving]) -> Iterator[Misbehaving]:
    """The misbehaving registry; well again, and known to be, after each test."""
    running, service = setting
    service.seen.clear()
    service.gone.clear()
    yield service
    service.set_mode("good")
    until = time.monotonic() + 5
    while call(running).status_code != 200:
        assert time.monotonic() < until, "not healed"
        time.sleep(0.1)


@pytest.fixture
def running(setting: tuple[Running, Misbehaving]) -> Running:
    return setting[0]


LENGTH = b"\r\ncontent-length: 2\r\n\r\n{}"


def raw_get(running: Running) -> bytes:
    lines = ["GET /registry/v1/x HTTP/1.1", "Host: x", "Connection: close"]
    lines.append(f"Authorization: {running.headers()['Authorization']}")
    return "\r\n".join([*lines, "", ""]).encode()


def call(
    running: Running, method: str = "GET", prefix: str = "registry", **headers: str
) -> httpx.Response:
    with httpx.Client(base_url=running.url, timeout=10) as client:
        return client.request(
            method,
            f"/{prefix}/v1/x",
            headers=running.headers() | headers,
            content=b'{"a":1}' if method == "POST" else None,
        )


CASES = [
    ("refuse", 503, "upstream.unavailable"),
    ("hang", 504, "upstream.too_slow"),
    ("drip_head", 504, "upstream.too_slow"),
    ("drip_body", 504, "upstream.too_slow"),
    ("reset", 502, "upstream.broken"),
    ("truncated", 502, "upstream.broken"),
    ("cut_chunks", 502, "upstream.broken"),
    ("garbage", 502, "upstream.broken"),
    ("html_502", 502, "upstream.broken"),
]


@pytest.mark.parametrize(("mode", "status", "code"), CASES)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_fault_is_told_in_time_and_no_post_is_sent_twice(
    running: Running, sick: Misbehaving, method: str, mode: str, status: int, code: str
) -> None:
    sick.set_mode(mode)
    begun = time.monotonic()
    answer = call(running, method)
    assert time.monotonic() - begun < DEADLINE_S + 0.6
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    if mode != "html_502":
        assert int(answer.headers["retry-after"]) >= 1
    assert "127.0.0.1" not in answer.text
    assert "10.0.0" not in answer.text
    if method == "POST":
        assert len(sick.seen) <= 1
    assert call(running, prefix="incidents").status_code == 200


@pytest.mark.parametrize(("mode", "status"), [("storm_500", 500), ("storm_503", 503)])
def test_errors_of_a_service_in_our_form_go_through_and_do_not_open_the_breaker(
    running: Running, sick: Misbehaving, mode: str, status: int
) -> None:
    sick.set_mode(mode)
    assert {call(running).status_code for _ in range(8)} == {status}
    assert len(sick.seen) == 8
    sick.set_mode("good")
    assert call(running).status_code == 200


def test_a_safe_request_and_a_keyed_post_are_repeated_once(
    running: Running, sick: Misbehaving
) -> None:
    sick.set_mode("reset")
    assert call(running).status_code == 502
    assert sick.seen == ["GET", "GET"]
    sick.set_mode("good")
    call(running)
    sick.seen.clear()
    sick.set_mode("reset")
    assert call(running, "POST", **{"Idempotency-Key": "key-00001"}).status_code == 502
    assert sick.seen == ["POST", "POST"]


def test_a_kept_connection_that_the_service_closed_is_replaced_unseen(
    running: Running, sick: Misbehaving
) -> None:
    sick.set_mode("close_after")
    assert [call(running).status_code for _ in range(6)] == [200] * 6
    assert [call(running, "POST").status_code for _ in range(6)] == [200] * 6


def test_the_breaker_answers_at_once_and_heals_by_itself(
    running: Running, sick: Misbehaving
) -> None:
    sick.set_mode("refuse")
    for _ in range(3):
        call(running)
    begun = time.monotonic()
    answer = call(running)
    assert time.monotonic() - begun < 0.3
    assert answer.json()["code"] == "upstream.unavailable"
    sick.set_mode("good")
    seen = len(sick.seen)
    call(running)
    assert len(sick.seen) == seen, "the breaker rests"
    time.sleep(REST_S)
    assert call(running).status_code == 200


def test_a_probe_that_its_client_leaves_does_not_keep_the_breaker_shut(
    running: Running, sick: Misbehaving
) -> None:
    sick.set_mode("refuse")
    for _ in range(3):
        call(running)
    sick.set_mode("hang")
    time.sleep(REST_S)
    sick.gone.clear()
    with socket.create_connection(("127.0.0.1", running.port)) as leaving:
        leaving.sendall(raw_get(running))
        time.sleep(0.1)
    assert sick.gone.wait(2)
    sick.set_mode("good")
    assert call(running).status_code == 200


def test_a_hanging_service_fills_only_its_own_bulkhead(running: Running, sick: Misbehaving) -> None:
    sick.set_mode("hang")
    answers: list[bytes] = []
    request = raw_get(running)
    threads = [
        Thread(target=lambda: answers.append(running.raw(request, silence_s=3))) for _ in range(20)
    ]
    with httpx.Client(base_url=running.url, headers=running.headers()) as canary:
        canary.get("/incidents/v1/x")
        for thread in threads:
            thread.start()
        time.sleep(0.2)
        begun = time.monotonic()
        assert canary.get("/incidents/v1/x").status_code == 200
        assert time.monotonic() - begun < 0.5
    for thread in threads:
        thread.join(10)
    codes = [answer.partition(b'"code":"')[2].partition(b'"')[0].decode() for answer in answers]
    assert set(codes) <= {"upstream.too_slow", "upstream.busy", "upstream.unavailable"}
    assert codes.count("upstream.busy") >= 8
    assert sick.seen.count("GET") <= 8


def test_a_client_that_leaves_ends_the_exchange_with_the_service(
    running: Running, sick: Misbehaving
) -> None:
    sick.set_mode("hang")
    with socket.create_connection(("127.0.0.1", running.port)) as leaving:
        leaving.sendall(raw_get(running).replace(b"GET", b"POST").replace(b"\r\n\r\n", LENGTH))
        time.sleep(0.15)
    assert sick.gone.wait(DEADLINE_S * 0.8)


@pytest.mark.parametrize("mode", ["reset_mid"])
def test_an_answer_that_breaks_midway_never_looks_whole(
    running: Running, sick: Misbehaving, mode: str
) -> None:
    sick.set_mode(mode)
    with pytest.raises(httpx.RemoteProtocolError):
        call(running)


def test_an_early_refusal_of_a_large_upload_reaches_the_client(
    running: Running, sick: Misbehaving
) -> None:
    sick.set_mode("early_413")
    with httpx.Client(base_url=running.url, timeout=10) as client:
        answer = client.post(
            "/registry/v1/imports", content=b"x" * 300_000, headers=running.headers()
        )
    assert answer.status_code == 413


def test_health_tells_who_is_ill(running: Running, sick: Misbehaving) -> None:
    time.sleep(1.1)
    sick.set_mode("refuse")
    answer = httpx.get(f"{running.url}/health")
    assert answer.headers["content-type"] == "application/health+json"
    content = answer.json()
    assert (answer.status_code, content["status"]) == (200, "warn")
    assert content["checks"]["registry"][0]["status"] == "fail"
    assert content["checks"]["incidents"][0]["status"] == "pass"
    assert content["checks"]["gateway:database"] == [{"status": "pass"}]
    assert "127.0.0.1" not in answer.text
