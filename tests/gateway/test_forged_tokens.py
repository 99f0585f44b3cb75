"""RFC 8725: every forged token is 401 at the gateway and at a service of its own."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from joserfc import jws
from joserfc.jwk import ECKey, OctKey

from kit.clock import SystemClock
from kit.testing.databases import TestDatabases
from tests.gateway.serving import Running, Service, bound_socket, serving
from tests.kit.toy import app as toy


def b64(content: bytes | dict[str, Any]) -> str:
    if isinstance(content, dict):
        content = json.dumps(content).encode()
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


@pytest.fixture(scope="module")
def doors(running: Running, databases: TestDatabases) -> Iterator[dict[str, httpx.Client]]:
    """The gateway, and a service reached directly: both trust the gateway's keys."""
    with ExitStack() as stack:
        url = stack.enter_context(databases.fresh(Path(toy.__file__).parent))
        verifier = running.door.app.state.verifier
        app = toy.create_app(url, verifier, SystemClock())
        bound = bound_socket()
        stack.enter_context(serving(app, bound, lifespan="on"))
        direct = f"http://127.0.0.1:{bound.getsockname()[1]}"
        yield {
            "gateway": stack.enter_context(httpx.Client(base_url=running.url)),
            "service": stack.enter_context(httpx.Client(base_url=direct)),
        }


PATHS = {"gateway": "/registry/v1/x", "service": "/toy/v1/boats"}
Forge = Callable[[Running, ECKey], str]


def payload(running: Running, **changes: Any) -> dict[str, Any]:
    part = running.token().split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=="))
    return claims | changes


def kid_of(running: Running) -> str:
    part = running.token().split(".")[0]
    return str(json.loads(base64.urlsafe_b64decode(part + "=="))["kid"])


def unsigned(running: Running, alg: object, signature: str = "") -> str:
    return f"{b64({'alg': alg, 'typ': 'at+jwt'})}.{b64(payload(running))}.{signature}"


def signed_by_own(running: Running, key: ECKey, **header: Any) -> str:
    head = {"alg": "ES256", "typ": "at+jwt", "kid": kid_of(running)} | header
    registry = jws.JWSRegistry(algorithms=[str(head["alg"])], strict_check_header=False)
    return jws.serialize_compact(head, json.dumps(payload(running)), key, registry=registry)


def hmac_over(running: Running, secret: bytes, alg: str = "HS256") -> str:
    head = {"alg": alg, "typ": "at+jwt", "kid": kid_of(running)}
    body = f"{b64(head)}.{b64(payload(running))}"
    digest = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}[alg]
    return f"{body}.{b64(hmac.new(secret, body.encode(), digest).digest())}"


def public_bytes(running: Running, form: str) -> bytes:
    jwk = running.door.app.state.keyring.jwks()["keys"][-1]
    key = ECKey.import_key(jwk)
    return {
        "jwk": json.dumps(jwk).encode(),
        "pem": key.as_pem(private=False),
        "der": key.as_der(private=False),
    }[form]


def header_changed(running: Running, **header: Any) -> str:
    """Return a good token whose header was changed after signing."""
    _, body, signature = running.token().split(".")
    head = {"alg": "ES256", "typ": "at+jwt", "kid": kid_of(running)} | header
    return f"{b64(head)}.{body}.{signature}"


def cut(token: str, change: Callable[[bytes], bytes]) -> str:
    head, body, signature = token.split(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    return f"{head}.{body}.{b64(change(raw))}"


def der(raw: bytes) -> bytes:
    return encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))


FORGED: dict[str, Forge] = {
    **{
        f"alg {alg!r}": (lambda alg: lambda r, _: unsigned(r, alg))(alg)
        for alg in ("none", "None", "NONE", "nOnE", "none ", "")
    },
    "alg none with a signature": lambda r, _: unsigned(r, "none", "AAAA"),
    "alg null": lambda r, _: unsigned(r, None),
    "alg a list": lambda r, _: unsigned(r, ["ES256"], "AAAA"),
    **{
        f"alg swapped to {alg}": (lambda alg: lambda r, _: header_changed(r, alg=alg))(alg)
        for alg in ("RS256", "PS256", "ES384", "ES512", "EdDSA", "ES256K", "HS256", "es256", "none")
    },
    **{
        f"{alg} keyed with the public {form}": (
            lambda alg, form: lambda r, _: hmac_over(r, public_bytes(r, form), alg)
        )(alg, form)
        for alg in ("HS256", "HS512")
        for form in ("jwk", "pem", "der")
    },
    "HS256 with an empty key": lambda r, _: hmac_over(r, b""),
    "another key under our kid": lambda r, key: signed_by_own(r, key),
    "embedded jwk": lambda r, key: signed_by_own(r, key, jwk=key.as_dict(private=False)),
    "jku": lambda r, key: signed_by_own(r, key, jku="http://127.0.0.1:9/jwks.json"),
    "x5u": lambda r, key: signed_by_own(r, key, x5u="http://127.0.0.1:9/cert.pem"),
    "jku on a good signature": lambda r, _: header_changed(r, jku="http://127.0.0.1:9/"),
    "crit": lambda r, _: header_changed(r, crit=["exp"]),
    "b64 false": lambda r, _: header_changed(r, b64=False, crit=["b64"]),
    "zip": lambda r, _: header_changed(r, zip="DEF"),
    **{
        f"kid {str(kid)[:20]!r}": (lambda kid: lambda r, key: header_changed(r, kid=kid))(kid)
        for kid in (
            "../../../../dev/null", "' OR '1'='1", "http://127.0.0.1:9/k", "a\x00b", "k" * 3000,
            "", None, 7, ["a"], {"a": 1}, True,
        )
    },
    "no kid": lambda r, _: ".".join(
        [b64({"alg": "ES256", "typ": "at+jwt"}), *r.token().split(".")[1:]]
    ),
    **{
        f"typ {typ!r}": (lambda typ: lambda r, _: header_changed(r, typ=typ))(typ)
        for typ in ("JWT", "jwt", "id+jwt", "logout+jwt", "", None, 7)
    },
    "psychic signature": lambda r, _: cut(r.token(), lambda raw: bytes(64)),
    "signature of r and s = 1": lambda r, _: cut(
        r.token(), lambda raw: (1).to_bytes(32) + (1).to_bytes(32)
    ),
    "DER signature": lambda r, _: cut(r.token(), der),
    "truncated signature": lambda r, _: cut(r.token(), lambda raw: raw[:-1]),
    "flipped signature": lambda r, _: cut(r.token(), lambda raw: bytes([raw[0] ^ 1]) + raw[1:]),
    "longer signature": lambda r, _: cut(r.token(), lambda raw: raw + b"\0"),
    "empty signature": lambda r, _: cut(r.token(), lambda raw: b""),
    "changed claims": lambda r, _: ".".join(
        [r.token().split(".")[0], b64(payload(r, areas=["*"], jti="x")), r.token().split(".")[2]]
    ),
    "padding": lambda r, _: r.token() + "==",
    "padding in the middle": lambda r, _: r.token().replace(".", "=.", 1),
    "four parts": lambda r, _: r.token() + ".AAAA",
    "two parts": lambda r, _: r.token().rpartition(".")[0],
    "a dot at the end": lambda r, _: r.token() + ".",
    "no JSON": lambda r, _: f"{b64(b'no')}.{b64(b'json')}.AAAA",
    "a JSON list": lambda r, _: f"{b64(b'[]')}.{b64(b'[]')}.AAAA",
    "deep JSON": lambda r, _: f"{b64(b'[' * 2000)}.{b64(b'{}')}.AAAA",
    "9 kB": lambda r, _: r.token() + "A" * 8500,
    "JSON serialisation": lambda r, _: json.dumps({"payload": r.token()}),
    "wrong iss": lambda r, _: r.token(iss="http://evil"),
    "iss a list": lambda r, _: r.token(iss=[r.settings.issuer]),
    "wrong aud": lambda r, _: r.token(aud="other"),
    "no aud": lambda r, _: r.token(aud=None),
    "expired": lambda r, _: r.token(exp=time.time() - 60, iat=time.time() - 660),
    "no exp": lambda r, _: r.token(exp=None),
    "exp a text": lambda r, _: r.token(exp="9999999999"),
    "exp without end": lambda r, _: r.token(exp=float("inf")),
    "exp beyond measure": lambda r, _: r.token(exp=10**400),
    "exp no number": lambda r, _: r.token(exp=float("nan")),
    "lives for a day": lambda r, _: r.token(exp=time.time() + 86400),
    "issued in the future": lambda r, _: r.token(iat=time.time() + 3600, exp=time.time() + 4000),
    "no iat": lambda r, _: r.token(iat=None),
    "not yet": lambda r, _: r.token(nbf=time.time() + 120),
    "no sub": lambda r, _: r.token(sub=None),
    "no jti": lambda r, _: r.token(jti=None),
    "scope a list": lambda r, _: r.token(scope=["registry:read"]),
    "no areas": lambda r, _: r.token(areas=None),
}  # fmt: skip


@pytest.fixture(scope="module")
def own_key() -> ECKey:
    """A key that nobody trusts."""
    return ECKey.generate_key("P-256")


@pytest.mark.parametrize("door", ["gateway", "service"])
@pytest.mark.parametrize("kind", FORGED)
def test_a_forged_token_is_refused(
    running: Running,
    doors: dict[str, httpx.Client],
    service: Service,
    own_key: ECKey,
    kind: str,
    door: str,
) -> None:
    before = len(service.requests)
    begun = time.monotonic()
    answer = doors[door].get(
        PATHS[door], headers={"Authorization": f"Bearer {FORGED[kind](running, own_key)}"}
    )
    assert answer.status_code == 401, answer.text
    assert answer.json()["code"] == "token.invalid"
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert time.monotonic() - begun < 1
    assert len(service.requests) == before


@pytest.mark.parametrize("door", ["gateway", "service"])
def test_the_good_token_of_this_test_is_accepted(
    running: Running, doors: dict[str, httpx.Client], door: str
) -> None:
    answer = doors[door].get(PATHS[door], headers=running.headers())
    assert answer.status_code == 200, answer.text


PLACES: dict[str, Callable[[str], dict[str, Any]]] = {
    "two headers": lambda t: {"headers": [("Authorization", f"Bearer {t}")] * 2},
    "good behind bad": lambda t: {
        "headers": [("Authorization", "Bearer x"), ("Authorization", f"Bearer {t}")]
    },
    "a list in one header": lambda t: {"headers": {"Authorization": f"Bearer {t}, Bearer {t}"}},
    "query": lambda t: {"params": {"access_token": t}},
    "cookie": lambda t: {"headers": {"Cookie": f"access_token={t}; Authorization=Bearer {t}"}},
    "another header": lambda t: {"headers": {"X-Auth-Token": t, "X-Authorization": f"Bearer {t}"}},
    "Proxy-Authorization": lambda t: {"headers": {"Proxy-Authorization": f"Bearer {t}"}},
    "Basic": lambda t: {"headers": {"Authorization": f"Basic {t}"}},
    "no scheme": lambda t: {"headers": {"Authorization": t}},
    "two spaces": lambda t: {"headers": {"Authorization": f"Bearer  {t}"}},
    "a tab": lambda t: {"headers": {"Authorization": f"Bearer\t{t}"}},
    "a claim of identity": lambda t: {
        "headers": {"X-Client-Id": "app", "X-Scopes": "admin", "X-Areas": "*", "X-User": "root"}
    },
    "nothing": lambda t: {},
}


@pytest.mark.parametrize("door", ["gateway", "service"])
@pytest.mark.parametrize("place", PLACES)
def test_a_token_counts_only_in_the_one_authorization_header(
    running: Running, doors: dict[str, httpx.Client], place: str, door: str
) -> None:
    answer = doors[door].get(PATHS[door], **PLACES[place](running.token()))
    assert answer.status_code in ({401, 422} if place == "query" else {401}), answer.text


def test_a_key_of_another_kind_signs_nothing(running: Running, web: httpx.Client) -> None:
    secret = OctKey.generate_key(256)
    token = jws.serialize_compact(
        {"alg": "HS256", "typ": "at+jwt", "kid": kid_of(running)}, b"{}", secret
    )
    answer = web.get("/registry/v1/x", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401
