"""A service that misbehaves on demand: a raw TCP server, so that nothing mends its faults."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

GOOD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 11\r\n\r\n"
BODY = b'{"ok":true}'
_ERROR = b"content-type: application/problem+json\r\ncontent-length: 2\r\n\r\n{}"


class Misbehaving:
    """Answers by `mode`; counts requests and keeps the methods that it saw.

    Modes: good, refuse, hang, drip_head, drip_body, reset, reset_mid, truncated, cut_chunks,
    garbage, storm_500, storm_503, html_502, early_413, close_after.
    """

    def __init__(self) -> None:
        self.mode = "good"
        self.seen: list[str] = []
        self.gone = threading.Event()
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    def set_mode(self, mode: str) -> None:
        """Change the behaviour; refusing closes the port, anything else opens it again."""
        self.mode = mode
        change = self._close() if mode == "refuse" else self._open()
        asyncio.run_coroutine_threadsafe(change, self._loop).result(5)

    async def _open(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            self.gone.set()
        finally:
            self._writers.discard(writer)
            writer.transport.abort()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        self.seen.append(head.split(b" ", 1)[0].decode())
        if self.mode == "early_413":
            writer.write(b"HTTP/1.1 413 Too Large\r\nconnection: close\r\n" + _ERROR)
            await writer.drain()
            await asyncio.sleep(0.2)
            return False
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                await reader.readexactly(int(line.split(b":")[1]))
        return await self._answer(reader, writer)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        mode = self.mode
        if mode == "hang":
            await reader.read(1)
            self.gone.set()
            return False
        if mode.startswith("drip"):
            await self._drip(writer, in_head=mode == "drip_head")
            return False
        if mode == "reset":
            sock: socket.socket = writer.get_extra_info("socket")
            del sock
            writer.transport.abort()
            return False
        answers = {
            "good": GOOD + BODY,
            "close_after": GOOD + BODY,
            "reset_mid": GOOD.replace(b"11", b"1000000") + b"x" * 200_000,
            "truncated": GOOD + BODY[:5],
            "cut_chunks": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nff\r\nshort",
            "garbage": b"\x00\x01garbage\r\n\r\n",
            "storm_500": b"HTTP/1.1 500 X\r\n" + _ERROR,
            "storm_503": b"HTTP/1.1 503 X\r\nretry-after: 3\r\n" + _ERROR,
            "html_502": b"HTTP/1.1 502 X\r\ncontent-type: text/html\r\ncontent-length: 11\r\n\r\n"
            b"host 10.0.0",
        }
        writer.write(answers[mode])
        await writer.drain()
        return mode in {"good", "storm_500", "storm_503", "html_502"}

    async def _drip(self, writer: asyncio.StreamWriter, *, in_head: bool) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nx-drip: " if in_head else GOOD.replace(b"11", b"5000"))
        for _ in range(300):
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    def run(self) -> None:
        """Run the loop (in the thread)."""
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0.05))
        self._loop.close()

    def stop(self) -> None:
        """End everything."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)


@contextmanager
def misbehaving() -> Iterator[Misbehaving]:
    """Run a misbehaving service for the length of a block."""
    service = Misbehaving()
    thread = threading.Thread(target=service.run, daemon=True)
    thread.start()
    service.set_mode("good")
    try:
        yield service
    finally:
        service.stop()
        thread.join(5)
