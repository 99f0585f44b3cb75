"""Rules of clients, keys and files that need neither socket nor database."""

from __future__ import annotations

import asyncio
import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from gateway.tokens.domain import (
    ROTATION_LEAD,
    Client,
    KeyTimes,
    claims,
    fingerprint,
    is_secret,
    narrowed,
    new_secret,
    rotation,
)
from gateway.tokens.issuing import FORM, TokenRequest, read_request
from gateway.tokens.keeping import as_public
from gateway.tokens.keyring import Keyring, NoSigningKey, SigningKey, new_pair
from gateway.tokens.problems import OAuthError
from kit.revocation import Revocations
from kit.testing.clock import FrozenClock

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def a_client(**fields: object) -> Client:
    known: dict[str, object] = {
        "client_id": "app", "name": "App", "scopes": ("a", "b"), "areas": ("630102",),
    }  # fmt: skip
    return Client(**(known | fields))  # type: ignore[arg-type] # fields of the test's choice


def test_a_client_is_active_until_it_expires_or_is_revoked() -> None:
    assert a_client().state(NOW) == "active"
    assert a_client(expires_at=NOW + SECOND).state(NOW) == "active"
    assert a_client(expires_at=NOW).state(NOW) == "expired"
    assert a_client(expires_at=NOW, revoked_at=NOW).state(NOW) == "revoked"


def test_secrets_of_different_bytes_differ_and_are_found_by_their_fingerprint() -> None:
    first, second = new_secret(bytes(32)), new_secret(bytes(31) + b"\x01")
    assert first != second
    assert fingerprint(first) != fingerprint(second)
    assert len(fingerprint(first)) == 8
    assert is_secret(first)
    assert len(first) == len("jw_") + 43 + 8


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (None, ("a", "b")),
        ("a", ("a",)),
        ("b a", ("b", "a")),
        ("a a", ("a",)),
        ("c", None),
        ("a c", None),
        ("", None),
        ("a ", None),
        ("A", None),
        ("a\tb", None),
    ],
)
def test_scopes_are_narrowed_by_exact_names(
    asked: str | None, expected: tuple[str, ...] | None
) -> None:
    assert narrowed(("a", "b"), asked) == expected


def test_a_token_without_an_organization_does_not_speak_of_one() -> None:
    content = claims(
        a_client(), ("a",), issuer="i", audience="u", issued_at=NOW, lifetime_s=60, token_id="t"
    )
    assert "organization_id" not in content
    assert content["exp"] - content["iat"] == 60
    assert content["scope"] == "a"


def test_a_key_signs_from_its_time_until_it_vanishes() -> None:
    times = KeyTimes(signs_from=NOW, published_until=NOW + SECOND)
    assert not times.may_sign(NOW - SECOND)
    assert times.is_published(NOW - SECOND)
    assert times.may_sign(NOW)
    assert not times.may_sign(NOW + SECOND)
    assert KeyTimes(NOW).is_published(NOW + timedelta(days=999))


def test_the_first_key_and_one_for_a_leaked_key_sign_at_once() -> None:
    assert rotation(NOW, is_first=True, at_once=False, lifetime_s=600)[0] == NOW
    assert rotation(NOW, is_first=False, at_once=True, lifetime_s=600) == (NOW, NOW)
    begins, vanish = rotation(NOW, is_first=False, at_once=False, lifetime_s=600)
    assert begins == NOW + ROTATION_LEAD
    assert vanish > begins + timedelta(seconds=600 + 30)


def test_a_keyring_signs_with_the_key_that_began_last() -> None:
    clock = FrozenClock(NOW)
    keyring = Keyring(clock)
    with pytest.raises(NoSigningKey):
        keyring.sign({})
    keys = [
        SigningKey(kid, new_pair(kid), KeyTimes(NOW + timedelta(hours=hours)))
        for kid, hours in (("old", -2), ("now", -1), ("next", 1))
    ]
    assert keyring.replace(keys)
    assert not keyring.replace(list(keys)), "nothing changed"
    token = keyring.sign({"a": 1})
    assert jws.extract_compact(token.encode()).headers()["kid"] == "now"
    assert {key["kid"] for key in keyring.jwks()["keys"]} == {"old", "now", "next"}
    found = asyncio.run(keyring.find("now"))
    assert isinstance(found, ECKey)
    assert json.loads(jws.deserialize_compact(token, found, algorithms=["ES256"]).payload) == {
        "a": 1
    }
    assert asyncio.run(keyring.find("other")) is None
    clock.move(hours=1)
    assert jws.extract_compact(keyring.sign({}).encode()).headers()["kid"] == "next"


def test_the_feed_of_revocations_is_minimal() -> None:
    feed = as_public({"app": 1_700_000_001.0}, now=NOW)
    assert feed == {
        "as_of": int(NOW.timestamp()),
        "items": [{"client_id": "app", "void_before": 1_700_000_001}],
    }


def test_a_revocation_voids_what_was_issued_before_it() -> None:
    revocations = Revocations()
    assert not revocations.is_void("app", 0)
    revocations.replace({"app": 100})
    assert revocations.is_void("app", 99)
    assert not revocations.is_void("app", 100)
    assert not revocations.is_void("other", 99)
    revocations.replace({})
    assert not revocations.is_void("app", 99)


def basic(pair: str) -> list[str]:
    return ["Basic " + base64.b64encode(pair.encode()).decode()]


GRANT = b"grant_type=client_credentials"


@pytest.mark.parametrize(
    ("authorization", "body", "expected"),
    [
        (basic("app:s"), GRANT, TokenRequest("app", "s", None)),
        (basic("app:s"), GRANT + b"&scope=a+b", TokenRequest("app", "s", "a b")),
        (basic("app:s"), GRANT + b"&client_id=app", TokenRequest("app", "s", None)),
        (basic("a%3Ab:s%2Bt"), GRANT, TokenRequest("a:b", "s+t", None)),
        (basic("app:a:b"), GRANT, TokenRequest("app", "a:b", None)),
        ([], GRANT + b"&client_id=app&client_secret=s", TokenRequest("app", "s", None)),
    ],
)
def test_credentials_are_read_in_both_ways_of_the_standard(
    authorization: list[str], body: bytes, expected: TokenRequest
) -> None:
    assert read_request(authorization, FORM, body, "") == expected
    assert read_request(authorization, FORM + "; charset=UTF-8", body, "") == expected


@pytest.mark.parametrize(
    ("authorization", "body", "query", "error"),
    [
        ([], GRANT, "", "invalid_client"),
        ([], GRANT + b"&client_id=app", "", "invalid_client"),
        (basic("app"), GRANT, "", "invalid_client"),
        (["Digest x"], GRANT, "", "invalid_client"),
        (basic("app:s") * 2, GRANT, "", "invalid_request"),
        (basic("app:s"), GRANT + b"&client_secret=s", "", "invalid_request"),
        (basic("app:s"), GRANT + b"&client_id=b", "", "invalid_request"),
        (basic("app:s"), GRANT, "scope=a", "invalid_request"),
        (basic("app:s"), b"grant_type=refresh_token", "", "unsupported_grant_type"),
    ],
)
def test_what_is_not_by_the_book_is_refused_by_the_book(
    authorization: list[str], body: bytes, query: str, error: str
) -> None:
    with pytest.raises(OAuthError) as refused:
        read_request(authorization, FORM, body, query)
    assert refused.value.error == error
    assert refused.value.status == (401 if error == "invalid_client" else 400)
