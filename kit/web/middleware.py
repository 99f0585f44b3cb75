"""Pure-ASGI middleware: request context, access log, metrics, limits on bodies and headers."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kit import errors
from kit.errors import Language
from kit.metrics import Metrics
from kit.web import context, problems

log = structlog.get_logger()

_REQUEST_ID = re.compile(r"^[A-Za-z0-9._:-]{1,64}$")
_TRACEPARENT = re.compile(r"^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")
_QUIET = frozenset({"/livez", "/readyz", "/metrics"})
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})


class ContextMiddleware:
    """Gives each request its id and language, writes one log line, counts it.

    It also is the last net: whatever escapes below becomes a problem, never a bare 500.
    """

    def __init__(self, app: ASGIApp, *, metrics: Metrics, default_language: Language) -> None:
        self._app = app
        self._metrics = metrics
        self._default = default_language

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection (ASGI 3)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        trace = headers.get("traceparent", "")
        here = context.RequestContext(
            request_id=given if _REQUEST_ID.match(given) else uuid4().hex,
            language=context.choose_language(headers.get("accept-language"), self._default),
            traceparent=trace if _TRACEPARENT.match(trace) else None,
        )
        token = context.current.set(here)
        # Shared with the copies of the scope that routers make: the log line reads it at the end.
        scope.setdefault("state", {})
        begun = time.perf_counter()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(message, here.request_id)
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except Exception as error:
            if status:
                raise
            answer = await problems.on_anything(Request(scope), error)
            await answer(scope, receive, send_with_id)
        finally:
            self._record(scope, status, time.perf_counter() - begun)
            context.current.reset(token)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", None) or "unmatched"
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        self._metrics.observe(method, route, status, seconds)
        if scope["path"] not in _QUIET:
            principal = scope.get("state", {}).get("principal")
            log.info(
                "request",
                method=method,
                route=route,
                status=status,
                ms=round(seconds * 1000, 1),
                client=getattr(principal, "client_id", None),
            )


def _add_headers(message: Message, request_id: str) -> None:
    headers = MutableHeaders(scope=message)
    headers["X-Request-Id"] = request_id
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Cache-Control", "no-store")


class LimitMiddleware:
    """Refuses what is too large while it arrives, and encodings that are not read.

    `body_limit` gives the limit in bytes for a path; None: no limit here (the route counts).
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        body_limit: Callable[[str], int],
        header_limit_bytes: int,
        header_limit_count: int,
        takes_gzip: Callable[[str], bool],
    ) -> None:
        self._app = app
        self._body_limit = body_limit
        self._header_limit_bytes = header_limit_bytes
        self._header_limit_count = header_limit_count
        self._takes_gzip = takes_gzip

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection (ASGI 3)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._body_limit(scope["path"])
        problem = self._refusal(scope, limit)
        if problem is not None:
            await problems.respond(problem, Request(scope))(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            if message["type"] == "http.request":
                received += len(message.get("body", b""))
                if received > limit:
                    raise HTTPException(413)
            return message

        await self._app(scope, counted, send)

    def _refusal(self, scope: Scope, limit: int) -> errors.Problem | None:
        raw = scope["headers"]
        size = sum(len(name) + len(value) for name, value in raw) + len(scope.get("raw_path", b""))
        if len(raw) > self._header_limit_count or size > self._header_limit_bytes:
            return errors.TooLarge(limit=f"{self._header_limit_bytes} bytes of headers")
        headers = Headers(scope=scope)
        length = headers.get("content-length", "0")
        if (
            not length.isascii()
            or not length.isdigit()
            or len(headers.getlist("content-length")) > 1
        ):
            return errors.Malformed()
        if int(length) > limit:
            return errors.TooLarge(limit=f"{limit} bytes")
        encoding = headers.get("content-encoding", "identity").lower()
        if encoding != "identity" and not (encoding == "gzip" and self._takes_gzip(scope["path"])):
            return errors.UnsupportedMedia(accepted="bodies without Content-Encoding")
        return None
