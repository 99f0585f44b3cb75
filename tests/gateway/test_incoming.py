"""One pass over a head: what is read, refused, kept and dropped, without a socket."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gateway.incoming import HeadLimits, Incoming, read_head
from gateway.problems import HostMissing, PathMalformed
from gateway.routes import PREFIXES, label_of, service_of
from kit.errors import Malformed, MethodNotAllowed, Problem, TooLarge

LIMITS = HeadLimits(bytes_max=2000, count_max=20, passed_x=frozenset({b"x-purpose"}))
Lines = list[tuple[bytes, bytes]]


def a_scope(lines: Lines | None = None, **changes: Any) -> dict[str, Any]:
    """Return the ASGI scope of a request as uvicorn makes it: names in lower case."""
    return {
        "method": "GET",
        "path": "/registry/v1/x",
        "raw_path": b"/registry/v1/x",
        "query_string": b"",
        "headers": [(b"host", b"city.test"), *(lines or [])],
    } | changes


def head_of(lines: Lines, **changes: Any) -> list[str]:
    """Return the lines that go on to the service."""
    text = b"".join(read_head(a_scope(lines, **changes), LIMITS).head).decode()
    assert text.endswith("\r\n")
    return text.split("\r\n")[:-1]


def test_the_request_line_is_the_one_that_came() -> None:
    head = head_of([], method="DELETE", raw_path=b"/registry/a%2Fb", query_string=b"q=%20&q=2")
    assert head[0] == "DELETE /registry/a%2Fb?q=%20&q=2 HTTP/1.1"
    assert head[1] == "host: city.test"


def test_headers_keep_their_order_and_their_repetitions() -> None:
    lines = [(b"accept", b"text/csv"), (b"if-match", b'"1"'), (b"accept", b"*/*")]
    assert head_of(lines)[3:] == ["accept: text/csv", 'if-match: "1"', "accept: */*"]


@pytest.mark.parametrize(
    "name",
    ["x-anything", "x-user", "cookie", "forwarded", "via", "te", "trailer", "upgrade", "expect",
     "keep-alive", "proxy-connection", "http2-settings", "remote-user", "ssl-client-dn", "a_b"],
)  # fmt: skip
def test_what_no_client_may_say_to_a_service_is_dropped(name: str) -> None:
    assert not any(line.startswith(name) for line in head_of([(name.encode(), b"1")]))


@pytest.mark.parametrize(
    "name", ["authorization", "x-purpose", "idempotency-key", "accept-language", "content-type",
             "content-encoding", "last-event-id", "if-none-match", "prefer", "user-agent"]
)  # fmt: skip
def test_what_belongs_to_the_contract_goes_on(name: str) -> None:
    assert f"{name}: 1" in head_of([(name.encode(), b"1")])


def test_the_framing_of_the_body_is_never_copied() -> None:
    for line in ((b"content-length", b"4"), (b"transfer-encoding", b"chunked")):
        assert not any(line[0].decode() in text for text in head_of([line]))


@pytest.mark.parametrize(
    ("connection", "is_kept"),
    [([b"close"], True), ([b"keep-alive"], True), ([b"prefer"], False), ([b"close, Prefer"], False),
     ([b"close", b"prefer"], False), ([b"keep-alive,  PREFER ,x"], False)],
)  # fmt: skip
def test_headers_that_connection_nominates_stay_here(
    connection: list[bytes], *, is_kept: bool
) -> None:
    lines = [(b"prefer", b"wait=1"), *[(b"connection", value) for value in connection]]
    head = head_of(lines)
    assert ("prefer: wait=1" in head) is is_kept
    assert not any(line.startswith("connection") for line in head)


def test_a_good_request_id_and_trace_are_kept_and_bad_ones_are_not() -> None:
    trace = f"00-{'a' * 32}-{'b' * 16}-01"
    good = head_of([(b"x-request-id", b"r-1"), (b"traceparent", trace.encode())])
    assert {"x-request-id: r-1", f"traceparent: {trace}"} <= set(good)
    for bad in (b"", b"a b", b"x" * 65, "é".encode("latin-1"), b"r\t1"):
        made = read_head(a_scope([(b"x-request-id", bad)]), LIMITS).request_id
        assert len(made) == 32
    for bad in (b"00-abc", trace.upper().encode(), trace.encode() + b"-x"):
        assert not any(line.startswith("trace") for line in head_of([(b"traceparent", bad)]))


def test_two_requests_without_an_id_get_two() -> None:
    ids = {read_head(a_scope(), LIMITS).request_id for _ in range(50)}
    assert len(ids) == 50


REFUSED: dict[str, tuple[Lines, type[Problem]]] = {
    "length and coding": (
        [(b"content-length", b"1"), (b"transfer-encoding", b"chunked")], Malformed,
    ),
    "another coding": ([(b"transfer-encoding", b"gzip")], Malformed),
    "two codings": ([(b"transfer-encoding", b"chunked")] * 2, Malformed),
    "two lengths": ([(b"content-length", b"1")] * 2, Malformed),
    "no number": ([(b"content-length", b"1x")], Malformed),
    "a negative length": ([(b"content-length", b"-1")], Malformed),
    "an empty length": ([(b"content-length", b"")], Malformed),
    "a length beyond measure": ([(b"content-length", b"9" * 30)], Malformed),
    "a newline in a value": ([(b"accept", b"a\r\nx: 1")], Malformed),
    "a NUL in a dropped value": ([(b"x-a", b"\x00")], Malformed),
    "a second host": ([(b"host", b"b")], HostMissing),
    "too many": ([(b"a", b"1")] * 20, TooLarge),
    "too long": ([(b"a", b"1" * 2000)], TooLarge),
    "too long in sum": ([(b"a", b"1" * 200)] * 10, TooLarge),
}  # fmt: skip


@pytest.mark.parametrize("shape", REFUSED)
def test_malformed_heads_are_refused_by_name(shape: str) -> None:
    lines, problem = REFUSED[shape]
    with pytest.raises(problem):
        read_head(a_scope(lines), LIMITS)


@pytest.mark.parametrize(
    "host", [b"", b"a b", b"a/b", b"a@b", b"a:b", b"a:123456", b"[::1", b"a,b", b"a\xff", b"*"]
)
def test_a_malformed_host_is_refused(host: bytes) -> None:
    with pytest.raises(HostMissing):
        read_head(a_scope(headers=[(b"host", host)]), LIMITS)


@pytest.mark.parametrize("host", [b"a", b"a.b:8080", b"127.0.0.1", b"[::1]:80", b"a-b_c.x"])
def test_a_well_formed_host_is_accepted(host: bytes) -> None:
    assert read_head(a_scope(headers=[(b"host", host)]), LIMITS).path


@pytest.mark.parametrize("path", ["/registry/..", "/registry/./x", "/../x", "/a/../b", "/."])
def test_dot_segments_are_refused(path: str) -> None:
    with pytest.raises(PathMalformed):
        read_head(a_scope(path=path), LIMITS)


@pytest.mark.parametrize("path", ["/registry/.well", "/registry/a..b", "/registry/...", "/x/.a."])
def test_dots_inside_a_segment_are_fine(path: str) -> None:
    assert read_head(a_scope(path=path), LIMITS).path == path


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "get", "", "FOO"])
def test_other_methods_are_refused_with_what_is_allowed(method: str) -> None:
    with pytest.raises(MethodNotAllowed) as refused:
        read_head(a_scope(method=method), LIMITS)
    assert "PATCH" in refused.value.headers["Allow"]


def incoming(method: str, *lines: tuple[bytes, bytes]) -> Incoming:
    return read_head(a_scope(list(lines), method=method), LIMITS)


CASES: list[tuple[Callable[[], Incoming], bool, bool]] = [
    (lambda: incoming("GET"), False, True),
    (lambda: incoming("HEAD"), False, True),
    (lambda: incoming("POST", (b"content-length", b"0")), False, False),
    (lambda: incoming("POST", (b"content-length", b"3")), True, False),
    (lambda: incoming("POST", (b"transfer-encoding", b"Chunked")), True, False),
    (lambda: incoming("POST", (b"content-length", b"3"), (b"idempotency-key", b"k")), True, True),
    (lambda: incoming("PUT", (b"content-length", b"3")), True, False),
    (lambda: incoming("DELETE"), False, False),
]


@pytest.mark.parametrize("number", range(len(CASES)))
def test_what_may_be_sent_twice_and_what_has_a_body(number: int) -> None:
    make, has_body, is_repeatable = CASES[number]
    made = make()
    assert (made.has_body, made.is_repeatable) == (has_body, is_repeatable)


def test_every_authorization_header_is_seen() -> None:
    made = incoming("GET", (b"authorization", b"Bearer a"), (b"authorization", b"Bearer \xff"))
    assert made.authorization == ["Bearer a", "Bearer ÿ"]


def test_prefixes_lead_to_services_and_labels_are_bounded() -> None:
    for prefix, service in PREFIXES.items():
        assert service_of(f"/{prefix}") == service_of(f"/{prefix}/v1/x") == service
        assert label_of(f"/{prefix}/v1/{prefix}") == f"/{prefix}/*"
    for path in ("/", "", "//registry/x", "/Registry/x", "/registryx", "/x/registry", "/docs"):
        assert service_of(path) is None
