"""FastAPI dependencies that every service shares: the transaction, the caller, the time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Security
from fastapi.openapi.models import OAuthFlowClientCredentials, OAuthFlows
from fastapi.security import OAuth2, SecurityScopes

from kit.auth import SCOPES, Principal, TokenVerifier
from kit.clock import Clock
from kit.db import Database, Tx
from kit.errors import Forbidden


async def _unit_of_work(request: Request) -> AsyncIterator[Tx]:
    # With an Idempotency-Key the route itself holds the transaction, because the answer is saved
    # in it; see kit.web.route.
    held: Tx | None = getattr(request.state, "transaction", None)
    if held is not None:
        yield held
        return
    database: Database = request.app.state.database
    async with database.unit_of_work() as tx:
        yield tx


UnitOfWork = Annotated[Tx, Depends(_unit_of_work, scope="function")]
"""One request, one transaction, committed before the answer leaves."""


def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


Reader = Annotated[Database, Depends(_database)]
"""The database itself, for lists and streams that open their own read."""


def _clock(request: Request) -> Clock:
    clock: Clock = request.app.state.clock
    return clock


Now = Annotated[Clock, Depends(_clock)]

oauth2 = OAuth2(
    flows=OAuthFlows(
        clientCredentials=OAuthFlowClientCredentials(tokenUrl="/oauth/token", scopes=dict(SCOPES))
    ),
    scheme_name="OAuth2",
    description="OAuth 2.0 client credentials (RFC 6749 4.4): a signed token of 10 minutes.",
    auto_error=False,
)


async def authenticate(request: Request) -> Principal:
    """Return the caller of a request, verified once; raises Unauthenticated."""
    known: Principal | None = getattr(request.state, "principal", None)
    if known is None:
        verifier: TokenVerifier = request.app.state.verifier
        known = await verifier.verify(request.headers.getlist("authorization"))
        request.state.principal = known
    return known


async def _caller(
    request: Request,
    security_scopes: SecurityScopes,
    _header: Annotated[str | None, Depends(oauth2)],
) -> Principal:
    principal = await authenticate(request)
    missing = [scope for scope in security_scopes.scopes if scope not in principal.scopes]
    if missing:
        raise lacking(missing[0], security_scopes.scopes)
    return principal


def lacking(missing: str, needed: Sequence[str]) -> Forbidden:
    """Return the refusal of a good token that lacks a scope (RFC 6750)."""
    challenge = f'Bearer error="insufficient_scope", scope="{" ".join(needed)}"'
    return Forbidden(scope=missing, headers={"WWW-Authenticate": challenge})


def needs(*scopes: str) -> Any:
    """Return the dependency that yields the caller when its token has all the scopes.

    Use as `caller: Annotated[Principal, needs("registry:read")]`.
    """
    unknown = set(scopes) - set(SCOPES)
    if unknown or not scopes:
        message = f"unknown scopes: {sorted(unknown)}"
        raise ValueError(message)
    return Security(_caller, scopes=list(scopes))


IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=1000,
        description="ETag of the version that you change; needed, `*` matches any",
    ),
]
IfNoneMatch = Annotated[
    str | None,
    Header(alias="If-None-Match", max_length=1000, description="ETag that you already hold"),
]


async def _idempotency_key(
    key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            min_length=8,
            max_length=255,
            pattern=r"^[A-Za-z0-9._:-]+$",
            description="Unique text; repeat the request with the same one and it is done once. "
            "Kept 48 hours.",
        ),
    ] = None,
) -> str | None:
    return key


Idempotent = Depends(_idempotency_key)
"""Put it into a route's `dependencies=[...]`: the route then honours Idempotency-Key."""
