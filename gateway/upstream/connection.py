"""One keep-alive connection to a service: httptools, no copies, one wake-up per answer."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import httptools

from gateway.upstream.faults import Broken, Fault

_PAUSE_BYTES = 256 << 10
_HEAD_BYTES_MAX = 64 << 10


class Connection(asyncio.Protocol):
    """Carries one exchange at a time.

    The order of calls is `begin`, `write` (with `drain` while streaming), `changed` until
    `head_done`, then `take` and `changed` until `done`.  A fault is raised by `changed` and
    `drain`; `fail` injects one from outside (deadline, client gone) and ends the connection.
    """

    def __init__(self) -> None:
        self.fault: Fault | None = None
        self.closed = False
        self.idle_since = 0.0
        self.exchanges = 0
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._writable: asyncio.Future[None] | None = None
        self._write_paused = False
        self._read_paused = False
        self._is_head = False
        self._busy = False
        self._parser = httptools.HttpResponseParser(self)
        self._reset()

    def _reset(self) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.head_done = False
        self.done = False
        self.buffered = 0
        self.answered = False
        self._head_bytes = 0
        self._keep = False
        self._chunks: list[bytes] = []

    # -- what the exchange calls

    def begin(self, *, is_head: bool) -> None:
        """Make ready for the answer to a request; HEAD answers end with their head."""
        if self._is_head:
            # The parser still waits for the body that an answer to HEAD announces and never has.
            self._parser = httptools.HttpResponseParser(self)
        self._reset()
        self._is_head = is_head
        self._busy = True
        self.exchanges += 1

    def write(self, data: bytes) -> None:
        """Send bytes; they wait in memory while the peer does not read (see `drain`)."""
        if not self.closed and self._transport is not None:
            self._transport.write(data)

    async def drain(self) -> None:
        """Wait until the peer reads again; raises the fault of the exchange."""
        if self.fault is not None:
            raise self.fault
        if self._write_paused and not self.closed:
            self._writable = asyncio.get_running_loop().create_future()
            await self._writable
            if self.fault is not None:
                raise self.fault

    async def changed(self) -> None:
        """Wait for the next thing to happen; raises the fault of the exchange."""
        if self.fault is not None:
            raise self.fault
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None
        if self.fault is not None:
            raise self.fault

    def take(self) -> bytes:
        """Return the body bytes that have come since the last call."""
        data = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks = []
        self.buffered = 0
        if self._read_paused and self._transport is not None and not self.closed:
            self._read_paused = False
            self._transport.resume_reading()
        return data

    def nudge(self) -> None:
        """Wake whoever waits in `changed`."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def fail(self, fault: Fault) -> None:
        """End the exchange with a fault, unless it has ended already."""
        if self.fault is None and not self.done:
            self.fault = fault
        self.close()
        self._wake()

    def close(self) -> None:
        """Close at once; what was not yet sent is dropped."""
        self.closed = True
        if self._transport is not None:
            self._transport.abort()

    def finish(self) -> bool:
        """End the exchange; tells whether the connection can carry another one."""
        self._busy = False
        return self.done and self._keep and not self.closed and self.fault is None

    # -- what the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        # uvloop's transports are no subclasses of asyncio's.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Feed the parser; anything that is no answer ends the connection."""
        if not self._busy or self.done:
            # Bytes that nobody asked for: a desynchronised peer must not answer the next request.
            self.close()
            return
        self.answered = True
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            if self.done:
                self.close()
            else:
                self.fail(Broken("no HTTP answer"))
        self._wake()

    def eof_received(self) -> bool:
        """Close when the peer has closed."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Complete an answer that ends with its connection, or tell of the break."""
        self.closed = True
        if self._busy and not self.done and self.fault is None:
            if self.head_done and exc is None and not self._is_framed():
                self.done = True
            else:
                self.fault = Broken("connection ended")
        self._wake()

    def pause_writing(self) -> None:
        """Note that the peer does not read."""
        self._write_paused = True

    def resume_writing(self) -> None:
        """Let `drain` go on."""
        self._write_paused = False
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)

    def _wake(self) -> None:
        self.nudge()
        if self.closed or self.fault is not None:
            self.resume_writing()

    def _is_framed(self) -> bool:
        return any(name in {b"content-length", b"transfer-encoding"} for name, _ in self.headers)

    # -- what the parser calls

    def on_message_begin(self) -> None:
        """Refuse a second answer to one request."""
        if self.done:
            self.close()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Collect a header, within a limit."""
        if self.done:
            return
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > _HEAD_BYTES_MAX:
            self.fail(Broken("head too large"))
            return
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Take the status; interim answers (1xx) are dropped."""
        status = self._parser.get_status_code()
        if status < 200:
            self.headers = []
            return
        if self.done:
            return
        self.status = status
        self.head_done = True
        self._keep = self._parser.should_keep_alive()
        if self._is_head:
            self.done = True

    def on_body(self, body: bytes) -> None:
        """Buffer a piece of the body; stops reading while too much waits."""
        if self.done:
            # The body of a second answer, or one that an answer to HEAD cannot have.
            self.close()
            return
        self._chunks.append(body)
        self.buffered += len(body)
        if self.buffered > _PAUSE_BYTES and not self._read_paused and self._transport is not None:
            self._read_paused = True
            self._transport.pause_reading()

    def on_message_complete(self) -> None:
        """Note the end of the answer."""
        if self.head_done:
            self.done = True


async def connect(loop: asyncio.AbstractEventLoop, address: Any, timeout_s: float) -> Connection:
    """Open a connection to (host, port, is_tls); raises OSError or TimeoutError."""
    host, port, is_tls = address
    async with asyncio.timeout(timeout_s):
        _, connection = await loop.create_connection(
            Connection, host, port, ssl=True if is_tls else None
        )
    return connection
