"""Peer calls against a real server on loopback that misbehaves on demand."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from kit.peers import Breaker, PeerClient, PeerUnavailable, TokenSource
from kit.web import context


@dataclass
class Peer:
    """A server whose next answers are scripted; it records what it was asked."""

    script: list[Any] = field(default_factory=list)
    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def peer() -> Iterator[Peer]:
    state = Peer()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("content-length", 0))
            self.rfile.read(length)
            headers = {name.lower(): value for name, value in self.headers.items()}
            state.seen.append((self.command, self.path, headers))
            step = state.script.pop(0) if state.script else 200
            if step == "hang":
                time.sleep(1.5)
                return
            if step == "reset":
                self.connection.close()
                return
            status, body = step if isinstance(step, tuple) else (step, b'{"ok": true}')
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = _answer  # noqa: N815 - names of the standard library

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


def run(peer: Peer, *calls: tuple[str, str], deadline_s: float = 2.0) -> list[Any]:
    """Make calls through one client; returns status codes or the problems raised."""

    async def all_calls() -> list[Any]:
        found: list[Any] = []
        async with httpx.AsyncClient() as http:
            client = PeerClient("peer", peer.url, http=http, tokens=None, deadline_s=deadline_s)
            for method, path in calls:
                try:
                    found.append((await client.call(method, path)).status_code)
                except PeerUnavailable as problem:
                    found.append(problem.code)
        return found

    return asyncio.run(all_calls())


def test_a_safe_call_is_repeated_until_it_succeeds(peer: Peer) -> None:
    peer.script = [503, "reset", 200]
    assert run(peer, ("GET", "/x")) == [200]
    assert len(peer.seen) == 3


def test_a_post_is_sent_once_only(peer: Peer) -> None:
    peer.script = [503, 200]
    assert run(peer, ("POST", "/x")) == ["peer.unavailable"]
    assert len(peer.seen) == 1


def test_answers_below_500_are_the_callers_business(peer: Peer) -> None:
    peer.script = [404]
    assert run(peer, ("GET", "/x")) == [404]


def test_a_hanging_peer_is_given_up_within_the_deadline(peer: Peer) -> None:
    peer.script = ["hang", "hang", "hang"]
    begun = time.monotonic()
    assert run(peer, ("GET", "/x"), deadline_s=0.4) == ["peer.unavailable"]
    assert time.monotonic() - begun < 1.2


def test_an_absent_peer_is_named() -> None:
    nobody = Peer(url="http://127.0.0.1:9")
    assert run(nobody, ("GET", "/x")) == ["peer.unavailable"]


def test_after_failures_in_a_row_the_breaker_answers_at_once(peer: Peer) -> None:
    peer.script = [500] * 20
    assert run(peer, *[("POST", "/x")] * 8) == ["peer.unavailable"] * 8
    assert len(peer.seen) == 5


def test_the_breaker_lets_one_probe_through_and_closes_on_success() -> None:
    breaker = Breaker(failures_max=2, rest_s=5)
    breaker.failed(0.0)
    assert breaker.admits(0.0)
    breaker.failed(1.0)
    assert not breaker.admits(5.9)
    assert breaker.admits(6.0)
    assert not breaker.admits(6.0), "only one probe at a time"
    breaker.failed(6.1)
    assert not breaker.admits(11.0)
    assert breaker.admits(11.1)
    breaker.succeeded()
    assert breaker.admits(11.2)


def test_the_request_id_and_the_trace_travel_on(peer: Peer) -> None:
    trace = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
    here = context.RequestContext("req-1", "zh-CN", trace)
    token = context.current.set(here)
    try:
        run(peer, ("GET", "/x"))
    finally:
        context.current.reset(token)
    _, _, headers = peer.seen[0]
    assert headers["x-request-id"] == "req-1"
    assert headers["traceparent"] == trace
    assert headers["accept-language"] == "zh-CN"


def test_a_token_is_fetched_once_and_anew_after_it_was_refused(peer: Peer) -> None:
    token = (200, b'{"access_token": "t1", "expires_in": 600}')
    peer.script = [token, 200, 200, 401, (200, b'{"access_token": "t2", "expires_in": 600}'), 200]

    async def calls() -> None:
        async with httpx.AsyncClient() as http:
            tokens = TokenSource(
                http, token_url=peer.url + "/token", client_id="c", client_secret="s"
            )
            client = PeerClient("peer", peer.url, http=http, tokens=tokens)
            for _ in range(3):
                assert (await client.call("GET", "/x")).status_code == 200

    asyncio.run(calls())
    asked = [(path, headers.get("authorization", "")[:10]) for _, path, headers in peer.seen]
    assert [path for path, _ in asked] == ["/token", "/x", "/x", "/x", "/token", "/x"]
    assert asked[0][1].startswith("Basic")
    assert asked[-1][1] == "Bearer t2"


def test_a_stream_of_lines_is_read_as_it_comes(peer: Peer) -> None:
    peer.script = [(200, b"one\ntwo\n")]

    async def lines() -> list[str]:
        async with httpx.AsyncClient() as http:
            client = PeerClient("peer", peer.url, http=http, tokens=None)
            async with client.stream_lines("/lines") as source:
                return [line async for line in source]

    assert asyncio.run(lines()) == ["one", "two"]
