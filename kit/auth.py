"""Access tokens: verification by every process itself (RFC 9068, RFC 8725), scopes, areas."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import httpx
import structlog
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from kit.errors import Text, Unauthenticated, Unavailable
from kit.revocation import Revocations

log = structlog.get_logger()

SCOPES: Mapping[str, str] = {
    "registry:read": "Read who lives where, masked",
    "registry:write": "Change the register, run imports",
    "pii:read": "Read personal data in clear, with a purpose",
    "partition:read": "Read plans, grids and the map",
    "partition:propose": "Make plans, import barriers, submit (street)",
    "partition:review": "Approve or reject plans (district)",
    "partition:publish": "Put an approved plan into force",
    "incidents:report": "Report incidents",
    "incidents:read": "Read incidents",
    "incidents:handle": "Accept, dispatch and handle incidents",
    "incidents:verify": "Verify what others handled",
    "incidents:supervise": "Arbitrate, suspend, reopen; keep categories and rules",
    "governance:read": "Read meetings, disputes and boards",
    "governance:write": "Run meetings, mediation and assessments",
    "webhooks:manage": "Subscribe to events",
    "audit:read": "Read and verify the audit trail",
    "admin": "Manage service clients",
}

_COMPACT = re.compile(r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\Z")
_MAX_TOKEN_BYTES = 8192
_LEEWAY_S = 30
_MAX_LIFETIME_S = 3600
_CACHE_S = 60


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls: a service client, what it may do, and where."""

    client_id: str
    scopes: frozenset[str]
    areas: tuple[str, ...]
    organization_id: str | None = None


class KeysUnavailable(Unavailable):
    """The signing keys of the token service cannot be fetched."""

    code = "token.keys_unavailable"
    title = Text("Token keys unavailable", "令牌公钥暂不可用")
    detail = Text(
        "Tokens cannot be checked right now: the token service does not answer.",
        "暂时无法校验令牌：令牌服务无应答。",
    )


class KeySource(Protocol):
    """What finds the public key of a key id."""

    async def find(self, kid: str) -> ECKey | None:
        """Return the key, or None when the token service knows no such id."""
        ...


class StaticKeys:
    """Keys known beforehand: the gateway's own, or a test's."""

    def __init__(self, jwks: Mapping[str, Any]) -> None:
        self._keys = _read_jwks(jwks)

    async def find(self, kid: str) -> ECKey | None:
        """Return the key of the id, if it is one of the given."""
        return self._keys.get(kid)


class RemoteKeys:
    """Keys from a JWKS address: cached 5 min, served stale up to 1 h, refetched on an unknown id.

    An unknown id causes at most one fetch in 30 s, so forged ids cannot flood the token service.
    """

    _FRESH_S = 300.0
    _STALE_S = 3600.0
    _RETRY_S = 30.0

    def __init__(self, url: str, http: httpx.AsyncClient) -> None:
        self._url = url
        self._http = http
        self._keys: dict[str, ECKey] = {}
        self._read_at = float("-inf")
        self._tried_at = float("-inf")
        self._lock = asyncio.Lock()

    async def find(self, kid: str) -> ECKey | None:
        """Return the key of the id; raises KeysUnavailable when no keys can be had at all."""
        now = time.monotonic()
        if now - self._read_at > self._FRESH_S or kid not in self._keys:
            await self._refresh(kid)
        if not self._keys or time.monotonic() - self._read_at > self._STALE_S:
            raise KeysUnavailable(retry_after_s=5)
        return self._keys.get(kid)

    async def _refresh(self, kid: str) -> None:
        async with self._lock:
            now = time.monotonic()
            fresh = now - self._read_at <= self._FRESH_S
            # Without any key a retry is cheap and wanted at once: the gateway may just be starting.
            wait = self._RETRY_S if self._keys else 0.5
            if (fresh and kid in self._keys) or now - self._tried_at < wait:
                return
            self._tried_at = now
            try:
                answer = await self._http.get(self._url, timeout=3.0)
                answer.raise_for_status()
                self._keys = _read_jwks(answer.json())
                self._read_at = time.monotonic()
            except (httpx.HTTPError, ValueError, KeyError) as error:
                log.warning("jwks_fetch_failed", error=type(error).__name__)


def _read_jwks(jwks: Mapping[str, Any]) -> dict[str, ECKey]:
    keys = {}
    for entry in jwks["keys"]:
        if entry.get("kty") == "EC" and entry.get("crv") == "P-256" and entry.get("kid"):
            keys[str(entry["kid"])] = ECKey.import_key(dict(entry))
    return keys


class TokenVerifier:
    """Turns an Authorization header into a Principal, or refuses it.

    Only ES256, only `typ: at+jwt`, only compact form with no padding, every claim required, 30 s
    of leeway.  Good decisions are remembered for at most 60 s, keyed by the whole token.
    """

    def __init__(
        self,
        keys: KeySource,
        *,
        issuer: str,
        audience: str,
        revocations: Revocations | None = None,
    ) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._revocations = revocations or Revocations()
        self._cache: OrderedDict[str, tuple[float, Principal, float]] = OrderedDict()

    async def verify(self, authorization: list[str]) -> Principal:
        """Return the caller of the Authorization headers as they came (exactly one is accepted).

        Raises Unauthenticated; KeysUnavailable when the token cannot be judged at all.
        """
        if len(authorization) != 1:
            raise _refused()
        scheme, _, token = authorization[0].partition(" ")
        if scheme.lower() != "bearer":
            raise _refused()
        now = time.time()
        good_until, principal, issued_at = self._cache.get(token, _NOTHING)
        if principal is None or good_until <= now:
            if len(token) > _MAX_TOKEN_BYTES or not _COMPACT.match(token):
                raise _refused()
            claims = await self._claims(token)
            principal = _principal(claims, now, self._issuer, self._audience)
            issued_at = float(claims["iat"])
            self._cache[token] = (min(float(claims["exp"]), now + _CACHE_S), principal, issued_at)
            while len(self._cache) > 4096:
                self._cache.popitem(last=False)
        if self._revocations.is_void(principal.client_id, issued_at):
            raise _refused()
        return principal

    def forget(self) -> None:
        """Drop every remembered decision (keys or revocations changed)."""
        self._cache.clear()

    async def _claims(self, token: str) -> dict[str, Any]:
        try:
            header = jws.extract_compact(token.encode()).headers()
            if header.get("alg") != "ES256" or str(header.get("typ", "")).lower() != "at+jwt":
                raise _refused()
            if set(header) - {"alg", "typ", "kid"} or not isinstance(header.get("kid"), str):
                raise _refused()
            key = await self._keys.find(header["kid"])
            if key is None:
                raise _refused()
            signed = jws.deserialize_compact(token, key, algorithms=["ES256"])
            claims = json.loads(signed.payload)
        except (JoseError, ValueError, KeyError, TypeError, RecursionError):
            raise _refused() from None
        if not isinstance(claims, dict):
            raise _refused()
        return claims


_NOTHING: tuple[float, Principal | None, float] = (0.0, None, 0.0)


def _refused() -> Unauthenticated:
    return Unauthenticated(headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})


def _is_number(value: object) -> bool:
    # A float cannot hold a larger integer; no time is that large.
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15


def _principal(claims: dict[str, Any], now: float, issuer: str, audience: str) -> Principal:
    organization = claims.get("organization_id")
    good = (
        _is_for_us(claims, issuer, audience)
        and _is_alive(claims, now)
        and _is_well_typed(claims)
        and (organization is None or isinstance(organization, str))
    )
    if not good:
        raise _refused()
    return Principal(
        client_id=claims["client_id"],
        scopes=frozenset(claims["scope"].split()),
        areas=tuple(claims["areas"]),
        organization_id=organization,
    )


def _is_for_us(claims: dict[str, Any], issuer: str, audience: str) -> bool:
    audiences = claims.get("aud")
    named = audiences if isinstance(audiences, list) else [audiences]
    return claims.get("iss") == issuer and audience in named


def _is_alive(claims: dict[str, Any], now: float) -> bool:
    times = [claims.get("exp"), claims.get("iat"), claims.get("nbf", claims.get("iat"))]
    if not all(_is_number(value) for value in times):
        return False
    expires, issued, not_before = (float(value) for value in times if value is not None)
    return (
        now < expires + _LEEWAY_S
        and max(issued, not_before) <= now + _LEEWAY_S
        and expires - issued <= _MAX_LIFETIME_S
    )


def _is_well_typed(claims: dict[str, Any]) -> bool:
    areas = claims.get("areas")
    return (
        all(isinstance(claims.get(name), str) for name in ("sub", "jti", "client_id", "scope"))
        and isinstance(areas, list)
        and all(isinstance(area, str) and area for area in areas)
    )
