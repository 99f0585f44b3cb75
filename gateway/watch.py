"""What guards one exchange: its deadline, its silence, its upload, and the client's presence."""

from __future__ import annotations

import asyncio

from starlette.types import Receive

from gateway.upload import Upload
from gateway.upstream.connection import Connection
from gateway.upstream.faults import ClientGone, TimedOut
from gateway.upstream.pool import Pool

#: A client that has left is noticed after about this time; sooner answers need no watch at all.
_LOOK_AFTER_S = 0.2


class Watch:
    """Holds a connection for the length of a block; every timer and task ends with it."""

    def __init__(self, pool: Pool, connection: Connection, receive: Receive) -> None:
        self._pool = pool
        self._connection = connection
        self._receive = receive
        self._loop = asyncio.get_running_loop()
        self._deadline: asyncio.TimerHandle | None = None
        self._silence: asyncio.TimerHandle | None = None
        self._nudge: asyncio.TimerHandle | None = None
        self._pumping: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._look = self._loop.call_later(_LOOK_AFTER_S, self._look_for_client)
        self._holds = True

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def end_at(self, at: float) -> None:
        """Fail the exchange at a time of the loop's clock; replaces an earlier deadline."""
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self._loop.call_at(at, self._connection.fail, TimedOut())

    def silence_ends_after(self, seconds: float) -> None:
        """Fail the exchange unless this is called again in time."""
        if self._silence is not None:
            self._silence.cancel()
        self._silence = self._loop.call_later(seconds, self._connection.fail, TimedOut())

    def nudge_after(self, seconds: float) -> None:
        """Wake the exchange once, whatever has come by then."""
        self._nudge = self._loop.call_later(seconds, self._connection.nudge)

    def pump(self, upload: Upload, *, answer_s: float) -> None:
        """Stream the rest of the request's body; then the answer has `answer_s` to begin."""

        async def pump() -> None:
            await upload.pump(self._connection)
            if not self._connection.head_done:
                self.end_at(self._loop.time() + answer_s)

        self._pumping = self._loop.create_task(pump())

    def release(self) -> None:
        """Give the connection back (kept if it is clean) and end all that guards it."""
        if not self._holds:
            return
        self._holds = False
        for timer in (self._deadline, self._silence, self._nudge, self._look):
            if timer is not None:
                timer.cancel()
        is_sent = self._pumping is None or self._pumping.done()
        for task in (self._pumping, self._watching):
            if task is not None:
                task.cancel()
        if is_sent:
            self._pool.release(self._connection)
        else:
            self._pool.discard(self._connection)

    def _look_for_client(self) -> None:
        if self._pumping is not None and not self._pumping.done():
            self._look = self._loop.call_later(_LOOK_AFTER_S, self._look_for_client)
        else:
            self._watching = self._loop.create_task(self._watch_client())

    async def _watch_client(self) -> None:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._connection.fail(ClientGone())
