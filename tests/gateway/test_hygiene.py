"""Raw requests that no client library sends: the table of stack.md 2e, and slow clients."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from gateway.app import PACKAGE_DIR
from kit.testing.databases import TestDatabases
from tests.gateway.serving import Running, Service, bound_socket, gateway, serving, statuses


def head(
    running: Running, *lines: str, method: str = "GET", target: str = "/registry/v1/x"
) -> bytes:
    """Return a request's head with a good token and the given lines."""
    token = f"Authorization: {running.headers()['Authorization']}"
    return "\r\n".join([f"{method} {target} HTTP/1.1", token, *lines, "", ""]).encode()


REFUSED = {
    "length and chunked": ("POST", ["Host: x", "Content-Length: 4", "Transfer-Encoding: chunked"]),
    "chunked and length": ("POST", ["Host: x", "Transfer-Encoding: chunked", "Content-Length: 4"]),
    "two lengths": ("POST", ["Host: x", "Content-Length: 4", "Content-Length: 5"]),
    "two equal lengths": ("POST", ["Host: x", "Content-Length: 4", "Content-Length: 4"]),
    "a list of lengths": ("POST", ["Host: x", "Content-Length: 4, 4"]),
    "a signed length": ("POST", ["Host: x", "Content-Length: +4"]),
    "an unknown coding": ("POST", ["Host: x", "Transfer-Encoding: xchunked"]),
    "two codings": ("POST", ["Host: x", "Transfer-Encoding: gzip, chunked"]),
    "chunked twice": ("POST", ["Host: x", *["Transfer-Encoding: chunked"] * 2]),
    "space before the colon": ("POST", ["Host: x", "Transfer-Encoding : chunked"]),
    "a folded header": ("GET", ["Host: x", "X-A: 1", " 2"]),
    "no host": ("GET", []),
    "two hosts": ("GET", ["Host: x", "Host: y"]),
    "a host with a path": ("GET", ["Host: x/y"]),
    "a host with a user": ("GET", ["Host: a@b"]),
    "a NUL in a value": ("GET", ["Host: x", "X-A: a\x00b"]),
    "a bare CR in a value": ("GET", ["Host: x", "X-A: a\rX-B: b"]),
    "no header name": ("GET", ["Host: x", ": b"]),
}  # fmt: skip


@pytest.mark.parametrize("shape", REFUSED)
def test_smuggling_shapes_and_malformed_heads_are_400(
    running: Running, service: Service, shape: str
) -> None:
    method, lines = REFUSED[shape]
    before = len(service.requests)
    answer = running.raw(head(running, *lines, method=method) + b"0\r\n\r\n")
    assert statuses(answer)[:1] == [400], answer
    assert b"application/problem+json" in answer
    assert len(service.requests) == before


def test_what_follows_a_smuggling_shape_is_never_served(running: Running, service: Service) -> None:
    before = len(service.requests)
    lines = ["Host: x", "Content-Length: 6", "Transfer-Encoding: chunked"]
    inner = head(running, "Host: x", target="/registry/v1/smuggled")
    answer = running.raw(head(running, *lines, method="POST") + b"0\r\n\r\n" + inner)
    assert statuses(answer) == [400]
    assert len(service.requests) == before


@pytest.mark.parametrize(
    "lines",
    [
        [f"X-Large: {'a' * (1 << 20)}"],
        [f"X-Large: {'a' * 17_000}"],
        [f"X-H{number}: 1" for number in range(2000)],
        [f"X-H{number}: 1" for number in range(101)],
    ],
    ids=["1 MB", "17 kB", "2000 headers", "101 headers"],
)
def test_large_heads_are_refused_and_not_forwarded(
    running: Running, service: Service, lines: list[str]
) -> None:
    before = len(service.requests)
    answer = running.raw(head(running, "Host: x", *lines))
    # A client that is still sending may see the reset instead of the answer.
    assert statuses(answer) in ([413], [])
    assert len(service.requests) == before


def test_an_endless_head_is_cut_early(running: Running) -> None:
    sent = 0
    with socket.create_connection(("127.0.0.1", running.port), timeout=5) as connection:
        connection.sendall(b"GET /registry/v1/x HTTP/1.1\r\nHost: x\r\nX-Endless: ")
        with suppress(ConnectionError):
            for _ in range(400):
                connection.sendall(b"a" * 65536)
                sent += 65536
                time.sleep(0.002)
    assert sent < 4 << 20


def test_three_pipelined_requests_get_three_answers_in_order(running: Running) -> None:
    requests = [head(running, "Host: x", target=f"/registry/v1/{n}") for n in range(3)]
    answer = running.raw(b"".join(requests))
    assert statuses(answer) == [200, 200, 200]
    places = [answer.index(b"/registry/v1/%d?" % n) for n in range(3)]
    assert places == sorted(places)


def test_expect_continue_is_answered_here_and_not_passed_on(
    running: Running, service: Service
) -> None:
    lines = ["Host: x", "Content-Length: 2", "Expect: 100-continue"]
    answer = running.raw(head(running, *lines, method="POST"), b"{}", pause_s=0.2)
    assert statuses(answer) == [100, 200]
    assert "expect" not in dict(service.requests[-1]["headers"])


def test_a_refused_upload_is_not_asked_to_continue(running: Running) -> None:
    lines = (b"Host: x", b"Content-Length: 9", b"Expect: 100-continue", b"", b"")
    request = b"POST /registry/v1/x HTTP/1.1\r\n" + b"\r\n".join(lines)
    assert statuses(running.raw(request)) == [401]


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "PURGE", "QUERY"])
def test_other_methods_are_not_forwarded(running: Running, service: Service, method: str) -> None:
    before = len(service.requests)
    answer = running.raw(head(running, "Host: x", method=method))
    assert statuses(answer)[0] in {400, 405}
    assert len(service.requests) == before


def test_an_upgrade_is_ignored(running: Running) -> None:
    lines = ["Host: x", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AA"]
    assert statuses(running.raw(head(running, *lines)))[:1] == [200]


@pytest.mark.parametrize(
    "junk",
    [
        b"\x16\x03\x01\x02\x00\x01",
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\n",
    ],
)
def test_what_is_no_http_is_400_in_our_form(running: Running, junk: bytes) -> None:
    answer = running.raw(junk + b"\r\n\r\n")
    assert statuses(answer) == [400]
    assert b'"code":"request.malformed"' in answer


@pytest.fixture(scope="module")
def impatient(
    databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """A gateway that waits half a second for anything."""
    folder: Path = tmp_path_factory.mktemp("impatient")
    bound = bound_socket()
    inner = f"http://127.0.0.1:{bound.getsockname()[1]}"
    with databases.fresh(PACKAGE_DIR) as url, serving(Service(), bound):
        settings = {"request_deadline_s": 0.5, "idle_s": 0.6, "upload_bytes_per_s_min": 200_000}
        with gateway(url, folder / "gateway.key", registry_url=inner, **settings) as running:
            yield running


def test_a_hundred_slow_clients_are_cut_and_a_canary_is_served_meanwhile(
    impatient: Running,
) -> None:
    slow = [socket.create_connection(("127.0.0.1", impatient.port)) for _ in range(100)]
    try:
        for number, connection in enumerate(slow):
            connection.sendall(b"" if number % 3 == 0 else b"GET /registry/v1/x HTTP/1.1\r\nX: ")
        with httpx.Client(base_url=impatient.url, headers=impatient.headers()) as canary:
            begun = time.monotonic()
            assert canary.get("/registry/v1/x").status_code == 200
            assert time.monotonic() - begun < 0.5
        time.sleep(0.8)
        for connection in slow:
            connection.settimeout(1)
            while connection.recv(1000):
                pass
    finally:
        for connection in slow:
            connection.close()


def test_a_body_that_stalls_is_refused(impatient: Running) -> None:
    lines = ["Host: x", "Content-Length: 100"]
    answer = impatient.raw(head(impatient, *lines, method="POST") + b"half", silence_s=2)
    assert statuses(answer) == [400]
    assert b'"code":"request.too_slow"' in answer


def test_a_steady_upload_may_last_longer_than_the_deadline_for_heads(impatient: Running) -> None:
    pieces = [b"x" * 90_000] * 12
    lines = ["Host: x", f"Content-Length: {sum(map(len, pieces))}", "Content-Type: text/csv"]
    request = head(impatient, *lines, method="POST", target="/registry/v1/imports")
    begun = time.monotonic()
    answer = impatient.raw(request, *pieces, pause_s=0.1)
    assert time.monotonic() - begun > 1.2
    assert statuses(answer) == [200]
    assert f'"size": {sum(map(len, pieces))}'.encode() in answer


def test_an_upload_that_drips_is_cut(impatient: Running) -> None:
    lines = ["Host: x", "Content-Length: 900000", "Content-Type: text/csv"]
    request = head(impatient, *lines, method="POST", target="/registry/v1/imports")
    answer = impatient.raw(request + b"x" * 66_000, *([b"x" * 10] * 9), pause_s=0.1)
    assert b'"code":"request.too_slow"' in answer


def test_a_client_that_does_not_read_is_cut(impatient: Running) -> None:
    request = head(impatient, "Host: x", target="/registry/v1/big")
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", impatient.port))
        connection.sendall(request)
        time.sleep(2)
        received = 0
        connection.settimeout(2)
        try:
            while data := connection.recv(65536):
                received += len(data)
        except ConnectionError:
            pass
    assert received < 10 << 20
