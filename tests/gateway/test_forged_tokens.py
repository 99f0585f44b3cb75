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


def unsigned(alg: object, signature: str = "") -> Forge:
    def forge(running: Running, _: ECKey) -> str:
        return f"{b64({'alg': alg, 'typ': 'at+jwt'})}.{b64(payload(running))}.{signature}"

    return forge


def own_key_signs(**header: Any) -> Forge:
    def forge(running: Running, key: ECKey) -> str:
        head = {"alg": "ES256", "typ": "at+jwt", "kid": kid_of(running)} | header
        if "jwk" in header:
            head["jwk"] = key.as_dict(private=False)
        registry = jws.JWSRegistry(algorithms=["ES256"], strict_check_header=False)
        return jws.serialize_compact(head, json.dumps(payload(running)), key, registry=registry)

    return forge


def public_bytes(running: Running, form: str) -> bytes:
    jwk = running.door.app.state.keyring.jwks()["keys"][-1]
    key = ECKey.import_key(jwk)
    return {
        "jwk": json.dumps(jwk).encode(),
        "pem": key.as_pem(private=False),
        "der": key.as_der(private=False),
        "nothing": b"",
    }[form]


def keyed_with(form: str, alg: str = "HS256") -> Forge:
    """HS/RS confusion: our public key's bytes as the secret of a MAC."""

    def forge(running: Running, _: ECKey) -> str:
        body = (
            f"{b64({'alg': alg, 'typ': 'at+jwt', 'kid': kid_of(running)})}.{b64(payload(running))}"
        )
        digest = {"HS256": hashlib.sha256, "HS512": hashlib.sha512}[alg]
        return (
            f"{body}.{b64(hmac.new(public_bytes(running, form), body.encode(), digest).digest())}"
        )

    return forge


def header(**changes: Any) -> Forge:
    """A good token whose header was changed after signing."""

    def forge(running: Running, _: ECKey) -> str:
        _, body, signature = running.token().split(".")
        head = {"alg": "ES256", "typ": "at+jwt", "kid": kid_of(running)} | changes
        kept = {name: value for name, value in head.items() if value != "absent"}
        return f"{b64(kept)}.{body}.{signature}"

    return forge


def signature(change: Callable[[bytes], bytes]) -> Forge:
    def forge(running: Running, _: ECKey) -> str:
        head, body, signed = running.token().split(".")
        return f"{head}.{body}.{b64(change(base64.urlsafe_b64decode(signed + '==')))}"

    return forge


def text(change: Callable[[str], str]) -> Forge:
    return lambda running, _: change(running.token())


def claim(**changes: Any) -> Forge:
    """Signed by the gateway itself, with wrong claims."""
    return lambda running, _: running.token(**changes)


def times(**offsets: float) -> Forge:
    return lambda running, _: running.token(
        **{name: time.time() + offset for name, offset in offsets.items()}
    )


def changed_claims(running: Running, _: ECKey) -> str:
    head, _body, signed = running.token().split(".")
    return f"{head}.{b64(payload(running, areas=['*'], jti='x'))}.{signed}"


def der(raw: bytes) -> bytes:
    return encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))


NONES = ("none", "None", "NONE", "nOnE", "none ", "")
SWAPPED = ("RS256", "PS256", "ES384", "ES512", "EdDSA", "ES256K", "HS256", "es256", "none")
KIDS = (
    "../../../../dev/null", "' OR '1'='1", "http://127.0.0.1:9/k", "a\x00b", "k" * 3000,
    "", None, 7, ["a"], {"a": 1}, True, "absent",
)  # fmt: skip
TYPES = ("JWT", "jwt", "id+jwt", "logout+jwt", "", None, 7, "absent")
URL = "http://127.0.0.1:9/keys.json"

FORGED: dict[str, Forge] = {
    **{f"alg {alg!r}": unsigned(alg) for alg in NONES},
    "alg none with a signature": unsigned("none", "AAAA"),
    "alg null": unsigned(None),
    "alg a list": unsigned(["ES256"], "AAAA"),
    **{f"alg swapped to {alg}": header(alg=alg) for alg in SWAPPED},
    **{
        f"{alg} keyed with the public {form}": keyed_with(form, alg)
        for alg in ("HS256", "HS512")
        for form in ("jwk", "pem", "der")
    },
    "HS256 with an empty key": keyed_with("nothing"),
    "another key under our kid": own_key_signs(),
    "embedded jwk": own_key_signs(jwk=True),
    "jku": own_key_signs(jku=URL),
    "x5u": own_key_signs(x5u=URL),
    "jku on a good signature": header(jku=URL),
    "crit": header(crit=["exp"]),
    "b64 false": header(b64=False, crit=["b64"]),
    "zip": header(zip="DEF"),
    **{f"kid {str(kid)[:20]!r} ({type(kid).__name__})": header(kid=kid) for kid in KIDS},
    **{f"typ {kind!r}": header(typ=kind) for kind in TYPES},
    "psychic signature": signature(lambda raw: bytes(len(raw))),
    "signature of r and s = 1": signature(lambda raw: ((1).to_bytes(32) * 2)[: len(raw)]),
    "DER signature": signature(der),
    "truncated signature": signature(lambda raw: raw[:-1]),
    "flipped signature": signature(lambda raw: bytes([raw[0] ^ 1]) + raw[1:]),
    "longer signature": signature(lambda raw: raw + b"\0"),
    "empty signature": signature(lambda raw: raw[:0]),
    "changed claims": changed_claims,
    "padding": text(lambda token: token + "=="),
    "padding in the middle": text(lambda token: token.replace(".", "=.", 1)),
    "four parts": text(lambda token: token + ".AAAA"),
    "two parts": text(lambda token: token.rpartition(".")[0]),
    "a dot at the end": text(lambda token: token + "."),
    "no JSON": text(lambda token: b64(token.encode()) + ".bm8.AAAA"),
    "a JSON list": text(lambda token: f"{b64(b'[]')}.{b64(b'[]')}.{token[-86:]}"),
    "deep JSON": text(lambda token: f"{b64(b'[' * 2000)}.{b64(b'{}')}.{token[-86:]}"),
    "9 kB": text(lambda token: token + "A" * 8500),
    "JSON serialisation": text(lambda token: json.dumps({"payload": token})),
    "wrong iss": claim(iss="http://evil"),
    "iss a list": claim(iss=["http://127.0.0.1:8080"]),
    "wrong aud": claim(aud="other"),
    "no aud": claim(aud=None),
    "expired": times(exp=-60, iat=-660),
    "no exp": claim(exp=None),
    "exp a text": claim(exp="9999999999"),
    "exp without end": claim(exp=float("inf")),
    "exp beyond measure": claim(exp=10**400),
    "exp no number": claim(exp=float("nan")),
    "lives for a day": times(exp=86400),
    "issued in the future": times(iat=3600, exp=4000),
    "no iat": claim(iat=None),
    "not yet": times(nbf=120),
    "no sub": claim(sub=None),
    "no jti": claim(jti=None),
    "scope a list": claim(scope=["registry:read"]),
    "no areas": claim(areas=None),
}


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
    "claims of identity": lambda t: {
        "headers": {"X-Client-Id": "app", "X-Scopes": "admin", "X-Areas": "*", "X-Token": t}
    },
    "nothing": lambda t: {"headers": {"Accept": t[:0] + "*/*"}},
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
