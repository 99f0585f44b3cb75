"""The signing keys in memory: what signs now, what is published, what verifies."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey

from gateway.tokens.domain import KeyTimes
from kit.clock import Clock


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key pair and its times."""

    kid: str
    pair: ECKey
    times: KeyTimes


class NoSigningKey(RuntimeError):
    """There is no key that may sign."""


def new_pair(kid: str) -> ECKey:
    """Return a fresh P-256 key pair."""
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig", "alg": "ES256"})


class Keyring:
    """Signs tokens and answers which keys are good (a kit.auth.KeySource)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._keys: tuple[SigningKey, ...] = ()

    def replace(self, keys: Sequence[SigningKey]) -> bool:
        """Take the keys as they now stand; tells whether anything changed."""
        before = {(key.kid, key.times) for key in self._keys}
        self._keys = tuple(keys)
        return before != {(key.kid, key.times) for key in keys}

    async def find(self, kid: str) -> ECKey | None:
        """Return the published key of the id."""
        now = self._clock.now()
        for key in self._keys:
            if key.kid == kid and key.times.is_published(now):
                return key.pair
        return None

    def sign(self, claims: dict[str, Any]) -> str:
        """Return the compact token of the claims, `typ: at+jwt`; raises NoSigningKey."""
        now = self._clock.now()
        able = [key for key in self._keys if key.times.may_sign(now)]
        if not able:
            raise NoSigningKey
        key = max(able, key=lambda one: one.times.signs_from)
        header = {"alg": "ES256", "typ": "at+jwt", "kid": key.kid}
        content = json.dumps(claims, separators=(",", ":")).encode()
        return jws.serialize_compact(header, content, key.pair)

    def jwks(self) -> dict[str, Any]:
        """Return the public key set (RFC 7517): no private member is ever part of it."""
        now = self._clock.now()
        return {
            "keys": [
                {
                    **{
                        name: key.pair.as_dict(private=False)[name]
                        for name in ("kty", "crv", "x", "y")
                    },
                    "kid": key.kid,
                    "use": "sig",
                    "alg": "ES256",
                }
                for key in self._keys
                if key.times.is_published(now)
            ]
        }
