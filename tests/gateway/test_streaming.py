"""Answers that take their time: events flow at once, silence is cut, short ones are whole."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from gateway.app import PACKAGE_DIR
from kit.testing.databases import TestDatabases
from tests.gateway.serving import Running, bound_socket, gateway, serving

PAUSE_S = 0.6
IDLE_S = 1.5


class Speaking:
    """A service that says something, pauses, and says more; it notices when nobody listens."""

    def __init__(self) -> None:
        self.left = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = {"events": b"text/event-stream", "rows": b"application/x-ndjson"}
        name = scope["path"].rsplit("/", 1)[1]
        headers = [(b"content-type", kind.get(name, b"application/json"))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        if name == "silent":
            await send({"type": "http.response.body", "body": b"x" * 70_000, "more_body": True})
            await asyncio.sleep(30)
        elif name == "endless":
            await self._endless(receive, send)
        else:
            for number in range(3):
                body = b"data: %d\n\n" % number
                await send({"type": "http.response.body", "body": body, "more_body": True})
                await asyncio.sleep(PAUSE_S if name != "short" else 0.01)
        await send({"type": "http.response.body", "body": b""})

    async def _endless(self, receive: Receive, send: Send) -> None:
        async def leave() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            self.left += 1

        watching = asyncio.create_task(leave())
        while not watching.done():
            await send({"type": "http.response.body", "body": b"y" * 9000, "more_body": True})
            await asyncio.sleep(0.02)


@pytest.fixture(scope="module")
def speaking() -> Speaking:
    return Speaking()


@pytest.fixture(scope="module")
def running(
    databases: TestDatabases, speaking: Speaking, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """A gateway whose exchanges are short and whose streams may pause for a while."""
    folder: Path = tmp_path_factory.mktemp("streaming")
    bound = bound_socket()
    inner = f"http://127.0.0.1:{bound.getsockname()[1]}"
    with ExitStack() as stack:
        url = stack.enter_context(databases.fresh(PACKAGE_DIR))
        stack.enter_context(serving(speaking, bound))
        limits = {"exchange_deadline_s": 1.0, "idle_s": IDLE_S, "stream_deadline_s": 4.0}
        yield stack.enter_context(
            gateway(url, folder / "gateway.key", partition_url=inner, **limits)
        )


def times(running: Running, name: str) -> tuple[list[float], bytes]:
    """Return when each piece came, counted from the sending of the request, and all of it."""
    address, pieces, whole = f"{running.url}/partition/v1/{name}", [], b""
    with httpx.Client(headers=running.headers(), timeout=10) as client:
        client.get(f"{running.url}/livez")
        begun = time.monotonic()
        with client.stream("GET", address) as answer:
            for piece in answer.iter_raw():
                pieces.append(time.monotonic() - begun)
                whole += piece
    return pieces, whole


def test_events_reach_the_client_as_they_happen_and_outlive_the_exchange_deadline(
    running: Running,
) -> None:
    came, whole = times(running, "events")
    assert whole == b"data: 0\n\ndata: 1\n\ndata: 2\n\n"
    assert came[0] < PAUSE_S * 0.8, "the first event waits for nothing"
    assert came[-1] > 1.1


def test_rows_of_unknown_length_flow_after_a_moment(running: Running) -> None:
    came, whole = times(running, "rows")
    assert whole.count(b"data") == 3
    assert came[0] < PAUSE_S
    assert len(came) >= 3


def test_a_short_answer_of_unknown_length_gets_a_length(running: Running) -> None:
    answer = httpx.get(f"{running.url}/partition/v1/short", headers=running.headers())
    assert answer.headers["content-length"] == str(len(answer.content))
    assert "transfer-encoding" not in answer.headers


def test_a_stream_that_falls_silent_is_cut_and_does_not_look_whole(running: Running) -> None:
    begun = time.monotonic()
    with pytest.raises(httpx.RemoteProtocolError):
        times(running, "silent")
    assert IDLE_S * 0.8 < time.monotonic() - begun < IDLE_S + 1.5


def test_a_stream_without_end_is_cut_at_its_deadline(running: Running) -> None:
    begun = time.monotonic()
    with pytest.raises(httpx.RemoteProtocolError):
        times(running, "endless")
    assert 3 < time.monotonic() - begun < 6


def test_a_client_that_leaves_a_stream_ends_it_at_the_service(
    running: Running, speaking: Speaking
) -> None:
    before = speaking.left
    address = f"{running.url}/partition/v1/endless"
    with httpx.stream("GET", address, headers=running.headers()) as answer:
        next(answer.iter_raw())
    until = time.monotonic() + 3
    while speaking.left == before:
        assert time.monotonic() < until, "the service still speaks to nobody"
        time.sleep(0.02)
