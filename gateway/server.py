"""Serving the door: uvicorn with the raw-request hygiene that it lacks by itself."""

from __future__ import annotations

import asyncio
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.settings import Settings
from kit.errors import Malformed, TooLarge
from kit.server import deadline_protocol
from kit.web.problems import MEDIA_TYPE, body_of


def door_protocol(settings: Settings) -> type[HttpToolsProtocol]:
    """Return the protocol of the public port.

    Beyond the deadline for the head: the head's size is limited while it arrives, unreadable
    requests get a problem document, and clients that do not read their answer are cut.
    """
    # One read of the event loop may hold a whole head and more; read_head judges exact sizes.
    head_bytes_max = settings.header_limit_bytes + (8 << 10)

    class DoorProtocol(deadline_protocol(settings.request_deadline_s)):  # type: ignore[misc] # a class made by a function
        """httptools protocol of the public port."""

        _head_bytes = 0
        _reads_head = False
        _stuck: asyncio.TimerHandle | None = None

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self._reads_head:
                self._head_bytes += len(data)
                if self._head_bytes > head_bytes_max and not self.transport.is_closing():
                    limit = f"{settings.header_limit_bytes} bytes of headers"
                    self._end(b"413 Content Too Large", TooLarge(limit=limit))

        def on_message_begin(self) -> None:
            self._reads_head = True
            self._head_bytes = 0
            super().on_message_begin()

        def on_headers_complete(self) -> None:
            self._reads_head = False
            super().on_headers_complete()

        def send_400_response(self, msg: str) -> None:
            del msg
            self._end(b"400 Bad Request", Malformed())

        def pause_writing(self) -> None:
            self._stuck = self.loop.call_later(settings.idle_s, self.transport.abort)
            super().pause_writing()

        def resume_writing(self) -> None:
            self._unstick()
            super().resume_writing()

        def connection_lost(self, exc: Exception | None) -> None:
            self._unstick()
            super().connection_lost(exc)

        def timeout_keep_alive_handler(self) -> None:
            if self.transport.get_write_buffer_size():
                self.transport.abort()
            super().timeout_keep_alive_handler()

        def _unstick(self) -> None:
            if self._stuck is not None:
                self._stuck.cancel()
                self._stuck = None

        def _end(self, status: bytes, problem: Malformed | TooLarge) -> None:
            body = body_of(problem, settings.default_language, "", "-")
            self.transport.write(
                b"HTTP/1.1 %b\r\ncontent-type: %b\r\ncontent-length: %d\r\n"
                b"connection: close\r\n\r\n%b" % (status, MEDIA_TYPE.encode(), len(body), body)
            )
            self.transport.close()

    return DoorProtocol


def server_options(settings: Settings) -> dict[str, Any]:
    """Return the options of uvicorn for the public port."""
    return {
        "host": settings.host,
        "port": settings.port or 8080,
        "http": door_protocol(settings),
        "ws": "none",
        "loop": "uvloop",
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "date_header": True,
        "proxy_headers": bool(settings.trusted_proxies),
        "forwarded_allow_ips": settings.trusted_proxies or None,
        "timeout_keep_alive": 30,
        "timeout_graceful_shutdown": 20,
        "backlog": 1024,
        "lifespan": "on",
    }


def serve(door: ASGIApp, settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; then drain running requests for up to 20 s."""
    uvicorn.run(door, **server_options(settings))
