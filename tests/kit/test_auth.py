"""Tokens: what is accepted, what is refused, and how keys are found."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from kit.auth import KeysUnavailable, Principal, RemoteKeys
from kit.errors import Unauthenticated
from kit.testing.tokens import TestTokens

Change = Callable[[dict[str, Any]], None]


def verify(tokens: TestTokens, *headers: str) -> Principal:
    return asyncio.run(tokens.verifier().verify(list(headers)))


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def test_a_good_token_tells_who_what_and_where(tokens: TestTokens) -> None:
    claims = tokens.claims(scopes=["registry:read"], areas=["630102"], client_id="app")
    assert verify(tokens, f"Bearer {tokens.sign(claims)}") == Principal(
        "app", frozenset({"registry:read"}), ("630102",)
    )


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "http://other"},
        {"aud": "other"},
        {"aud": []},
        {"exp": time.time() - 61},
        {"exp": time.time() + 36_000},
        {"exp": "soon"},
        {"exp": True},
        {"iat": time.time() + 36_000},
        {"iat": None},
        {"nbf": time.time() + 36_000},
        {"sub": None},
        {"jti": 7},
        {"client_id": ["a"]},
        {"scope": ["registry:read"]},
        {"areas": "630102"},
        {"areas": [""]},
        {"areas": [630102]},
        {"organization_id": 7},
    ],
)
def test_a_signed_token_with_a_wrong_claim_is_refused(
    tokens: TestTokens, change: dict[str, Any]
) -> None:
    claims = tokens.claims() | change
    with pytest.raises(Unauthenticated):
        verify(tokens, f"Bearer {tokens.sign(claims)}")


@pytest.mark.parametrize("missing", ["iss", "aud", "exp", "iat", "sub", "jti", "scope", "areas"])
def test_every_claim_is_required(tokens: TestTokens, missing: str) -> None:
    claims = tokens.claims()
    del claims[missing]
    with pytest.raises(Unauthenticated):
        verify(tokens, f"Bearer {tokens.sign(claims)}")


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none", "typ": "at+jwt", "kid": "test-key"},
        {"alg": "NONE", "typ": "at+jwt", "kid": "test-key"},
        {"alg": "HS256", "typ": "at+jwt", "kid": "test-key"},
        {"alg": "RS256", "typ": "at+jwt", "kid": "test-key"},
        {"alg": "ES256", "typ": "JWT", "kid": "test-key"},
        {"alg": "ES256", "kid": "test-key"},
        {"alg": "ES256", "typ": "at+jwt"},
        {"alg": "ES256", "typ": "at+jwt", "kid": None},
        {"alg": "ES256", "typ": "at+jwt", "kid": ["test-key"]},
        {"alg": "ES256", "typ": "at+jwt", "kid": "../../etc/passwd"},
        {"alg": "ES256", "typ": "at+jwt", "kid": "test-key", "jku": "http://evil"},
        {"alg": "ES256", "typ": "at+jwt", "kid": "test-key", "crit": ["exp"]},
        {"alg": "ES256", "typ": "at+jwt", "kid": "test-key", "jwk": {"kty": "EC"}},
        {"alg": "ES256", "typ": "at+jwt", "kid": "test-key", "b64": False},
    ],
)
def test_a_forged_header_is_refused(tokens: TestTokens, header: dict[str, Any]) -> None:
    good = tokens.sign(tokens.claims())
    _, payload, signature = good.split(".")
    forged = ".".join([b64(json.dumps(header).encode()), payload, signature])
    with pytest.raises(Unauthenticated):
        verify(tokens, f"Bearer {forged}")


def test_a_zero_signature_and_another_key_are_refused(tokens: TestTokens) -> None:
    header, payload, _ = tokens.sign(tokens.claims()).split(".")
    for signature in ("", b64(b"\x00" * 64), b64(b"\x01" * 70)):
        with pytest.raises(Unauthenticated):
            verify(tokens, f"Bearer {header}.{payload}.{signature}")
    with pytest.raises(Unauthenticated):
        verify(tokens, f"Bearer {TestTokens().sign(tokens.claims())}")


@pytest.mark.parametrize(
    "shape",
    ["Bearer {}==", "Bearer {}.x", "Basic {}", "{}", "Bearer  {}", "Bearer {}\n", "Bearer {},{}"],
)
def test_other_shapes_of_the_header_are_refused(tokens: TestTokens, shape: str) -> None:
    token = tokens.sign(tokens.claims())
    with pytest.raises(Unauthenticated):
        verify(tokens, shape.format(token, token))


def test_no_header_two_headers_and_giant_tokens_are_refused(tokens: TestTokens) -> None:
    good = f"Bearer {tokens.sign(tokens.claims())}"
    for headers in ([], [good, good], ["Bearer " + "a" * 9000 + ".b.c"]):
        with pytest.raises(Unauthenticated):
            verify(tokens, *headers)


def test_remote_keys_are_cached_and_unknown_ids_do_not_flood_the_issuer(
    tokens: TestTokens,
) -> None:
    asked = 0

    def answer(_request: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        return httpx.Response(200, json=tokens.jwks)

    async def run() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
            keys = RemoteKeys("http://issuer/jwks", http)
            assert await keys.find("test-key") is not None
            for number in range(20):
                assert await keys.find(f"forged-{number}") is None
            assert await keys.find("test-key") is not None

    asyncio.run(run())
    assert asked == 1


def test_without_any_key_the_token_cannot_be_judged() -> None:
    async def run() -> None:
        transport = httpx.MockTransport(lambda _request: httpx.Response(500))
        async with httpx.AsyncClient(transport=transport) as http:
            await RemoteKeys("http://issuer/jwks", http).find("test-key")

    with pytest.raises(KeysUnavailable):
        asyncio.run(run())
