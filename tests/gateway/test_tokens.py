"""The token endpoint: RFC 6749 by the book, brakes before hashing, keys that rotate."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from gateway.app import create_door
from gateway.settings import Settings
from gateway.tokens import clients
from gateway.tokens.clients import fresh_secret
from gateway.tokens.domain import Client, is_secret
from gateway.tokens.hashing import SecretHasher
from kit.auth import StaticKeys, TokenVerifier
from kit.clock import SystemClock
from kit.db import Database
from tests.gateway.serving import Running

SECRET = fresh_secret()
FORM = {"grant_type": "client_credentials"}


def ensure(url: str, client: Client, secret: str) -> None:
    """Put a client straight into a gateway's database."""

    async def run() -> None:
        database = Database(url, application="test", pool_size=1)
        hasher = SecretHasher(workers=1, waiting_max=1)
        async with database.unit_of_work() as tx:
            await clients.ensure(tx, client, secret, hasher=hasher, now=SystemClock().now())
        hasher.close()
        await database.close()

    asyncio.run(run())


@pytest.fixture(scope="module", autouse=True)
def client(gateway_url: str, running: Running) -> Client:
    """A client with two scopes in one district."""
    del running
    known = Client("map-app", "Map", ("incidents:read", "registry:read"), ("630102",), "org-7")
    ensure(gateway_url, known, SECRET)
    return known


def basic(client_id: str, secret: str) -> dict[str, str]:
    pair = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


def ask(
    web: httpx.Client, *, secret: str = SECRET, who: str = "map-app", **form: str
) -> httpx.Response:
    return web.post("/oauth/token", data=FORM | form, headers=basic(who, secret))


def test_a_client_gets_a_token_that_any_service_can_verify(
    running: Running, web: httpx.Client
) -> None:
    answer = ask(web)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    content = answer.json()
    assert content | {"access_token": ""} == {
        "access_token": "",
        "token_type": "Bearer",
        "expires_in": 600,
        "scope": "incidents:read registry:read",
    }
    token = content["access_token"]
    keys = web.get("/.well-known/jwks.json").json()
    header = jws.extract_compact(token.encode()).headers()
    assert header == {"alg": "ES256", "typ": "at+jwt", "kid": keys["keys"][-1]["kid"]}
    key = next(entry for entry in keys["keys"] if entry["kid"] == header["kid"])
    claims = json.loads(jws.deserialize_compact(token, ECKey.import_key(key)).payload)
    assert claims["exp"] - claims["iat"] == 600
    assert {
        name: claims[name] for name in ("iss", "aud", "sub", "client_id", "scope", "areas")
    } == {
        "iss": running.settings.issuer,
        "aud": "jingwei",
        "sub": "map-app",
        "client_id": "map-app",
        "scope": "incidents:read registry:read",
        "areas": ["630102"],
    }
    assert claims["organization_id"] == "org-7"
    assert claims["nbf"] == claims["iat"]
    verifier = TokenVerifier(
        StaticKeys(keys), issuer=running.settings.issuer, audience=running.settings.audience
    )
    principal = asyncio.run(verifier.verify([f"Bearer {token}"]))
    assert (principal.areas, principal.organization_id) == (("630102",), "org-7")
    assert web.get("/registry/v1/x", headers={"Authorization": f"Bearer {token}"}).is_success


def test_credentials_may_stand_in_the_form(web: httpx.Client) -> None:
    form = FORM | {"client_id": "map-app", "client_secret": SECRET}
    assert web.post("/oauth/token", data=form).status_code == 200


def test_a_token_can_be_narrowed_but_not_widened(web: httpx.Client) -> None:
    assert ask(web, scope="registry:read").json()["scope"] == "registry:read"
    assert ask(web, scope="").json()["scope"] == "incidents:read registry:read"
    for scope in ("admin", "registry:read admin", "registry:read  incidents:read", " "):
        answer = ask(web, scope=scope)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope"), scope


def test_unknown_parameters_are_ignored_as_the_standard_says(web: httpx.Client) -> None:
    assert ask(web, resource="urn:x", audience="y").status_code == 200


B = basic("map-app", SECRET)
WRONG = [
    ({"content": b""}, B, "invalid_request"),
    ({"data": {"scope": "registry:read"}}, B, "invalid_request"),
    ({"data": {"grant_type": ""}}, B, "invalid_request"),
    ({"data": {"grant_type": "password", "username": "a"}}, B, "unsupported_grant_type"),
    ({"data": {"grant_type": "authorization_code", "code": "a"}}, B, "unsupported_grant_type"),
    ({"data": {"grant_type": "CLIENT_CREDENTIALS"}}, B, "unsupported_grant_type"),
    ({"content": b"grant_type=client_credentials&grant_type=x"}, B, "invalid_request"),
    ({"content": b"grant_type=client_credentials&scope=a&scope=b"}, B, "invalid_request"),
    ({"content": b"grant_type"}, B, "invalid_request"),
    ({"content": b"grant_type=client_credentials&scope=%ff"}, B, "invalid_request"),
    ({"content": b"\xff\xfe"}, B, "invalid_request"),
    ({"content": b"&".join(b"a%d=1" % n for n in range(30))}, B, "invalid_request"),
    ({"json": FORM}, B, "invalid_request"),
    ({"content": b"grant_type=client_credentials", "type": "text/plain"}, B, "invalid_request"),
    ({"data": FORM | {"client_id": "map-app", "client_secret": SECRET}}, B, "invalid_request"),
    ({"data": FORM | {"client_id": "other"}}, B, "invalid_request"),
    ({"data": FORM, "params": {"client_id": "map-app"}}, B, "invalid_request"),
    ({"data": FORM, "params": {"grant_type": "client_credentials"}}, {}, "invalid_request"),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_malformed_requests_get_the_error_of_the_standard(web: httpx.Client, number: int) -> None:
    parts, credentials, error = WRONG[number]
    parts = dict(parts)
    kind = {"Content-Type": str(parts.pop("type", "application/x-www-form-urlencoded"))}
    headers = credentials | ({} if "data" in parts or "json" in parts else kind)
    answer = web.post("/oauth/token", headers=headers, **parts)  # type: ignore[arg-type] # kinds of httpx
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert answer.headers["cache-control"] == "no-store"
    assert SECRET not in answer.text


STRANGERS = {
    "no credentials": {},
    "unknown client": basic("nobody", fresh_secret()),
    "wrong secret": basic("map-app", fresh_secret()),
    "misshapen secret": basic("map-app", "wrong"),
    "misshapen secret of an unknown client": basic("nobody-2", "wrong"),
    "empty secret": basic("map-app", ""),
    "no colon": {"Authorization": "Basic " + base64.b64encode(b"map-app").decode()},
    "no base64": {"Authorization": "Basic %%%"},
    "no UTF-8": {"Authorization": "Basic " + base64.b64encode(b"\xff:\xff").decode()},
    "a bearer": {"Authorization": "Bearer abc"},
    "a NUL in the id": basic("map\x00app", fresh_secret()),
}


@pytest.mark.parametrize("kind", STRANGERS)
def test_whoever_fails_to_prove_itself_gets_one_and_the_same_answer(
    web: httpx.Client, kind: str
) -> None:
    answer = web.post("/oauth/token", data=FORM, headers=STRANGERS[kind])
    assert answer.status_code == 401
    assert answer.json() == {
        "error": "invalid_client",
        "error_description": "client authentication failed",
    }
    assert answer.headers["www-authenticate"].startswith("Basic ")


def test_an_unknown_client_takes_as_long_as_a_wrong_secret(
    gateway_url: str, web: httpx.Client
) -> None:
    ensure(gateway_url, Client("timed", "T", ("registry:read",), ("*",)), SECRET)

    def seconds(who: str) -> float:
        begun = time.perf_counter()
        assert ask(web, who=who, secret=fresh_secret()).status_code == 401
        return time.perf_counter() - begun

    known = sorted(seconds("timed") for _ in range(3))[1]
    unknown = sorted(seconds(f"ghost-{n}") for n in range(3))[1]
    assert 0.4 < known / unknown < 2.5


def test_the_sixth_failure_in_a_minute_is_braked_before_hashing(
    gateway_url: str, web: httpx.Client
) -> None:
    ensure(gateway_url, Client("braked", "B", ("registry:read",), ("*",)), SECRET)
    for _ in range(5):
        assert ask(web, who="braked", secret=fresh_secret()).status_code == 401
    begun = time.perf_counter()
    answer = ask(web, who="braked")
    assert time.perf_counter() - begun < 0.05
    assert (answer.status_code, answer.json()["error"]) == (429, "temporarily_unavailable")
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    ensure(gateway_url, Client("calm", "C", ("registry:read",), ("*",)), SECRET)
    assert ask(web, who="calm").status_code == 200


def test_an_expired_client_gets_no_token(gateway_url: str, web: httpx.Client) -> None:
    ended = SystemClock().now() - timedelta(seconds=1)
    gone = Client("gone", "Gone", ("registry:read",), ("*",), expires_at=ended)
    ensure(gateway_url, gone, SECRET)
    assert ask(web, who="gone").json()["error"] == "invalid_client"


def test_the_key_set_shows_public_members_only_and_may_be_kept(web: httpx.Client) -> None:
    answer = web.get("/.well-known/jwks.json")
    assert answer.headers["cache-control"] == "public, max-age=300"
    for key in answer.json()["keys"]:
        assert set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"}


def test_the_metadata_tells_programs_where_to_go(running: Running, web: httpx.Client) -> None:
    content = web.get("/.well-known/oauth-authorization-server").json()
    assert content["issuer"] == running.settings.issuer
    assert content["token_endpoint"].endswith("/oauth/token")
    assert content["grant_types_supported"] == ["client_credentials"]


def test_secrets_carry_a_prefix_and_a_checksum() -> None:
    assert len({fresh_secret() for _ in range(100)}) == 100
    assert is_secret(SECRET)
    assert SECRET.startswith("jw_")
    for broken in (SECRET[:-1], SECRET + "0", SECRET.replace("jw_", "xx_"), SECRET[:-1] + "g", ""):
        assert not is_secret(broken)


@pytest.fixture
def production(gateway_url: str, tmp_path: Path) -> Settings:
    """Settings of a production gateway whose key file does not exist yet."""
    return Settings(
        environment="production", database_url=gateway_url, key_file=tmp_path / "gateway.key"
    )


def start(settings: Settings) -> None:
    door = create_door(settings)

    async def run() -> None:
        async with door.app.router.lifespan_context(door.app):
            pass

    asyncio.run(run())


@pytest.mark.parametrize(
    ("content", "mode", "reason"),
    [
        (None, 0o600, "is missing"),
        (base64.b64encode(bytes(32)), 0o600, "a sample"),
        (base64.b64encode(b"sample-sample-change-me-sample-1"), 0o600, "a sample"),
        (b"change-me", 0o600, "32 bytes in base64"),
        (base64.b64encode(bytes(range(31))), 0o600, "32 bytes in base64"),
        (base64.b64encode(bytes(range(100, 132))), 0o644, "open to others"),
        (base64.b64encode(bytes(range(150, 182))), 0o600, "another key file"),
    ],
)
def test_production_does_not_start_on_a_missing_sample_open_or_wrong_key(
    production: Settings, content: bytes | None, mode: int, reason: str
) -> None:
    if content is not None:
        production.key_file.write_bytes(content)
        production.key_file.chmod(mode)
    with pytest.raises(RuntimeError, match=reason):
        start(production)
