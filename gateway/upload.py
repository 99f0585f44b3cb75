"""The request body on its way in: small ones are held whole, large ones are streamed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from starlette.types import Receive

from gateway.incoming import Incoming
from gateway.upstream.connection import Connection
from gateway.upstream.faults import ClientGone, ClientTooLarge, ClientTooSlow, Fault, TimedOut

HELD_BYTES_MAX = 64 << 10


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """What a body may be, and how long it may take."""

    bytes_max: int
    held_s: float
    idle_s: float
    bytes_per_s_min: int


class Upload:
    """A request body.

    `hold` reads up to 64 KiB before any connection to the service is taken, so that slow clients
    with small bodies cost the service nothing and the request can be sent twice.  What is larger
    streams through `pump`, once.
    """

    def __init__(self, receive: Receive, incoming: Incoming, limits: UploadLimits) -> None:
        self._receive = receive
        self._limits = limits
        self._declared = incoming.length
        self._received = 0
        self._held = b""
        self.is_whole = not incoming.has_body
        #: Larger than what is held: it goes through once, as it comes.
        self.is_streamed = False

    async def hold(self) -> None:
        """Read until the body is whole or 64 KiB are here; raises a client's fault."""
        if self._declared is not None and self._declared > self._limits.bytes_max:
            raise ClientTooLarge
        if self.is_whole:
            return
        pieces = []
        try:
            async with asyncio.timeout(self._limits.held_s):
                while not self.is_whole and self._received < HELD_BYTES_MAX:
                    pieces.append(await self._next())
        except TimeoutError:
            raise ClientTooSlow from None
        self._held = b"".join(pieces)
        self.is_streamed = not self.is_whole

    def framing(self) -> bytes:
        """Return the end of the head: how the body is framed, and the empty line."""
        if not self.is_streamed:
            if self._held or self._declared is not None:
                return b"content-length: %d\r\n\r\n" % len(self._held)
            return b"\r\n"
        if self._declared is not None:
            return b"content-length: %d\r\n\r\n" % self._declared
        return b"transfer-encoding: chunked\r\n\r\n"

    def first(self) -> bytes:
        """Return the held bytes as they go on the wire."""
        return self._frame(self._held) if self.is_streamed else self._held

    async def pump(self, connection: Connection) -> None:
        """Stream the rest; whatever is wrong with the client fails the connection by name."""
        begun = asyncio.get_running_loop().time()
        try:
            while not self.is_whole:
                async with asyncio.timeout(self._limits.idle_s):
                    piece = await self._next()
                self._check_pace(asyncio.get_running_loop().time() - begun)
                connection.write(self._frame(piece))
                await self._drain(connection)
            if self._declared is None:
                connection.write(b"0\r\n\r\n")
        except TimeoutError:
            connection.fail(ClientTooSlow())
        except Fault as fault:
            connection.fail(fault)

    async def _drain(self, connection: Connection) -> None:
        try:
            async with asyncio.timeout(self._limits.idle_s):
                await connection.drain()
        except TimeoutError:
            raise TimedOut from None

    def _frame(self, piece: bytes) -> bytes:
        if self._declared is not None or not piece:
            return piece
        return b"%x\r\n%b\r\n" % (len(piece), piece)

    def _check_pace(self, elapsed_s: float) -> None:
        slow = self._received < elapsed_s * self._limits.bytes_per_s_min
        if slow and elapsed_s > self._limits.idle_s:
            raise ClientTooSlow

    async def _next(self) -> bytes:
        message = await self._receive()
        if message["type"] != "http.request":
            raise ClientGone
        piece: bytes = message.get("body", b"")
        self._received += len(piece)
        if self._received > self._limits.bytes_max:
            raise ClientTooLarge
        self.is_whole = not message.get("more_body", False)
        return piece
