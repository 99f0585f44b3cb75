"""The registry as its client sees it: whole, absent, slow, broken off, talking nonsense."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from kit.peers import PeerUnavailable
from services.grid_partition.clients.registry import RegistryClient, registry_client
from tests.fakes.registry import FakeRegistry
from tests.grid_partition.maps import FIRST, SECOND, STREET, a_place, fill, two_places
from tests.grid_partition.service import peers, settings_for


class Lines(httpx.AsyncByteStream):
    """A body in pieces, that may break or dawdle."""

    def __init__(self, *pieces: bytes, fault: Exception | None = None, wait_s: float = 0) -> None:
        self._pieces = pieces
        self._fault = fault
        self._wait_s = wait_s
        self.sent = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            self.sent += 1
            yield piece
            await asyncio.sleep(self._wait_s)
        if self._fault:
            raise self._fault


def line(code: str, households: int = 5) -> bytes:
    building = {"id": "b", "households": households}
    content = {"community_code": code, "version": f"v-{code}", "buildings": [building]}
    return json.dumps(content).encode() + b"\n"


def ask(answer: Any, question: Callable[[RegistryClient], Any], deadline_s: float = 5) -> Any:
    async def run() -> Any:
        transport = httpx.MockTransport(lambda _request: answer)
        async with httpx.AsyncClient(transport=transport) as http:
            client = RegistryClient(
                "registry", "http://registry", http=http, tokens=None, deadline_s=deadline_s
            )
            return await question(client)

    return asyncio.run(run())


def versions(client: RegistryClient) -> Any:
    return client.versions("630102", "resident")


def has_households(client: RegistryClient) -> Any:
    return client.has_households("630102", "resident")


def test_versions_are_read_community_by_community() -> None:
    answer = httpx.Response(200, stream=Lines(line(FIRST), line(SECOND)))
    assert ask(answer, versions) == {FIRST: f"v-{FIRST}", SECOND: f"v-{SECOND}"}


def test_lines_may_come_in_any_pieces() -> None:
    whole = line(FIRST) + line(SECOND)
    pieces = [whole[n : n + 7] for n in range(0, len(whole), 7)]
    assert len(ask(httpx.Response(200, stream=Lines(*pieces)), versions)) == 2


def test_the_first_household_is_enough() -> None:
    stream = Lines(line(FIRST, 0), line(SECOND, 1), *[line("630102002003")] * 500)
    assert ask(httpx.Response(200, stream=stream), has_households) is True
    assert stream.sent < 10


@pytest.mark.parametrize("body", [b"", line(FIRST, 0)])
def test_no_household_is_no_household(body: bytes) -> None:
    assert ask(httpx.Response(200, content=body), has_households) is False


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(503),
        httpx.Response(500),
        httpx.Response(401),
        httpx.Response(404),
        httpx.Response(200, content=b"<html>"),
        httpx.Response(200, content=b'{"community_code": 5}\n'),
        httpx.Response(200, content=line(FIRST) + b'{"community_code": "630'),
        httpx.Response(200, stream=Lines(line(FIRST), fault=httpx.ReadError("reset"))),
        httpx.Response(200, stream=Lines(line(FIRST), fault=httpx.RemoteProtocolError("cut"))),
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_every_fault_is_the_same_absence(answer: httpx.Response) -> None:
    with pytest.raises(PeerUnavailable):
        ask(answer, versions)


def test_a_registry_that_drips_is_cut_off() -> None:
    stream = Lines(*[line(FIRST)] * 50, wait_s=0.05)
    with pytest.raises(PeerUnavailable):
        ask(httpx.Response(200, stream=stream), versions, deadline_s=0.2)


def test_a_whole_snapshot_of_the_real_shape_is_understood(tmp_path: Any) -> None:
    registry = FakeRegistry()
    fill(registry, [*two_places(), a_place("630102003001")])

    async def run() -> list[tuple[str, int, int]]:
        transport = httpx.ASGITransport(peers(registry))
        async with httpx.AsyncClient(transport=transport) as http:
            client = registry_client(settings_for("postgresql://x@/x", tmp_path), http)
            async with client.snapshots(STREET, "resident") as communities:
                return [
                    (seen.code, seen.households, len(seen.buildings))
                    async for _, seen in communities
                ]

    assert asyncio.run(run()) == [(FIRST, 1200, 48), (SECOND, 1200, 48)]
    assert registry.asked == [("GET", "/registry/v1/snapshots")]
