"""The body on its way in: held whole while it is small, streamed once when it is not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from gateway.incoming import Incoming
from gateway.upload import HELD_BYTES_MAX, Upload, UploadLimits
from gateway.upstream.faults import ClientGone, ClientTooLarge, ClientTooSlow, Fault, TimedOut

LIMITS = UploadLimits(bytes_max=1 << 20, held_s=0.1, idle_s=0.1, bytes_per_s_min=0)


def an_incoming(length: int | None = None, *, is_chunked: bool = False) -> Incoming:
    return Incoming(
        method="POST",
        path="/registry/v1/imports",
        request_id=b"r",
        authorization=[],
        accept_language=None,
        length=length,
        is_chunked=is_chunked,
        is_repeatable=False,
        head=[],
    )


class Sending:
    """A client that sends pieces, then stalls, leaves, or has said all."""

    def __init__(self, pieces: Iterable[bytes], end: str = "done", pause_s: float = 0) -> None:
        self._pieces = list(pieces)
        self._end = end
        self._pause_s = pause_s

    async def __call__(self) -> dict[str, Any]:
        await asyncio.sleep(self._pause_s)
        if self._pieces:
            piece = self._pieces.pop(0)
            more = bool(self._pieces) or self._end != "done"
            return {"type": "http.request", "body": piece, "more_body": more}
        if self._end == "stall":
            await asyncio.sleep(60)
        return {"type": "http.disconnect"}


class Service:
    """The connection to a service, as far as an upload sees it."""

    def __init__(self, *, stuck: bool = False) -> None:
        self.written = b""
        self.fault: Fault | None = None
        self._stuck = stuck

    def write(self, data: bytes) -> None:
        self.written += data

    async def drain(self) -> None:
        if self._stuck:
            await asyncio.sleep(60)

    def fail(self, fault: Fault) -> None:
        self.fault = fault


def held(upload: Upload) -> bytes:
    asyncio.run(upload.hold())
    return upload.framing() + upload.first()


def test_a_small_body_is_whole_and_framed_by_its_length() -> None:
    upload = Upload(Sending([b"ab", b"", b"cd"]), an_incoming(4), LIMITS)
    assert held(upload) == b"content-length: 4\r\n\r\nabcd"
    assert not upload.is_streamed
    assert held(Upload(Sending([b"ab"]), an_incoming(is_chunked=True), LIMITS)) == (
        b"content-length: 2\r\n\r\nab"
    )


def test_without_a_body_nothing_is_read() -> None:
    assert held(Upload(Sending([], "stall"), an_incoming(), LIMITS)) == b"\r\n"
    assert (
        held(Upload(Sending([], "stall"), an_incoming(0), LIMITS)) == b"content-length: 0\r\n\r\n"
    )


def streamed(pieces: list[bytes], length: int | None) -> bytes:
    service = Service()
    upload = Upload(Sending(pieces), an_incoming(length, is_chunked=length is None), LIMITS)

    async def run() -> bytes:
        await upload.hold()
        assert upload.is_streamed
        start = upload.framing() + upload.first()
        await upload.pump(service)  # type: ignore[arg-type] # it is what pump needs
        return start

    return asyncio.run(run()) + service.written


def test_a_large_body_streams_with_the_framing_that_it_came_with() -> None:
    pieces = [b"a" * 40_000, b"b" * 40_000, b"c" * 10, b""]
    assert streamed(pieces, 80_010) == (
        b"content-length: 80010\r\n\r\n" + b"a" * 40_000 + b"b" * 40_000 + b"c" * 10
    )
    chunked = streamed(pieces, None)
    assert chunked.startswith(b"transfer-encoding: chunked\r\n\r\n13880\r\naaa")
    assert chunked.endswith(b"\r\na\r\ncccccccccc\r\n0\r\n\r\n")
    assert 40_000 < HELD_BYTES_MAX < 80_000


@pytest.mark.parametrize(
    ("sending", "length", "fault"),
    [
        (Sending([b"ab"], "stall"), 4, ClientTooSlow),
        (Sending([b"ab"], "leave"), 4, ClientGone),
        (Sending([b"ab"]), 1 << 21, ClientTooLarge),
        (Sending([b"x" * (1 << 21)]), None, ClientTooLarge),
        (Sending([b"x"] * 50, pause_s=0.01), 50, ClientTooSlow),
    ],
)
def test_a_client_that_stalls_leaves_or_sends_too_much_is_named(
    sending: Sending, length: int | None, fault: type[Fault]
) -> None:
    upload = Upload(sending, an_incoming(length, is_chunked=length is None), LIMITS)
    with pytest.raises(fault):
        asyncio.run(upload.hold())


@pytest.mark.parametrize(
    ("sending", "limits", "is_stuck", "fault"),
    [
        (Sending([b"x" * 70_000], "stall"), LIMITS, False, ClientTooSlow),
        (Sending([b"x" * 70_000], "leave"), LIMITS, False, ClientGone),
        (Sending([b"x" * 70_000] * 20), LIMITS, False, ClientTooLarge),
        (Sending([b"x" * 70_000] * 3), LIMITS, True, TimedOut),
        (
            Sending([b"x" * 70_000] + [b"x"] * 50, pause_s=0.02),
            UploadLimits(1 << 20, held_s=1, idle_s=0.1, bytes_per_s_min=700_000),
            False,
            ClientTooSlow,
        ),
    ],
)
def test_what_goes_wrong_while_streaming_fails_the_exchange_by_name(
    sending: Sending, limits: UploadLimits, *, is_stuck: bool, fault: type[Fault]
) -> None:
    service = Service(stuck=is_stuck)
    upload = Upload(sending, an_incoming(is_chunked=True), limits)

    async def run() -> None:
        await upload.hold()
        await upload.pump(service)  # type: ignore[arg-type] # it is what pump needs

    asyncio.run(run())
    assert isinstance(service.fault, fault)
    assert not service.written.endswith(b"0\r\n\r\n"), "a broken body must not look whole"
