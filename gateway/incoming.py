"""One pass over a request's head: hygiene, what the door must know, what the service gets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from secrets import token_hex

from starlette.types import Scope

from gateway.problems import HostMissing, PathMalformed
from kit.errors import Malformed, MethodNotAllowed, TooLarge

Passed = list[tuple[bytes, bytes]]

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_METHODS = frozenset(METHODS)
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

_HOST = re.compile(rb"^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~-]+)(:[0-9]{1,5})?\Z")
_REQUEST_ID = re.compile(rb"^[A-Za-z0-9._:-]{1,64}\Z")
_TRACE = re.compile(rb"^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}\Z")
_BAD_IN_VALUES = bytes([*range(9), *range(10, 32), 127])
_DOT_SEGMENT = re.compile(r"/\.{1,2}(?:/|\Z)")

#: Read by the door; those in _KEPT also go on to the service.
_READ = frozenset(
    {
        b"host",
        b"authorization",
        b"content-length",
        b"transfer-encoding",
        b"connection",
        b"x-request-id",
        b"traceparent",
        b"idempotency-key",
        b"accept-language",
    }
)
_KEPT = frozenset({b"authorization", b"idempotency-key", b"accept-language"})
#: Hop by hop (RFC 9110 7.6.1), or a claim about who asks that only a proxy of ours could make.
_DROPPED = frozenset(
    {
        b"keep-alive",
        b"te",
        b"trailer",
        b"upgrade",
        b"http2-settings",
        b"expect",
        b"forwarded",
        b"via",
        b"cookie",
        b"remote-user",
        b"remote-addr",
        b"client-ip",
        b"true-client-ip",
        b"server-timing",
    }
)
_DROPPED_PREFIXES = (b"x-", b"proxy-", b"ssl-", b"cf-", b"remote-")


@dataclass(frozen=True, slots=True)
class HeadLimits:
    """What a head may be, and which `X-` headers are part of the contract."""

    bytes_max: int
    count_max: int
    passed_x: frozenset[bytes]


@dataclass(slots=True)
class Incoming:
    """A request's head, checked."""

    method: str
    path: str
    request_id: bytes
    authorization: list[str]
    accept_language: str | None
    length: int | None
    is_chunked: bool
    is_repeatable: bool
    #: Request line and headers for the service, without the framing of the body.
    head: list[bytes]

    @property
    def has_body(self) -> bool:
        """Tell whether a body follows."""
        return self.is_chunked or bool(self.length)


def read_head(scope: Scope, limits: HeadLimits) -> Incoming:
    """Check a request's head and write the one that goes on; raises a Problem."""
    method: str = scope["method"]
    target: bytes = scope["raw_path"]
    query: bytes = scope["query_string"]
    if query:
        target = target + b"?" + query
    read, passed = _sort(scope["headers"], limits, len(target))
    if _DOT_SEGMENT.search(scope["path"]):
        raise PathMalformed
    if method not in _METHODS:
        raise MethodNotAllowed(headers={"Allow": ", ".join(METHODS)})
    host = read.get(b"host", ())
    if len(host) != 1 or not _HOST.match(host[0]):
        raise HostMissing
    given = read.get(b"x-request-id", (b"",))[0]
    request_id = given if _REQUEST_ID.match(given) else token_hex(16).encode()
    language = read.get(b"accept-language")
    return Incoming(
        method=method,
        path=scope["path"],
        request_id=request_id,
        authorization=[value.decode("latin-1") for value in read.get(b"authorization", ())],
        accept_language=language[0].decode("latin-1") if language else None,
        length=_length(read),
        is_chunked=b"transfer-encoding" in read,
        is_repeatable=method in _SAFE or b"idempotency-key" in read,
        head=[
            b"%b %b HTTP/1.1\r\nhost: %b\r\nx-request-id: %b\r\n"
            % (method.encode(), target, host[0], request_id),
            *_going_on(read, passed),
        ],
    )


def _going_on(read: Mapping[bytes, list[bytes]], passed: Passed) -> Iterator[bytes]:
    trace = read.get(b"traceparent", (b"",))[0]
    if _TRACE.match(trace):
        yield b"traceparent: %b\r\n" % trace
    nominated = _nominated(read.get(b"connection", ()))
    for name, value in passed:
        if name not in nominated:
            yield b"%b: %b\r\n" % (name, value)


def _sort(
    headers: Sequence[tuple[bytes, bytes]], limits: HeadLimits, size: int
) -> tuple[dict[bytes, list[bytes]], Passed]:
    if len(headers) > limits.count_max:
        raise TooLarge(limit=f"{limits.count_max} headers")
    read: dict[bytes, list[bytes]] = {}
    passed: Passed = []
    for name, value in headers:
        size += len(name) + len(value)
        if name in _READ:
            read.setdefault(name, []).append(value)
            if name in _KEPT:
                passed.append((name, value))
        elif name in limits.passed_x or not (
            name in _DROPPED or name.startswith(_DROPPED_PREFIXES) or b"_" in name
        ):
            passed.append((name, value))
    values = b"".join([value for _, value in headers])
    if len(values.translate(None, _BAD_IN_VALUES)) != len(values):
        raise Malformed
    if size > limits.bytes_max:
        raise TooLarge(limit=f"{limits.bytes_max} bytes of headers")
    return read, passed


def _length(read: Mapping[bytes, list[bytes]]) -> int | None:
    lengths = read.get(b"content-length")
    coding = read.get(b"transfer-encoding")
    if coding is not None:
        # Both together are a smuggling shape; only `chunked` is spoken here.
        if lengths is not None or [value.lower() for value in coding] != [b"chunked"]:
            raise Malformed
        return None
    if lengths is None:
        return None
    if len(lengths) != 1 or not lengths[0].isdigit() or len(lengths[0]) > 18:
        raise Malformed
    return int(lengths[0])


def _nominated(connection: Sequence[bytes]) -> frozenset[bytes]:
    if not connection or (len(connection) == 1 and connection[0] in {b"keep-alive", b"close"}):
        return frozenset()
    names = b",".join(connection).lower().split(b",")
    return frozenset(name.strip() for name in names)
