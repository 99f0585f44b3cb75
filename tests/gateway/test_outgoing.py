"""The answer on its way out, and exports that are counted while they run."""

from __future__ import annotations

from time import perf_counter

import pytest

from gateway.incoming import Incoming
from gateway.limits import Running
from gateway.outgoing import (
    Answer,
    is_event_stream,
    is_foreign_error,
    length_of,
    media_type,
)
from gateway.problems import ExportsRunning

ADDED = [(b"ratelimit", b'"default";r=1;t=1')]


def an_answer(method: str = "GET", exports: Running | None = None) -> Answer:
    incoming = Incoming(
        method=method,
        path="/registry/v1/x",
        request_id=b"req-1",
        authorization=[],
        accept_language=None,
        length=None,
        is_chunked=False,
        is_repeatable=True,
        head=[],
    )
    return Answer(
        incoming, ADDED, exports=exports or Running(1), client="app", begun=perf_counter()
    )


def started(
    answer: Answer, status: int, *headers: tuple[bytes, bytes], body: bytes | None = None
) -> dict[bytes, bytes]:
    message = answer.start(status, headers, body)
    assert message["status"] == status
    names = [name for name, _ in message["headers"]]
    assert len(names) == len(set(names)), "nothing stands twice"
    return dict(message["headers"])


@pytest.mark.parametrize(
    "name",
    ["connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer", "server", "date",
     "via", "x-powered-by", "set-cookie", "proxy-authenticate", "ratelimit-policy"],
)  # fmt: skip
def test_what_tells_of_the_inside_or_of_one_hop_stays_here(name: str) -> None:
    assert name.encode() not in started(an_answer(), 200, (name.encode(), b"1"))


@pytest.mark.parametrize(
    "name",
    ["etag", "location", "link", "content-type", "content-language", "cache-control", "vary",
     "retry-after", "idempotency-replayed", "deprecation", "sunset", "content-disposition",
     "www-authenticate", "allow", "x-content-type-options", "content-crs"],
)  # fmt: skip
def test_what_the_service_says_goes_on(name: str) -> None:
    assert started(an_answer(), 200, (name.encode(), b"1"))[name.encode()] == b"1"


def test_the_gateway_adds_its_own() -> None:
    headers = started(an_answer(), 200, (b"x-request-id", b"of-the-service"))
    assert headers[b"x-request-id"] == b"req-1"
    assert headers[b"ratelimit"] == b'"default";r=1;t=1'
    timing = headers[b"server-timing"].decode()
    assert timing.startswith("gateway;dur=")
    assert ", upstream;dur=" in timing
    assert "-" not in timing.replace("server-timing", "")


def test_the_length_is_the_services_or_that_of_a_whole_body() -> None:
    assert started(an_answer(), 200, body=b"abc")[b"content-length"] == b"3"
    given = started(an_answer(), 200, (b"content-length", b"3"), body=b"abc")
    assert given[b"content-length"] == b"3"
    assert b"content-length" not in started(an_answer(), 200)
    announced = started(an_answer("HEAD"), 200, (b"content-length", b"9"), body=b"")
    assert announced[b"content-length"] == b"9"
    assert b"content-length" not in started(an_answer("HEAD"), 200, body=b"")
    for status in (204, 304):
        answer = started(an_answer(), status, (b"content-length", b"9"), body=b"")
        assert b"content-length" not in answer


def test_media_types_are_read_without_regard_to_case() -> None:
    assert media_type([(b"content-type", b"Text/CSV; charset=utf-8")]) == b"text/csv; charset=utf-8"
    assert media_type([]) == b""
    assert is_event_stream([(b"content-type", b"text/event-stream; charset=utf-8")])
    assert not is_event_stream([(b"content-type", b"text/csv")])
    assert length_of([(b"content-length", b"12")]) == 12
    assert length_of([]) is None


@pytest.mark.parametrize(
    ("status", "kind", "expected"),
    [
        (500, b"application/problem+json", False),
        (503, b"application/health+json", False),
        (500, b"application/json; charset=utf-8", False),
        (500, b"text/xml; charset=utf-8", False),
        (500, b"text/plain; charset=utf-8", True),
        (502, b"text/html", True),
        (500, b"", True),
        (404, b"text/html", False),
        (200, b"", False),
    ],
)
def test_errors_that_are_not_ours_are_known_by_their_form(
    status: int, kind: bytes, *, expected: bool
) -> None:
    assert is_foreign_error(status, [(b"content-type", kind)] if kind else []) is expected


def test_only_exports_are_counted_and_every_place_is_given_back() -> None:
    exports = Running(1)
    csv = [(b"content-type", b"text/csv; charset=utf-8")]
    first, second = an_answer(exports=exports), an_answer(exports=exports)
    first.enter_export(csv)
    with pytest.raises(ExportsRunning) as refused:
        second.enter_export(csv)
    assert refused.value.retry_after_s == 10
    second.leave_export()
    second.enter_export([(b"content-type", b"application/json")])
    with pytest.raises(ExportsRunning):
        an_answer(exports=exports).enter_export([(b"content-type", b"application/x-ndjson")])
    first.leave_export()
    first.leave_export()
    second.enter_export(csv)
