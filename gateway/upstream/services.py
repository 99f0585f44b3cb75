"""The services behind the gateway: pool, breaker and retry budget of each, apart from the rest."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from gateway.upstream.connection import Connection
from gateway.upstream.faults import Fault, TimedOut
from gateway.upstream.pool import Pool, PoolLimits
from kit.peers import Breaker

_RETRY_SHARE = 0.1
_RETRY_CREDIT_MAX = 10.0
_FETCH_BYTES_MAX = 1 << 20


@dataclass(slots=True)
class Upstream:
    """One service as the gateway sees it."""

    name: str
    netloc: str
    pool: Pool
    breaker: Breaker
    #: Each request earns a tenth of a retry, so that retries never double the load on a sick one.
    _credit: float = field(default=_RETRY_CREDIT_MAX)

    def rest_s(self) -> int | None:
        """Return None when a call may be tried now, else the seconds to wait.

        When it returns None the caller owes one of `succeeded`, `failed`, `abandoned`.
        """
        now = time.monotonic()
        if self.breaker.admits(now):
            self._credit = min(_RETRY_CREDIT_MAX, self._credit + _RETRY_SHARE)
            return None
        return max(1, round(self.breaker.opened_at + self.breaker.rest_s - now))

    def succeeded(self) -> None:
        """Note a good exchange."""
        self.breaker.succeeded()

    def failed(self) -> None:
        """Note that the service is ill."""
        self.breaker.failed(time.monotonic())

    def abandoned(self) -> None:
        """Note that a call ended without telling anything about the service."""
        self.breaker.probing = False

    def may_retry(self) -> bool:
        """Take one retry out of the budget, if it is there."""
        if self._credit < 1:
            return False
        self._credit -= 1
        return True


def upstream(name: str, url: str, limits: PoolLimits, breaker: Breaker) -> Upstream:
    """Return the upstream of a base URL such as http://127.0.0.1:8101; its path is ignored."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        message = f"the address of {name} must be http://host:port"
        raise ValueError(message)
    is_tls = parts.scheme == "https"
    port = parts.port or (443 if is_tls else 80)
    pool = Pool(parts.hostname, port, is_tls=is_tls, limits=limits)
    return Upstream(name, parts.netloc, pool, breaker)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A small answer, whole."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


async def fetch(upstream: Upstream, path: str, *, deadline_s: float) -> Fetched:
    """GET a small document of a service for the gateway itself, past the breaker.

    Raises a Fault.
    """
    async with _deadline(upstream, deadline_s) as connection:
        connection.begin(is_head=False)
        connection.write(
            f"GET {path} HTTP/1.1\r\nhost: {upstream.netloc}\r\naccept: */*\r\n\r\n".encode()
        )
        body = b""
        while not connection.done:
            await connection.changed()
            body += connection.take()
            if len(body) > _FETCH_BYTES_MAX:
                connection.fail(Fault("answer too large"))
        return Fetched(connection.status, connection.headers, body + connection.take())


@asynccontextmanager
async def _deadline(upstream: Upstream, deadline_s: float) -> AsyncIterator[Connection]:
    loop = asyncio.get_running_loop()
    connection = await upstream.pool.acquire()
    timer = loop.call_later(deadline_s, connection.fail, TimedOut())
    try:
        yield connection
    finally:
        timer.cancel()
        upstream.pool.release(connection)
