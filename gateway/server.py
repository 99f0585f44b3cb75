"""Serving the door: uvicorn with the raw-request hygiene that it lacks by itself."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.settings import Settings
from kit.errors import Language, Malformed, Problem, TooLarge
from kit.server import deadline_protocol
from kit.web.problems import MEDIA_TYPE, body_of


class DoorProtocol(HttpToolsProtocol):
    """The protocol of the public port.

    The size of a head is limited while it arrives, unreadable requests get a problem document,
    and clients that do not read their answer are cut.
    """

    head_bytes_max: ClassVar[int]
    stuck_s: ClassVar[float]
    language: ClassVar[Language]

    _head_bytes = 0
    _reads_head = False
    _stuck: asyncio.TimerHandle | None = None

    def data_received(self, data: bytes) -> None:
        """Feed the parser; end a head that is too large already."""
        super().data_received(data)
        if self._reads_head:
            self._head_bytes += len(data)
            if self._head_bytes > self.head_bytes_max and not self.transport.is_closing():
                limit = f"{self.head_bytes_max} bytes of headers"
                self._end(b"413 Content Too Large", TooLarge(limit=limit))

    def on_message_begin(self) -> None:
        """Begin to count a head."""
        self._reads_head = True
        self._head_bytes = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Stop counting."""
        self._reads_head = False
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP request."""
        del msg
        self._end(b"400 Bad Request", Malformed())

    def pause_writing(self) -> None:
        """Give a client that does not read some time to read on."""
        self._stuck = self.loop.call_later(self.stuck_s, self.transport.abort)
        super().pause_writing()

    def resume_writing(self) -> None:
        """Go on writing."""
        self._unstick()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timer."""
        self._unstick()
        super().connection_lost(exc)

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection, at once if its client has not even read its last answer."""
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        super().timeout_keep_alive_handler()

    def _unstick(self) -> None:
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None

    def _end(self, status: bytes, problem: Problem) -> None:
        body = body_of(problem, self.language, "", "-")
        self.transport.write(
            b"HTTP/1.1 %b\r\ncontent-type: %b\r\ncontent-length: %d\r\n"
            b"connection: close\r\n\r\n%b" % (status, MEDIA_TYPE.encode(), len(body), body)
        )
        self.transport.close()


def door_protocol(settings: Settings) -> type[HttpToolsProtocol]:
    """Return the protocol with its limits, over the kit's deadline for the head."""
    limits = {
        # One read may bring a head and more; gateway.incoming judges exact sizes.
        "head_bytes_max": settings.header_limit_bytes + (8 << 10),
        "stuck_s": settings.idle_s,
        "language": settings.default_language,
    }
    bases = (DoorProtocol, deadline_protocol(settings.request_deadline_s))
    return type("ServedDoorProtocol", bases, limits)


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
