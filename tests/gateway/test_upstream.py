"""The connection to a service, the pool that bounds it, the breaker that rests it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gateway.upstream.connection import Connection
from gateway.upstream.faults import Broken, Busy, ClientGone, Fault, TimedOut, Unreachable
from gateway.upstream.pool import Pool, PoolLimits
from gateway.upstream.services import Upstream, fetch, upstream
from kit.peers import Breaker

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


def saying(*answers: bytes, close: bool = False) -> Serve:
    """Serve answers one by one, whatever is asked."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            for answer in answers:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(answer)
                await writer.drain()
            if not close:
                await reader.read()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    return serve


@asynccontextmanager
async def a_pool(serve: Serve, **limits: Any) -> Any:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    pool = Pool("127.0.0.1", port, is_tls=False, limits=PoolLimits(**limits))
    try:
        yield pool
    finally:
        pool.close()
        server.close()
        await asyncio.sleep(0.01)


async def ask(connection: Connection, method: str = "GET") -> tuple[int, bytes]:
    connection.begin(is_head=method == "HEAD")
    connection.write(f"{method} / HTTP/1.1\r\nhost: x\r\n\r\n".encode())
    body = b""
    async with asyncio.timeout(5):
        while not connection.done:
            await connection.changed()
            body += connection.take()
    return connection.status, body


def run(work: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(10):
            await work()

    asyncio.run(bounded())


def test_a_clean_connection_carries_the_next_exchange() -> None:
    async def work() -> None:
        async with a_pool(saying(ANSWER, ANSWER)) as pool:
            first = await pool.acquire()
            assert await ask(first) == (200, b"ok")
            pool.release(first)
            second = await pool.acquire()
            assert second is first
            assert await ask(second) == (200, b"ok")
            assert second.exchanges == 2
            pool.release(second)

    run(work)


def test_an_answer_to_head_announces_a_body_that_does_not_come() -> None:
    async def work() -> None:
        empty = b"HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n"
        async with a_pool(saying(empty, ANSWER, empty)) as pool:
            for method, body in (("HEAD", b""), ("GET", b"ok"), ("HEAD", b"")):
                connection = await pool.acquire()
                assert await ask(connection, method) == (200, body)
                pool.release(connection)
            assert connection.exchanges == 3

    run(work)


def test_interim_answers_are_dropped() -> None:
    async def work() -> None:
        interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nlink: </a>\r\n\r\n"
        async with a_pool(saying(interim + ANSWER)) as pool:
            connection = await pool.acquire()
            assert await ask(connection) == (200, b"ok")
            assert connection.headers == [(b"content-length", b"2")]
            pool.release(connection)

    run(work)


CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n"
WHOLE = [
    (CHUNKED + b"\r\n2\r\nok\r\n0\r\n\r\n", False, b"ok", True),
    (b"HTTP/1.1 200 OK\r\n\r\nok", True, b"ok", False),
    (b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok", False, b"ok", False),
    (b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok", True, b"ok", False),
    (b"HTTP/1.1 204 No\r\n\r\n", False, b"", True),
    (b"HTTP/1.1 304 No\r\ncontent-length: 9\r\n\r\n", False, b"", True),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(WHOLE)))
def test_every_framing_ends_where_it_should_and_only_clean_connections_are_kept(
    number: int,
) -> None:
    answer, closes, expected, is_kept = WHOLE[number]

    async def work() -> None:
        async with a_pool(saying(answer, close=closes)) as pool:
            connection = await pool.acquire()
            assert (await ask(connection))[1] == expected
            assert connection.finish() is is_kept

    run(work)


BROKEN = {
    "no HTTP": b"\x16\x03\x01 hello\r\n\r\n",
    "nothing": b"",
    "half a head": b"HTTP/1.1 200 OK\r\ncontent-le",
    "half a body": ANSWER[:-1],
    "half a chunk": CHUNKED + b"\r\nff\r\nshort",
    "length and chunked": CHUNKED + b"content-length: 2\r\n\r\n0\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok",
    "an endless head": b"HTTP/1.1 200 OK\r\nx: " + b"a" * 70_000 + b"\r\n\r\n",
    "switching protocols": b"HTTP/1.1 101 Go\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
}  # fmt: skip


@pytest.mark.parametrize("kind", BROKEN)
def test_what_is_no_whole_answer_is_broken(kind: str) -> None:
    async def work() -> None:
        async with a_pool(saying(BROKEN[kind], close=True)) as pool:
            connection = await pool.acquire()
            with pytest.raises(Broken):
                await ask(connection)
            pool.discard(connection)
            assert connection.closed

    run(work)


SECOND = b"HTTP/1.1 200 OK\r\nx-injected: 1\r\ncontent-length: 2\r\n\r\nno"


def test_bytes_that_nobody_asked_for_end_the_connection() -> None:
    async def work() -> None:
        async with a_pool(saying(ANSWER + SECOND, ANSWER)) as pool:
            connection = await pool.acquire()
            assert await ask(connection) == (200, b"ok")
            assert connection.headers == [(b"content-length", b"2")]
            assert not connection.finish(), "a second answer would go to the wrong client"
            pool.discard(connection)

    run(work)


def test_a_large_answer_waits_while_nobody_takes_it() -> None:
    async def work() -> None:
        size = 8 << 20
        head = f"HTTP/1.1 200 OK\r\ncontent-length: {size}\r\n\r\n".encode()
        async with a_pool(saying(head + bytes(size))) as pool:
            connection = await pool.acquire()
            connection.begin(is_head=False)
            connection.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            await asyncio.sleep(0.3)
            assert 0 < connection.buffered < 2 << 20
            taken = 0
            while not connection.done or connection.buffered:
                taken += len(connection.take())
                if not connection.done and not connection.buffered:
                    await connection.changed()
            assert taken == size
            pool.release(connection)

    run(work)


def test_an_injected_fault_wakes_whoever_waits() -> None:
    async def work() -> None:
        async with a_pool(saying(b"")) as pool:
            connection = await pool.acquire()
            asyncio.get_running_loop().call_later(0.05, connection.fail, ClientGone())
            with pytest.raises(ClientGone):
                await ask(connection)
            connection.fail(TimedOut())
            assert isinstance(connection.fault, ClientGone), "the first fault stays"
            with pytest.raises(ClientGone):
                await connection.drain()
            pool.discard(connection)

    run(work)


def test_an_idle_connection_that_grew_old_is_not_used() -> None:
    async def work() -> None:
        async with a_pool(saying(ANSWER, ANSWER), idle_max_s=0.05) as pool:
            first = await pool.acquire()
            await ask(first)
            pool.release(first)
            await asyncio.sleep(0.1)
            second = await pool.acquire()
            assert second is not first
            assert first.closed
            pool.discard(second)

    run(work)


def test_an_idle_connection_that_the_service_closed_is_not_used() -> None:
    async def work() -> None:
        async with a_pool(saying(ANSWER, close=True)) as pool:
            first = await pool.acquire()
            await ask(first)
            pool.release(first)
            await asyncio.sleep(0.05)
            second = await pool.acquire()
            assert second is not first
            assert await ask(second) == (200, b"ok")
            pool.release(second)

    run(work)


def test_the_pool_is_a_bulkhead_with_a_short_queue() -> None:
    async def work() -> None:
        async with a_pool(saying(ANSWER), connections_max=2, waiting_max=1, wait_s=0.1) as pool:
            taken = [await pool.acquire() for _ in range(2)]
            waiting = asyncio.create_task(pool.acquire())
            await asyncio.sleep(0.01)
            with pytest.raises(Busy):
                await pool.acquire()
            pool.discard(taken.pop())
            pool.discard(await waiting)
            again = await pool.acquire()
            with pytest.raises(Busy):
                await pool.acquire()
            for connection in (*taken, again):
                pool.discard(connection)
            everything = [await pool.acquire() for _ in range(2)]
            for connection in everything:
                pool.discard(connection)

    run(work)


def test_a_place_is_free_again_when_nobody_could_be_reached() -> None:
    async def work() -> None:
        pool = Pool("127.0.0.1", 9, is_tls=False, limits=PoolLimits(connections_max=1))
        for _ in range(3):
            with pytest.raises(Unreachable):
                await pool.acquire()

    run(work)


def an_upstream(pool: Pool | None = None, *, rest_s: float = 0.05) -> Upstream:
    made = upstream("registry", "http://127.0.0.1:9", PoolLimits(), Breaker(3, rest_s))
    if pool is not None:
        made.pool = pool
    return made


def test_after_three_failures_in_a_row_one_probe_decides() -> None:
    async def work() -> None:
        sick = an_upstream()
        for _ in range(2):
            sick.failed()
        assert sick.rest_s() is None
        sick.succeeded()
        for _ in range(3):
            assert sick.rest_s() is None
            sick.failed()
        assert sick.rest_s() == 1
        await asyncio.sleep(0.06)
        assert sick.rest_s() is None
        assert sick.rest_s() is not None, "one probe at a time"
        sick.abandoned()
        assert sick.rest_s() is None, "an abandoned probe leaves the place free"
        sick.succeeded()
        assert sick.rest_s() is None

    run(work)


def test_retries_are_a_share_of_the_requests() -> None:
    sick = an_upstream()
    assert sum(sick.may_retry() for _ in range(50)) == 10
    for _ in range(20):
        sick.rest_s()
    assert sum(sick.may_retry() for _ in range(50)) in {1, 2}


def test_a_small_document_is_fetched_whole_or_not_at_all() -> None:
    async def work() -> None:
        async with a_pool(saying(ANSWER, ANSWER)) as pool:
            for _ in range(2):
                fetched = await fetch(an_upstream(pool), "/readyz", deadline_s=1)
                assert (fetched.status, fetched.body) == (200, b"ok")
        async with a_pool(saying(ANSWER[:-1])) as pool:
            with pytest.raises(TimedOut):
                await fetch(an_upstream(pool), "/readyz", deadline_s=0.1)
        large = b"HTTP/1.1 200 OK\r\ncontent-length: 3000000\r\n\r\n" + bytes(3_000_000)
        async with a_pool(saying(large)) as pool:
            with pytest.raises(Fault):
                await fetch(an_upstream(pool), "/readyz", deadline_s=2)

    run(work)


@pytest.mark.parametrize(
    ("url", "netloc"),
    [
        ("http://registry:8101/ignored", "registry:8101"),
        ("https://registry.city.test", "registry.city.test"),
        ("http://[::1]:81", "[::1]:81"),
    ],
)
def test_addresses_of_services(url: str, netloc: str) -> None:
    assert upstream("registry", url, PoolLimits(), Breaker()).netloc == netloc
