"""Server-sent events (WHATWG HTML 9.2), resumable with Last-Event-ID."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.responses import StreamingResponse

EVENT_STREAM = "text/event-stream"


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event: its id (for Last-Event-ID), its name, its JSON data."""

    id: int
    name: str
    data: dict[str, Any]

    def encode(self) -> bytes:
        """Return the lines of the event."""
        return (
            f"id: {self.id}\nevent: {self.name}\ndata: ".encode()
            + orjson.dumps(self.data)
            + b"\n\n"
        )


def event_stream(events: AsyncIterator[ServerEvent | None]) -> StreamingResponse:
    """Return the streaming answer; None in the source is sent as a comment that keeps it alive."""

    async def body() -> AsyncIterator[bytes]:
        yield b"retry: 2000\n\n"
        async for event in events:
            yield b": still here\n\n" if event is None else event.encode()

    return StreamingResponse(
        body(),
        media_type=EVENT_STREAM,
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )
