"""Calls to other services: a deadline on each, retries of safe calls, a breaker, own tokens."""

from __future__ import annotations

import asyncio
import functools
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import stamina
import structlog

from kit.errors import Text, Unavailable
from kit.web import context

log = structlog.get_logger()


def http_client(transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """Return a client for calls to other services; `transport` replaces the network."""
    return httpx.AsyncClient(transport=transport, verify=_authorities())


@functools.cache
def _authorities() -> ssl.SSLContext:
    # Reading the certificates takes a service as long as making the rest of itself.
    return httpx.create_ssl_context()


class PeerUnavailable(Unavailable):
    """A service that this one needs does not answer."""

    code = "peer.unavailable"
    title = Text("Peer unavailable", "依赖服务暂不可用")
    detail = Text(
        "The {peer} service, which this request needs, does not answer.",
        "该请求依赖的 {peer} 服务暂无应答。",
    )
    cure = Text("Repeat after the seconds in Retry-After.", "请按 Retry-After 等待后重试。")


@dataclass(slots=True)
class Breaker:
    """Opens after `failures_max` failures in a row; lets one probe through after `rest_s`."""

    failures_max: int = 5
    rest_s: float = 5.0
    failures: int = 0
    opened_at: float = field(default=float("-inf"))
    probing: bool = False

    def admits(self, now: float) -> bool:
        """Tell whether a call may be tried now; the first after the rest is the probe."""
        if self.failures < self.failures_max:
            return True
        if now - self.opened_at >= self.rest_s and not self.probing:
            self.probing = True
            return True
        return False

    def succeeded(self) -> None:
        """Close the breaker."""
        self.failures = 0
        self.probing = False

    def failed(self, now: float) -> None:
        """Count a failure; opens the breaker when it is one too many."""
        self.failures += 1
        self.probing = False
        if self.failures >= self.failures_max:
            self.opened_at = now


class TokenSource:
    """Access tokens of a service's own client, fetched anew a minute before they end."""

    def __init__(
        self, http: httpx.AsyncClient, *, token_url: str, client_id: str, client_secret: str
    ) -> None:
        self._http = http
        self._url = token_url
        self._credentials = (client_id, client_secret)
        self._token = ""
        self._good_until = 0.0
        self._lock = asyncio.Lock()

    async def token(self) -> str:
        """Return a token with at least a minute to live; raises PeerUnavailable."""
        async with self._lock:
            if time.monotonic() > self._good_until:
                await self._fetch()
            return self._token

    def forget(self) -> None:
        """Fetch a new token next time (the last one was refused)."""
        self._good_until = 0.0

    async def _fetch(self) -> None:
        try:
            answer = await self._http.post(
                self._url,
                auth=self._credentials,
                data={"grant_type": "client_credentials"},
                timeout=5.0,
            )
            answer.raise_for_status()
            content = answer.json()
            self._token = str(content["access_token"])
            self._good_until = time.monotonic() + float(content["expires_in"]) - 60
        except (httpx.HTTPError, ValueError, KeyError) as error:
            log.warning("token_fetch_failed", error=type(error).__name__)
            raise PeerUnavailable(peer="token", retry_after_s=2) from error


class _Retryable(Exception):
    """A failure that a repeat may mend."""


class PeerClient:
    """Base of a typed client of one peer; subclasses add a method for each call.

    Safe calls (GET) are tried up to three times within `deadline_s`; a POST once, unless
    `repeatable` says that a repeat does no harm.  Whatever goes wrong on the way is
    PeerUnavailable; answers below 500 are returned for the caller to read.
    """

    def __init__(
        self,
        peer: str,
        base_url: str,
        *,
        http: httpx.AsyncClient,
        tokens: TokenSource | None,
        deadline_s: float = 5.0,
    ) -> None:
        self.peer = peer
        self._base_url = base_url.rstrip("/")
        self._http = http
        self._tokens = tokens
        self._deadline_s = deadline_s
        self.breaker = Breaker()

    async def call(
        self, method: str, path: str, *, repeatable: bool = False, **options: Any
    ) -> httpx.Response:
        """Send a request and return its whole answer."""
        attempts = 3 if repeatable or method == "GET" else 1
        try:
            async with asyncio.timeout(self._deadline_s):
                async for attempt in stamina.retry_context(
                    on=_Retryable, attempts=attempts, timeout=None, wait_initial=0.1, wait_max=1.0
                ):
                    with attempt:
                        return await self._once(method, path, options)
        except (_Retryable, TimeoutError) as error:
            if isinstance(error, TimeoutError):
                self.breaker.failed(time.monotonic())
            raise self.unavailable() from error
        raise self.unavailable()

    async def _once(self, method: str, path: str, options: dict[str, Any]) -> httpx.Response:
        async with self.sending(method, path, **options) as response:
            await response.aread()
            return response

    @asynccontextmanager
    async def sending(
        self, method: str, path: str, **options: Any
    ) -> AsyncIterator[httpx.Response]:
        """Send once and yield the answer while its body streams; failures are _Retryable."""
        if not self.breaker.admits(time.monotonic()):
            raise self.unavailable()
        headers = await self._headers() | options.pop("headers", {})
        try:
            async with self._http.stream(
                method, self._base_url + path, headers=headers, **options
            ) as response:
                if response.status_code == 401 and self._tokens:
                    self._tokens.forget()
                if response.status_code >= 500 or response.status_code in {401, 429}:
                    raise _Retryable(str(response.status_code))
                yield response
        except (httpx.HTTPError, _Retryable) as error:
            self.breaker.failed(time.monotonic())
            log.warning("peer_call_failed", peer=self.peer, error=type(error).__name__)
            raise _Retryable(self.peer) from error
        except BaseException:
            # Whoever waited has gone; the probe tells nothing and must not stay out for ever.
            self.breaker.probing = False
            raise
        else:
            self.breaker.succeeded()

    @asynccontextmanager
    async def stream_lines(self, path: str, **options: Any) -> AsyncIterator[AsyncIterator[str]]:
        """Yield the lines of a GET answer as they come; raises PeerUnavailable on any fault."""
        try:
            async with self.sending("GET", path, **options) as response:
                if response.status_code != 200:
                    raise self.unavailable()
                yield response.aiter_lines()
        except _Retryable as error:
            raise self.unavailable() from error

    def unavailable(self) -> PeerUnavailable:
        """Return the problem that stands for this peer's absence."""
        return PeerUnavailable(peer=self.peer, retry_after_s=2)

    async def _headers(self) -> dict[str, str]:
        here = context.current.get()
        headers: dict[str, str] = {"Accept-Language": here.language}
        if here.request_id != "-":
            headers["X-Request-Id"] = here.request_id
        if here.traceparent:
            headers["traceparent"] = here.traceparent
        if self._tokens:
            headers["Authorization"] = f"Bearer {await self._tokens.token()}"
        return headers
