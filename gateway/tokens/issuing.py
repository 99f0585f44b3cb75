"""The token endpoint's work: who asks, is it true, what does it get (RFC 6749 4.4, RFC 9068)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote_plus
from uuid import uuid4

import structlog

from gateway.tokens import storage
from gateway.tokens.brake import FailureBrake
from gateway.tokens.domain import Client, claims, fingerprint, is_secret, narrowed
from gateway.tokens.hashing import SecretHasher
from gateway.tokens.keyring import Keyring
from gateway.tokens.problems import (
    OAuthError,
    invalid_client,
    invalid_request,
    slow_down,
)
from kit.clock import Clock
from kit.db import Database

log = structlog.get_logger()

FORM = "application/x-www-form-urlencoded"
_FIELDS_MAX = 20
_CLIENT_ID_LENGTH_MAX = 64


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A well-formed token request; nothing in it has been believed yet."""

    client_id: str
    client_secret: str
    scope: str | None


@dataclass(frozen=True, slots=True)
class Issued:
    """A token and what it allows."""

    access_token: str
    expires_in: int
    scope: str


def read_request(
    authorization: Sequence[str], content_type: str, body: bytes, query: str
) -> TokenRequest:
    """Return the request of the parts as they came; raises OAuthError by the book of RFC 6749."""
    if query:
        raise invalid_request("parameters belong into the body")
    if content_type.partition(";")[0].strip().lower() != FORM:
        raise invalid_request(f"the body must be {FORM}")
    form = _form(body)
    grant = form.get("grant_type")
    if not grant:
        raise invalid_request("grant_type is missing")
    if grant != "client_credentials":
        raise OAuthError("unsupported_grant_type", "only client_credentials is supported")
    client_id, secret = _credentials(authorization, form)
    # An empty parameter counts as one that was left out (RFC 6749 3.2).
    return TokenRequest(client_id, secret, form.get("scope") or None)


def _form(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            encoding="utf-8",
            errors="strict",
            max_num_fields=_FIELDS_MAX,
        )
    except ValueError:
        raise invalid_request("the body is no form") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise invalid_request("a parameter stands twice")
    return form


def _credentials(authorization: Sequence[str], form: dict[str, str]) -> tuple[str, str]:
    in_body = "client_id" in form or "client_secret" in form
    if not authorization:
        if not form.get("client_id") or not form.get("client_secret"):
            raise invalid_client()
        return form["client_id"], form["client_secret"]
    if len(authorization) > 1 or "client_secret" in form:
        raise invalid_request("more than one way of authentication")
    client_id, secret = _basic(authorization[0])
    if in_body and form["client_id"] != client_id:
        raise invalid_request("two different clients")
    return client_id, secret


def _basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        raise invalid_client()
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        raise invalid_client() from None
    client_id, colon, secret = decoded.partition(":")
    if not colon:
        raise invalid_client()
    # RFC 6749 2.3.1: both are form-encoded before they become a Basic pair.
    return unquote_plus(client_id), unquote_plus(secret)


class TokenDesk:
    """Gives tokens to clients who prove themselves."""

    def __init__(
        self,
        database: Database,
        *,
        keyring: Keyring,
        hasher: SecretHasher,
        brake: FailureBrake,
        clock: Clock,
        issuer: str,
        audience: str,
        lifetime_s: int,
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._hasher = hasher
        self._brake = brake
        self._clock = clock
        self._issuer = issuer
        self._audience = audience
        self._lifetime_s = lifetime_s

    async def issue(self, request: TokenRequest, peer: str) -> Issued:
        """Return a token; raises OAuthError.  `peer` is the caller's address, for the brake."""
        client = await self._authenticate(request, peer)
        scopes = narrowed(client.scopes, request.scope)
        if scopes is None:
            raise OAuthError("invalid_scope", "the client was not granted every scope asked for")
        token = self._keyring.sign(
            claims(
                client,
                scopes,
                issuer=self._issuer,
                audience=self._audience,
                issued_at=self._clock.now(),
                lifetime_s=self._lifetime_s,
                token_id=uuid4().hex,
            )
        )
        log.info("token_issued", client_id=client.client_id)
        return Issued(token, self._lifetime_s, " ".join(scopes))

    async def _authenticate(self, request: TokenRequest, peer: str) -> Client:
        key = (request.client_id[:_CLIENT_ID_LENGTH_MAX], peer)
        wait_s = self._brake.wait_s(key)
        if wait_s:
            raise slow_down(wait_s)
        client = await self._proven(request)
        if client is None:
            self._brake.failed(key)
            log.warning("authentication_failed", peer=peer)
            raise invalid_client()
        self._brake.succeeded(key)
        return client

    async def _proven(self, request: TokenRequest) -> Client | None:
        """Return the client whose secret this is.

        What is not even the shape of a secret is refused at once, for known and unknown clients
        alike; every other request costs exactly one hash.
        """
        if not is_secret(request.client_secret) or "\x00" in request.client_id:
            return None
        async with self._database.reading() as tx:
            found = await storage.to_authenticate(
                tx, request.client_id, fingerprint(request.client_secret)
            )
        client, encoded = found or (None, None)
        is_right = await self._hasher.verify(encoded, request.client_secret)
        if client is None or not is_right or client.state(self._clock.now()) != "active":
            return None
        return client
