"""Tokens for tests: a signing key of the test run, and callers made from it."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from joserfc import jws
from joserfc.jwk import ECKey

from kit.auth import SCOPES, StaticKeys, TokenVerifier

ISSUER = "http://issuer.test"
AUDIENCE = "jingwei"


class TestTokens:
    """Signs tokens as the gateway does, and makes the verifier that accepts them."""

    __test__ = False

    def __init__(self) -> None:
        self.key = ECKey.generate_key("P-256", {"kid": "test-key", "use": "sig", "alg": "ES256"})

    @property
    def jwks(self) -> dict[str, Any]:
        """The public keys."""
        return {"keys": [self.key.as_dict(private=False)]}

    def verifier(self) -> TokenVerifier:
        """Return a verifier that trusts this key."""
        return TokenVerifier(StaticKeys(self.jwks), issuer=ISSUER, audience=AUDIENCE)

    def claims(
        self,
        *,
        scopes: Sequence[str] = tuple(SCOPES),
        areas: Sequence[str] = ("*",),
        client_id: str = "test-client",
        organization_id: str | None = None,
    ) -> dict[str, Any]:
        """Return the claims of a good token."""
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": client_id,
            "client_id": client_id,
            "exp": now + 600,
            "iat": now,
            "jti": uuid4().hex,
            "scope": " ".join(scopes),
            "areas": list(areas),
        }
        if organization_id:
            claims["organization_id"] = organization_id
        return claims

    def sign(self, claims: dict[str, Any], header: dict[str, Any] | None = None) -> str:
        """Return the compact token of the claims."""
        head = header or {"alg": "ES256", "typ": "at+jwt", "kid": "test-key"}
        return jws.serialize_compact(head, json.dumps(claims).encode(), self.key)

    def headers(self, **claims: Any) -> dict[str, str]:
        """Return the request headers of a caller with these scopes and areas."""
        return {"Authorization": f"Bearer {self.sign(self.claims(**claims))}"}
