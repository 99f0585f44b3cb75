"""The door: one pure-ASGI application that answers, refuses or hands on every request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from secrets import token_hex
from time import perf_counter

import structlog
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from gateway import routes
from gateway.incoming import HeadLimits, Incoming, read_head
from gateway.limits import Buckets, Running
from gateway.outgoing import Answer
from gateway.pages import ProblemPages
from gateway.proxy import Deadlines, Exchange
from gateway.settings import Settings
from gateway.upload import Upload, UploadLimits
from gateway.upstream.services import Upstream
from kit.auth import TokenVerifier
from kit.errors import Internal, NotFound, Problem, TooManyRequests
from kit.metrics import Metrics
from kit.web import context
from kit.web.problems import MEDIA_TYPE, body_of, status_of

log = structlog.get_logger()

_UNLIMITED = frozenset({"/livez", "/readyz", "/metrics"})
_PROXY_MARKS = (b"x-forwarded-for", b"forwarded", b"via", b"x-real-ip")


@dataclass(frozen=True, slots=True)
class DoorParts:
    """What the door stands on."""

    app: FastAPI
    upstreams: Mapping[str, Upstream]
    verifier: TokenVerifier
    metrics: Metrics
    pages: ProblemPages


class Visit:
    """What is known of a request while it is served."""

    __slots__ = (
        "added",
        "begun",
        "client",
        "incoming",
        "receive",
        "request_id",
        "scope",
        "send",
        "status",
    )

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.receive = receive
        self.send = send
        self.begun = perf_counter()
        self.incoming: Incoming | None = None
        self.request_id = b""
        self.client: str | None = None
        self.status = 0
        self.added: list[tuple[bytes, bytes]] = []


class Door:
    """Serves the gateway: proxied prefixes itself, everything else through the FastAPI part."""

    def __init__(self, settings: Settings, parts: DoorParts) -> None:
        self._parts = parts
        self._settings = settings
        self._language = settings.default_language
        self._head_limits = HeadLimits(
            settings.header_limit_bytes,
            settings.header_limit_count,
            frozenset(name.lower().encode() for name in settings.passed_x_headers)
            - {b"x-request-id"},
        )
        self._deadlines = Deadlines(
            settings.exchange_deadline_s, settings.stream_deadline_s, settings.idle_s
        )
        self._small = self._upload_limits(settings.body_limit_bytes)
        self._large = self._upload_limits(settings.import_limit_bytes)
        self._clients = Buckets(rate_per_s=settings.rate_per_s, burst=settings.burst)
        self._strangers = Buckets(
            rate_per_s=settings.anonymous_rate_per_s, burst=settings.anonymous_burst
        )
        self._exports = Running(settings.exports_max)
        self._public = [re.compile(pattern) for pattern in settings.public_paths]

    @property
    def app(self) -> FastAPI:
        """The FastAPI part behind the door."""
        return self._parts.app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection (ASGI 3)."""
        if scope["type"] != "http":
            await self._parts.app(scope, receive, send)
            return
        visit = Visit(scope, receive, send)
        service = routes.service_of(scope["path"])
        handed_on = False
        try:
            visit.incoming = read_head(scope, self._head_limits)
            visit.request_id = visit.incoming.request_id
            if service is not None:
                await self._proxy(visit, visit.incoming, service)
            else:
                handed_on = await self._own(visit, visit.incoming)
        except Problem as problem:
            await self._refuse(visit, problem)
        except Exception as error:  # the last net: FastAPI's own is behind the door
            log.error("unhandled_error", error=type(error).__name__, exc_info=error)
            if visit.status:
                raise
            await self._refuse(visit, Internal())
        finally:
            if not handed_on:
                self._record(visit, service)

    async def _proxy(self, visit: Visit, incoming: Incoming, service: str) -> None:
        await self._admit(visit, incoming)
        streamed = incoming.path.endswith(routes.STREAMED)
        upload = Upload(visit.receive, incoming, self._large if streamed else self._small)
        answer = Answer(
            incoming,
            visit.added,
            exports=self._exports,
            client=visit.client or _peer(visit.scope),
            begun=visit.begun,
        )
        exchange = Exchange(self._parts.upstreams[service], incoming, self._deadlines)
        try:
            await exchange.run(upload, answer, visit.receive, visit.send)
        finally:
            visit.status = exchange.status

    async def _admit(self, visit: Visit, incoming: Incoming) -> None:
        """Let a caller with a good token pass, and anybody to the public paths, within limits."""
        is_public = not incoming.authorization and self._is_public(incoming.path)
        if is_public:
            verdict = self._strangers.take(_peer(visit.scope))
        else:
            principal = await self._parts.verifier.verify(incoming.authorization)
            visit.client = principal.client_id
            verdict = self._clients.take(principal.client_id)
        visit.added = verdict.headers
        if not verdict.admitted:
            raise TooManyRequests(retry_after_s=verdict.retry_after_s)

    def _is_public(self, path: str) -> bool:
        return any(pattern.fullmatch(path) for pattern in self._public)

    async def _own(self, visit: Visit, incoming: Incoming) -> bool:
        """Serve what is the gateway's own; True when the FastAPI part did, with its own log."""
        path = incoming.path
        if path == "/metrics" and not self._may_read_metrics(visit.scope):
            raise NotFound
        if path not in _UNLIMITED:
            verdict = self._strangers.take(_peer(visit.scope))
            if not verdict.admitted:
                visit.added = verdict.headers
                raise TooManyRequests(retry_after_s=verdict.retry_after_s)
        page = await self._parts.pages.elsewhere(incoming.method, path)
        if page is not None:
            await self._answer(visit, 200, b"application/json", page)
            return False
        await self._parts.app(visit.scope, visit.receive, visit.send)
        return True

    def _may_read_metrics(self, scope: Scope) -> bool:
        # A proxy on this machine would make every caller local: what came through one is refused.
        came_through = any(name in _PROXY_MARKS for name, _ in scope["headers"])
        return not came_through and _peer(scope) in self._settings.metrics_from

    async def _refuse(self, visit: Visit, problem: Problem) -> None:
        if visit.status:
            return
        incoming = visit.incoming
        language = context.choose_language(
            incoming.accept_language if incoming else None, self._language
        )
        visit.request_id = visit.request_id or token_hex(16).encode()
        status = status_of(type(problem))
        for name, value in problem.headers.items():
            visit.added.append((name.lower().encode(), value.encode()))
        if problem.retry_after_s is not None:
            visit.added.append((b"retry-after", b"%d" % problem.retry_after_s))
        if status == 401 and "WWW-Authenticate" not in problem.headers:
            visit.added.append((b"www-authenticate", b"Bearer"))
        visit.added.append((b"content-language", language.encode()))
        body = body_of(problem, language, visit.scope["path"], visit.request_id.decode())
        await self._answer(visit, status, MEDIA_TYPE.encode(), body)

    async def _answer(self, visit: Visit, status: int, media_type: bytes, body: bytes) -> None:
        headers = [
            (b"content-type", media_type),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
            (b"x-request-id", visit.request_id),
            *visit.added,
        ]
        visit.status = status
        await visit.send({"type": "http.response.start", "status": status, "headers": headers})
        await visit.send({"type": "http.response.body", "body": body})

    def _record(self, visit: Visit, service: str | None) -> None:
        seconds = perf_counter() - visit.begun
        route = routes.label_of(visit.scope["path"]) if service else "unmatched"
        method = visit.incoming.method if visit.incoming else "OTHER"
        self._parts.metrics.observe(method, route, visit.status, seconds)
        log.info(
            "request",
            request_id=visit.request_id.decode(),
            method=method,
            route=route,
            status=visit.status,
            ms=round(seconds * 1000, 1),
            client=visit.client,
        )

    def _upload_limits(self, bytes_max: int) -> UploadLimits:
        settings = self._settings
        return UploadLimits(
            bytes_max,
            held_s=settings.request_deadline_s,
            idle_s=settings.request_deadline_s,
            bytes_per_s_min=settings.upload_bytes_per_s_min,
        )


def _peer(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else "-"
