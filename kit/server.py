"""Serving: uvicorn with strict limits and a deadline for receiving a request."""

from __future__ import annotations

import asyncio
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from kit.settings import ServiceSettings

_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


def deadline_protocol(deadline_s: float) -> type[HttpToolsProtocol]:
    """Return a protocol that cuts clients who have not sent their request's head in time.

    ASGI middleware cannot see a client that trickles its headers; the protocol can.  A body that
    is streamed (an import) is not cut here: its reader has its own limits.
    """

    class Deadline(HttpToolsProtocol):
        """httptools protocol with an absolute deadline for the head of each request."""

        _timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn narrows it
            super().connection_made(transport)
            self._arm()

        def data_received(self, data: bytes) -> None:
            # While a request is being served, what arrives is its body: the reader limits that.
            if self.cycle is None or self.cycle.response_complete:
                self._arm()
            super().data_received(data)

        def on_headers_complete(self) -> None:
            self._disarm()
            super().on_headers_complete()

        def connection_lost(self, exc: Exception | None) -> None:
            self._disarm()
            super().connection_lost(exc)

        def _arm(self) -> None:
            if self._timer is None:
                self._timer = self.loop.call_later(deadline_s, self._late)

        def _disarm(self) -> None:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

        def _late(self) -> None:
            self._timer = None
            if not self.transport.is_closing():
                self.transport.write(_TOO_SLOW)
                self.transport.close()

    return Deadline


def serve(app: ASGIApp, settings: ServiceSettings, *, default_port: int) -> None:
    """Serve until SIGTERM or SIGINT; then drain running requests for up to 20 s."""
    options: dict[str, Any] = {
        "host": settings.host,
        "port": settings.port or default_port,
        "http": deadline_protocol(settings.request_deadline_s),
        "loop": "uvloop",
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "date_header": True,
        "timeout_keep_alive": 30,
        "timeout_graceful_shutdown": 20,
        "backlog": 1024,
        "lifespan": "on",
    }
    uvicorn.run(app, **options)
