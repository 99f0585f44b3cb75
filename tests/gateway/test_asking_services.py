"""What the gateway itself asks of the services: seldom, side by side, and never for long."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest

from gateway.health import Rounds
from gateway.pages import ProblemPages
from gateway.problems import UpstreamUnavailable
from gateway.upstream.pool import PoolLimits
from gateway.upstream.services import Upstream, upstream
from kit.errors import NotFound
from kit.peers import Breaker

PAGE = b'{"code":"grid.too_large"}'


class Answering:
    """A service that answers by path and remembers what it was asked."""

    def __init__(self, pages: dict[str, tuple[int, bytes]], pause_s: float = 0) -> None:
        self.pages = pages
        self.asked: list[str] = []
        self._pause_s = pause_s
        self.serving: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.serving.add(task)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                path = head.split(b" ")[1].decode()
                self.asked.append(path)
                await asyncio.sleep(self._pause_s)
                status, body = self.pages.get(path, (404, b"{}"))
                writer.write(b"HTTP/1.1 %d X\r\ncontent-length: %d\r\n\r\n" % (status, len(body)))
                writer.write(body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.transport.abort()
            self.serving.discard(task)


@asynccontextmanager
async def services(**answering: Answering | None) -> Any:
    """Yield upstreams for services; None is one that does not listen."""
    servers, made = [], {}
    for name, service in answering.items():
        port = 9
        if service is not None:
            server = await asyncio.start_server(service.serve, "127.0.0.1", 0)
            servers.append(server)
            port = server.sockets[0].getsockname()[1]
        made[name] = upstream(name, f"http://127.0.0.1:{port}", PoolLimits(), Breaker())
    try:
        yield made
    finally:
        for one in made.values():
            one.pool.close()
        for server in servers:
            server.close()
        for service in filter(None, answering.values()):
            for task in service.serving:
                task.cancel()
        await asyncio.sleep(0.02)


def run(work: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(20):
            await work()

    asyncio.run(bounded())


def test_a_problem_page_is_asked_for_once_and_remembered() -> None:
    async def work() -> None:
        knows = Answering({"/problems/grid.too_large": (200, PAGE)})
        ignorant = Answering({})
        async with services(partition=knows, registry=ignorant) as made:
            pages = ProblemPages(made)
            for _ in range(5):
                assert await pages.elsewhere("GET", "/problems/grid.too_large") == PAGE
            assert knows.asked == ignorant.asked == ["/problems/grid.too_large"]
            for _ in range(5):
                with pytest.raises(NotFound):
                    await pages.elsewhere("GET", "/problems/no.such")
            assert len(knows.asked) == 2

    run(work)


def test_a_page_that_one_knows_is_shown_though_another_is_silent() -> None:
    async def work() -> None:
        knows = Answering({"/problems/grid.too_large": (200, PAGE)})
        async with services(partition=knows, registry=None) as made:
            pages = ProblemPages(made)
            assert await pages.elsewhere("GET", "/problems/grid.too_large") == PAGE
            for _ in range(2):
                with pytest.raises(UpstreamUnavailable):
                    await pages.elsewhere("GET", "/problems/no.such")
            assert knows.asked.count("/problems/no.such") == 2, "not knowing is not remembered"

    run(work)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/problems/grid.too_large"),
        ("GET", "/problems/upstream.too_slow"),
        ("GET", "/problems/"),
        ("GET", "/problems/A.b"),
        ("GET", "/problems/a/b"),
        ("GET", "/problems/a..b"),
        ("GET", "/problems/a b"),
        ("GET", f"/problems/{'a' * 101}"),
        ("GET", "/health"),
    ],
)
def test_nobody_is_asked_about_what_is_no_foreign_code(method: str, path: str) -> None:
    async def work() -> None:
        service = Answering({path: (200, PAGE)})
        async with services(registry=service) as made:
            assert await ProblemPages(made).elsewhere(method, path) is None
            assert service.asked == []

    run(work)


def rounds(made: dict[str, Upstream], *, is_own_well: bool = True) -> Rounds:
    async def database() -> None:
        if not is_own_well:
            message = "away"
            raise OSError(message)

    return Rounds(made, {"database": database})


READY = {"/readyz": (200, b"{}")}


@pytest.mark.parametrize(
    ("registry", "is_own_well", "expected"),
    [
        (Answering(READY), True, "pass"),
        (Answering({"/readyz": (503, b"{}")}), True, "warn"),
        (Answering({}), True, "warn"),
        (None, True, "warn"),
        (Answering(READY), False, "fail"),
        (None, False, "fail"),
    ],
)
def test_health_is_fail_only_when_the_gateway_itself_cannot_work(
    registry: Answering | None, *, is_own_well: bool, expected: str
) -> None:
    async def work() -> None:
        async with services(registry=registry, incidents=Answering(READY)) as made:
            status, body = await rounds(made, is_own_well=is_own_well).report()
            content = orjson.loads(body)
            assert status == content["status"] == expected
            assert content["checks"]["incidents"][0]["status"] == "pass"
            own = content["checks"]["gateway:database"][0]["status"]
            assert own == ("pass" if is_own_well else "fail")

    run(work)


def test_many_askers_cost_the_services_one_question_a_second() -> None:
    async def work() -> None:
        service = Answering(READY, pause_s=0.05)
        async with services(registry=service) as made:
            one = rounds(made)
            await asyncio.gather(*(one.report() for _ in range(50)))
            assert service.asked == ["/readyz"]
            await asyncio.sleep(1.05)
            await one.report()
            assert service.asked == ["/readyz"] * 2

    run(work)


def test_a_hanging_service_delays_health_by_its_deadline_only() -> None:
    async def work() -> None:
        async with services(
            registry=Answering(READY, pause_s=30), incidents=Answering(READY)
        ) as made:
            begun = time.monotonic()
            status, body = await rounds(made).report()
            assert time.monotonic() - begun < 3
            assert status == "warn"
            assert orjson.loads(body)["checks"]["incidents"][0]["status"] == "pass"

    run(work)
