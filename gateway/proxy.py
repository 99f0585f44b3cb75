"""One exchange with a service: deadline, one retry where it is safe, bytes through both ways."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog
from starlette.types import Receive, Send

from gateway.incoming import Incoming
from gateway.outgoing import Answer, is_event_stream, is_foreign_error, length_of
from gateway.problems import (
    BodyTooSlow,
    UpstreamBroken,
    UpstreamBusy,
    UpstreamTooSlow,
    UpstreamUnavailable,
)
from gateway.upload import Upload
from gateway.upstream.connection import Connection
from gateway.upstream.faults import (
    Broken,
    Busy,
    ClientGone,
    ClientTooLarge,
    ClientTooSlow,
    Fault,
    TimedOut,
    Unreachable,
)
from gateway.upstream.services import Upstream
from gateway.watch import Watch
from kit.errors import Problem, TooLarge

log = structlog.get_logger()

#: Answers up to this size are read whole first, so that a broken one becomes a clean 502.
_HELD_BYTES_MAX = 64 << 10
#: An answer of unknown length is held back this long, in case it is short.
_HELD_S = 0.25


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long an exchange may take."""

    exchange_s: float
    stream_s: float
    idle_s: float


class Exchange:
    """Carries one request to a service and its answer back.

    `status` is what the client was told: 0 while nothing, 499 when it left before.
    """

    def __init__(self, upstream: Upstream, incoming: Incoming, deadlines: Deadlines) -> None:
        self._upstream = upstream
        self._incoming = incoming
        self._deadlines = deadlines
        self._loop = asyncio.get_running_loop()
        self._begun = self._loop.time()
        self.status = 0

    async def run(self, upload: Upload, answer: Answer, receive: Receive, send: Send) -> None:
        """Serve the request.

        Raises a Problem while no answer has begun; a later fault ends without completing the
        answer, upon which the server cuts the client's connection: no other way is left to say
        that it is not whole.
        """
        try:
            await upload.hold()
            self._begun = self._loop.time()
            while not await self._attempt(upload, answer, receive, send):
                log.info("exchange_repeated", upstream=self._upstream.name)
        except ClientGone:
            self.status = self.status or 499
        except Fault as fault:
            log.warning("exchange_failed", upstream=self._upstream.name, fault=type(fault).__name__)
            if not self.status:
                raise as_problem(fault, self._upstream.name) from fault
        finally:
            answer.leave_export()

    async def _attempt(self, upload: Upload, answer: Answer, receive: Receive, send: Send) -> bool:
        """Try once; False when another attempt is due."""
        rest_s = self._upstream.rest_s()
        if rest_s is not None:
            raise UpstreamUnavailable(upstream=self._upstream.name, retry_after_s=rest_s)
        connection: Connection | None = None
        try:
            connection = await self._upstream.pool.acquire(fresh=answer.attempts > 0)
            answer.attempts += 1
            with Watch(self._upstream.pool, connection, receive) as watch:
                await self._exchange(connection, watch, upload, answer)
                self._upstream.succeeded()
                await self._forward(connection, watch, answer, send)
            return True
        except (Unreachable, TimedOut):
            self._upstream.failed()
            raise
        except Broken:
            # A kept connection that the service had just closed says nothing about its health.
            if connection is not None and (connection.exchanges == 1 or connection.answered):
                self._upstream.failed()
            else:
                self._upstream.abandoned()
            if self._may_repeat(upload, answer):
                return False
            raise
        except BaseException:
            self._upstream.abandoned()
            raise

    def _may_repeat(self, upload: Upload, answer: Answer) -> bool:
        return (
            not self.status
            and answer.attempts < 2
            and self._incoming.is_repeatable
            and not upload.is_streamed
            and self._upstream.may_retry()
        )

    async def _exchange(
        self, connection: Connection, watch: Watch, upload: Upload, answer: Answer
    ) -> None:
        """Send the request; return when the answer's head is here, and all of a small answer."""
        allowed_s = self._deadlines.stream_s if upload.is_streamed else self._deadlines.exchange_s
        watch.end_at(self._begun + allowed_s)
        connection.begin(is_head=self._incoming.method == "HEAD")
        answer.note_sent()
        connection.write(b"".join((*self._incoming.head, upload.framing(), upload.first())))
        if upload.is_streamed:
            watch.pump(upload, answer_s=self._deadlines.exchange_s)
        while not connection.head_done:
            await connection.changed()
        if not connection.done:
            await self._hold(connection, watch)

    async def _hold(self, connection: Connection, watch: Watch) -> None:
        length = length_of(connection.headers)
        until = float("inf")
        if is_event_stream(connection.headers) or (length or 0) > _HELD_BYTES_MAX:
            return
        if length is None:
            until = self._loop.time() + _HELD_S
            watch.nudge_after(_HELD_S)
        while not connection.done and connection.buffered <= _HELD_BYTES_MAX:
            if self._loop.time() >= until:
                return
            await connection.changed()

    async def _forward(
        self, connection: Connection, watch: Watch, answer: Answer, send: Send
    ) -> None:
        """Pass the answer to the client, as it comes."""
        if is_foreign_error(connection.status, connection.headers):
            raise UpstreamBroken(upstream=self._upstream.name)
        if connection.done:
            status, headers, body = connection.status, connection.headers, connection.take()
            watch.release()
            self.status = status
            await send(answer.start(status, headers, body))
            await send({"type": "http.response.body", "body": body})
            return
        answer.enter_export(connection.headers)
        watch.end_at(self._begun + self._deadlines.stream_s)
        self.status = connection.status
        await send(answer.start(connection.status, connection.headers, None))
        while not connection.done:
            if connection.buffered:
                piece = connection.take()
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            else:
                watch.silence_ends_after(self._deadlines.idle_s)
                await connection.changed()
        await send({"type": "http.response.body", "body": connection.take()})


def as_problem(fault: Fault, upstream: str) -> Problem:
    """Return what a fault means for the client, while it can still be told."""
    if isinstance(fault, Unreachable):
        return UpstreamUnavailable(upstream=upstream, retry_after_s=2)
    if isinstance(fault, Busy):
        return UpstreamBusy(upstream=upstream, retry_after_s=1)
    if isinstance(fault, TimedOut):
        return UpstreamTooSlow(upstream=upstream, retry_after_s=5)
    if isinstance(fault, ClientTooLarge):
        return TooLarge(limit="the body limit of this path")
    if isinstance(fault, ClientTooSlow):
        return BodyTooSlow()
    return UpstreamBroken(upstream=upstream, retry_after_s=2)
