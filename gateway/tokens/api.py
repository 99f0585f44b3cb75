"""POST /oauth/token, the key set, the metadata (RFC 6749, 7517, 8414) and the revocation feed."""

from __future__ import annotations

from typing import Any, Literal

import orjson
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from gateway.tokens.issuing import FORM, TokenDesk, read_request
from gateway.tokens.keeping import as_public
from gateway.tokens.keyring import Keyring
from gateway.tokens.problems import OAuthError
from kit.auth import SCOPES
from kit.clock import Clock
from kit.revocation import Revocations

_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_JWKS_MAX_AGE_S = 300


class TokenOut(BaseModel):
    """An access token (RFC 6749 5.1)."""

    access_token: str = Field(description="A signed JWT (RFC 9068); send it as `Bearer`")
    token_type: Literal["Bearer"]
    expires_in: int = Field(description="Seconds")
    scope: str = Field(description="Space-separated; what was asked for, or all that is granted")


class OAuthErrorOut(BaseModel):
    """A refusal of the token endpoint (RFC 6749 5.2)."""

    error: Literal[
        "invalid_request",
        "invalid_client",
        "unsupported_grant_type",
        "invalid_scope",
        "temporarily_unavailable",
    ]
    error_description: str


class JwkOut(BaseModel):
    """One public key."""

    kty: Literal["EC"]
    crv: Literal["P-256"]
    x: str
    y: str
    kid: str
    use: Literal["sig"]
    alg: Literal["ES256"]


class JwksOut(BaseModel):
    """The keys that tokens are verified with."""

    keys: list[JwkOut]


class MetadataOut(BaseModel):
    """What this token service can do (RFC 8414)."""

    issuer: str
    token_endpoint: str
    jwks_uri: str
    scopes_supported: list[str]
    response_types_supported: list[str]
    grant_types_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]


class RevokedClientOut(BaseModel):
    """A client whose tokens issued before a time are void."""

    client_id: str
    void_before: int = Field(description="Epoch seconds; compare with `iat`")


class RevokedClientsOut(BaseModel):
    """Revocations of the last minutes: older tokens have ended by themselves."""

    as_of: int = Field(description="Epoch seconds")
    items: list[RevokedClientOut]


_FORM_SCHEMA = {
    "type": "object",
    "required": ["grant_type"],
    "properties": {
        "grant_type": {"type": "string", "enum": ["client_credentials"]},
        "scope": {"type": "string", "description": "Fewer scopes than granted, space-separated"},
        "client_id": {"type": "string"},
        "client_secret": {"type": "string"},
    },
}


def _oauth(description: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/OAuthErrorOut"}
    problem = {"$ref": "#/components/schemas/ProblemOut"}
    return {
        "description": description,
        "content": {
            "application/json": {"schema": schema},
            "application/problem+json": {"schema": problem},
        },
    }


router = APIRouter(tags=["tokens"])


@router.post(
    "/oauth/token",
    response_model=TokenOut,
    responses={
        400: {"model": OAuthErrorOut, **_oauth("`invalid_request` and its kin")},
        401: _oauth("`invalid_client`: unknown client or wrong secret, which look alike"),
        429: _oauth("Too many wrong secrets, or too many requests; see Retry-After"),
    },
    openapi_extra={
        "requestBody": {"required": True, "content": {FORM: {"schema": _FORM_SCHEMA}}},
        "security": [],
    },
)
async def issue_token(request: Request) -> Response:
    """Give a token to a service client: client credentials by HTTP Basic or in the form."""
    desk: TokenDesk = request.app.state.desk
    try:
        asked = read_request(
            request.headers.getlist("authorization"),
            request.headers.get("content-type", ""),
            await request.body(),
            request.url.query,
        )
        peer = request.client.host if request.client else "-"
        issued = await desk.issue(asked, peer)
    except OAuthError as error:
        return _refusal(error)
    content = {
        "access_token": issued.access_token,
        "token_type": "Bearer",
        "expires_in": issued.expires_in,
        "scope": issued.scope,
    }
    return Response(orjson.dumps(content), 200, _NO_STORE, "application/json")


def _refusal(error: OAuthError) -> Response:
    headers = dict(_NO_STORE)
    if error.status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="jingwei", charset="UTF-8"'
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(error.retry_after_s)
    content = {"error": error.error, "error_description": error.description}
    return Response(orjson.dumps(content), error.status, headers, "application/json")


@router.get("/.well-known/jwks.json", response_model=JwksOut)
async def get_key_set(request: Request) -> Response:
    """Show the public keys that verify tokens; may be kept for five minutes."""
    keyring: Keyring = request.app.state.keyring
    headers = {"Cache-Control": f"public, max-age={_JWKS_MAX_AGE_S}"}
    return Response(orjson.dumps(keyring.jwks()), 200, headers, "application/json")


@router.get("/.well-known/oauth-authorization-server")
async def get_token_service_metadata(request: Request) -> MetadataOut:
    """Tell programs where and how to get tokens."""
    issuer: str = request.app.state.settings.issuer
    return MetadataOut(
        issuer=issuer,
        token_endpoint=f"{issuer}/oauth/token",
        jwks_uri=f"{issuer}/.well-known/jwks.json",
        scopes_supported=list(SCOPES),
        response_types_supported=[],
        grant_types_supported=["client_credentials"],
        token_endpoint_auth_methods_supported=["client_secret_basic", "client_secret_post"],
    )


@router.get("/.well-known/revoked-clients", response_model=RevokedClientsOut)
async def list_revoked_clients(request: Request) -> Response:
    """Tell services whose tokens are void before they end; they read this every ten seconds."""
    revocations: Revocations = request.app.state.revocations
    clock: Clock = request.app.state.clock
    content = as_public(revocations.all(), now=clock.now())
    return Response(orjson.dumps(content), 200, {"Cache-Control": "no-cache"}, "application/json")
