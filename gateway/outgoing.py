"""The answer on its way out: what is passed on, what the gateway adds."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from typing import Any

from gateway.incoming import Incoming
from gateway.limits import Running
from gateway.problems import ExportsRunning

Headers = Sequence[tuple[bytes, bytes]]

#: Hop by hop, set anew by the gateway, or telling what runs behind it.
_DROPPED = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"date",
        b"server",
        b"via",
        b"x-powered-by",
        b"x-request-id",
        b"set-cookie",
        b"ratelimit",
        b"ratelimit-policy",
    }
)
_ERROR_FORMS = (b"+json", b"application/json", b"application/xml", b"text/xml", b"+xml")
_EXPORTS = (
    b"text/csv",
    b"application/x-ndjson",
    b"application/geo+json-seq",
    b"application/vnd.openxmlformats",
)


class Answer:
    """Makes the start of the answer, and counts exports of a client while they run."""

    def __init__(
        self,
        incoming: Incoming,
        added: list[tuple[bytes, bytes]],
        *,
        exports: Running,
        client: str,
        begun: float,
    ) -> None:
        self.attempts = 0
        self._begun = begun
        self._sent_at = begun
        self._incoming = incoming
        self._added = added
        self._exports = exports
        self._client = client
        self._exporting = False

    def note_sent(self) -> None:
        """Note that the request goes to the service now (for Server-Timing)."""
        self._sent_at = perf_counter()

    def start(self, status: int, headers: Headers, body: bytes | None) -> Any:
        """Return the ASGI start message; `body` is the whole body, if it is here."""
        passed: list[tuple[bytes, bytes]] = []
        has_length = status in {204, 304} or self._incoming.method == "HEAD"
        for name, value in headers:
            if name in _DROPPED or (name == b"content-length" and status in {204, 304}):
                continue
            has_length = has_length or name == b"content-length"
            passed.append((name, value))
        if body is not None and not has_length:
            passed.append((b"content-length", b"%d" % len(body)))
        passed.append((b"x-request-id", self._incoming.request_id))
        now = perf_counter()
        upstream_ms = (now - self._sent_at) * 1000
        own_ms = (now - self._begun) * 1000 - upstream_ms
        passed.append(
            (b"server-timing", b"gateway;dur=%.2f, upstream;dur=%.2f" % (own_ms, upstream_ms))
        )
        passed.extend(self._added)
        return {"type": "http.response.start", "status": status, "headers": passed}

    def enter_export(self, headers: Headers) -> None:
        """Count an answer that is a whole list as a file; raises ExportsRunning over the limit."""
        if not media_type(headers).startswith(_EXPORTS):
            return
        if not self._exports.enter(self._client):
            raise ExportsRunning(exports_max=self._exports.limit, retry_after_s=10)
        self._exporting = True

    def leave_export(self) -> None:
        """End what `enter_export` began."""
        if self._exporting:
            self._exports.leave(self._client)
            self._exporting = False


def media_type(headers: Headers) -> bytes:
    """Return the Content-Type in lower case, empty when there is none."""
    return next((value.lower() for name, value in headers if name == b"content-type"), b"")


def is_event_stream(headers: Headers) -> bool:
    """Tell whether the answer must flow at once."""
    return media_type(headers).startswith(b"text/event-stream")


def is_foreign_error(status: int, headers: Headers) -> bool:
    """Tell whether a 5xx answer is not in a form of ours: it may name what runs behind us."""
    return status >= 500 and not any(form in media_type(headers) for form in _ERROR_FORMS)


def length_of(headers: Headers) -> int | None:
    """Return the declared length of the body; None when only its end will tell."""
    return next((int(value) for name, value in headers if name == b"content-length"), None)
