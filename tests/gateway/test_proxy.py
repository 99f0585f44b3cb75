"""The proxy over real sockets: what goes through, what is stripped, what is added."""

from __future__ import annotations

import hashlib
import threading

import httpx
import pytest

from tests.gateway.serving import Running, Service, big_sha256


def names(service: Service) -> dict[str, str]:
    return dict(service.requests[-1]["headers"])


def test_a_request_arrives_as_it_was_sent(running: Running, web: httpx.Client) -> None:
    answer = web.post(
        "/registry/v1/estates/a%2Fb?limit=3&name=%E5%9F%8E",
        content=b'{"name": "x"}',
        headers=running.headers()
        | {
            "Content-Type": "application/json",
            "Accept": "application/geo+json",
            "If-Match": '"1"',
            "Idempotency-Key": "key-0001",
            "X-Purpose": "audit",
            "X-Request-Id": "req-1",
            "traceparent": f"00-{'a' * 32}-{'b' * 16}-01",
        },
    )
    assert answer.status_code == 200
    seen = answer.json()
    assert seen["target"] == "/registry/v1/estates/a%2Fb?limit=3&name=%E5%9F%8E"
    assert (seen["method"], seen["size"]) == ("POST", 13)
    got = dict(seen["headers"])
    assert got["host"] == f"127.0.0.1:{running.port}"
    for name in ("accept", "if-match", "idempotency-key", "x-purpose", "x-request-id"):
        assert name in got
    assert got["traceparent"].startswith("00-aaaa")
    assert got["authorization"].startswith("Bearer ")
    assert answer.headers["x-request-id"] == "req-1"
    assert "upstream;dur=" in answer.headers["server-timing"]
    assert answer.headers["ratelimit"].startswith('"default";r=')


SPOOFED = [
    "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Forwarded", "X-User",
    "X-Client-Id", "X-Actor", "X-Areas", "X-Scopes", "X-Organization-Id", "X-Original-Url",
    "X-Rewrite-Url", "X-Http-Method-Override", "Remote-User", "Cookie", "Proxy-Authorization",
    "Keep-Alive", "Te", "Upgrade", "Via", "X_User", "Ssl-Client-Verify",
]  # fmt: skip


@pytest.mark.parametrize("name", SPOOFED)
def test_claims_about_the_caller_and_hop_by_hop_headers_are_stripped(
    running: Running, web: httpx.Client, service: Service, name: str
) -> None:
    assert web.get("/registry/v1/x", headers=running.headers() | {name: "admin"}).is_success
    assert name.lower() not in names(service)


def test_what_connection_nominates_is_stripped_and_the_service_gets_no_connection_header(
    running: Running, web: httpx.Client, service: Service
) -> None:
    headers = running.headers() | {"Connection": "close, If-None-Match", "If-None-Match": '"1"'}
    assert web.get("/registry/v1/x", headers=headers).is_success
    assert not {"connection", "if-none-match"} & set(names(service))


def test_a_malformed_request_id_or_trace_is_replaced_or_dropped(
    running: Running, web: httpx.Client, service: Service
) -> None:
    headers = running.headers() | {"X-Request-Id": "a b\t{}", "traceparent": "nonsense"}
    answer = web.get("/registry/v1/x", headers=headers)
    assert len(answer.headers["x-request-id"]) == 32
    assert names(service)["x-request-id"] == answer.headers["x-request-id"]
    assert "traceparent" not in names(service)


def test_the_answer_keeps_what_is_its_own_and_loses_what_tells_of_the_inside(
    running: Running, web: httpx.Client
) -> None:
    answer = web.get("/registry/v1/answer", headers=running.headers() | {"X-Request-Id": "r"})
    assert answer.status_code == 203
    assert answer.headers["etag"] == '"3"'
    assert answer.headers["link"].endswith('rel="next"')
    assert not {"server", "x-powered-by", "set-cookie", "keep-alive"} & set(answer.headers)
    assert answer.headers["x-request-id"] == "r"
    assert len(answer.headers.get_list("date")) == 1
    assert answer.headers["content-length"] == "2"


def test_ten_megabytes_come_down_whole(running: Running, web: httpx.Client) -> None:
    digest = hashlib.sha256()
    with web.stream("GET", "/partition/v1/big", headers=running.headers()) as answer:
        for piece in answer.iter_bytes():
            digest.update(piece)
    assert digest.hexdigest() == big_sha256()


@pytest.mark.parametrize("chunked", [True, False])
def test_ten_megabytes_go_up_whole(running: Running, web: httpx.Client, *, chunked: bool) -> None:
    content = bytes(range(256)) * 40_960
    pieces = (content[at : at + 100_000] for at in range(0, len(content), 100_000))
    answer = web.post(
        "/registry/v1/imports",
        content=pieces if chunked else content,
        headers=running.headers() | {"Content-Type": "text/csv"},
    )
    assert answer.json()["size"] == len(content)
    assert answer.json()["sha256"] == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("chunked", [True, False])
def test_a_body_over_the_limit_is_refused_while_it_arrives(
    running: Running, web: httpx.Client, service: Service, *, chunked: bool
) -> None:
    before = len(service.requests)
    content = b"x" * (1 << 20) + b"x"
    pieces = (content[at : at + 65536] for at in range(0, len(content), 65536))
    answer = web.post(
        "/registry/v1/estates",
        content=pieces if chunked else content,
        headers=running.headers(),
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "request.too_large")
    if not chunked:
        assert len(service.requests) == before


def test_head_and_many_requests_share_connections(running: Running, web: httpx.Client) -> None:
    headers = running.headers()
    for _ in range(20):
        answer = web.head("/incidents/v1/x", headers=headers)
        assert (answer.status_code, answer.content) == (200, b"")
        assert web.get("/incidents/v1/x", headers=headers).json()["method"] == "GET"


def test_fifty_callers_at_once_all_get_their_own_answer(running: Running) -> None:
    wrong: list[str] = []

    def call(number: int) -> None:
        with httpx.Client(base_url=running.url, headers=running.headers(), timeout=15) as client:
            for turn in range(5):
                answer = client.get(f"/registry/v1/{number}/{turn}")
                if answer.json()["target"] != f"/registry/v1/{number}/{turn}?":
                    wrong.append(answer.text)

    threads = [threading.Thread(target=call, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert wrong == []


def test_prefixes_are_whole_segments_and_the_inside_is_not_reachable(
    running: Running, web: httpx.Client, service: Service
) -> None:
    before = len(service.requests)
    headers = running.headers()
    for path in ("/registryx/v1", "/registry.json", "/v1/registry"):
        assert web.get(path, headers=headers).status_code in {400, 404}
    for path in (
        "/readyz/../registry",
        "/registry/../metrics",
        "/registry/%2e%2e/metrics",
        "/registry/./x",
        "/registry/x/..",
    ):
        answer = running.raw(
            f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {headers['Authorization']}\r\n"
            "Connection: close\r\n\r\n".encode()
        )
        assert answer.startswith(b"HTTP/1.1 400"), path
    assert len(service.requests) == before


def test_only_local_callers_read_the_metrics(running: Running, web: httpx.Client) -> None:
    headers = running.headers()
    web.get("/registry/v1/x", headers=headers)
    text = web.get("/metrics").text
    assert 'route="/registry/*",service="gateway",status="200"' in text
    assert web.get("/metrics", headers={"X-Forwarded-For": "1.2.3.4"}).status_code == 404
