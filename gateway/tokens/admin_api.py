"""/admin/v1/clients: service clients, their secrets and their end; scope `admin`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Path, Query, Request, Response
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from gateway.tokens import clients, storage
from gateway.tokens.domain import Client
from gateway.tokens.hashing import SecretHasher
from gateway.tokens.keeping import Keeper
from gateway.tokens.problems import (
    ClientExists,
    ClientNotFound,
    ClientRevoked,
    SecretNotFound,
    SecretsFull,
)
from gateway.tokens.tables import CLIENTS
from kit.app import api_router
from kit.auth import SCOPES, Principal
from kit.conditional import etag
from kit.errors import PreconditionFailed, PreconditionRequired
from kit.ids import new_id
from kit.pagination import Page
from kit.web.deps import IfMatch, Now, Reader, UnitOfWork, needs
from kit.web.listing import Listing, list_responses, respond_list
from kit.web.problems import problems
from kit.web.schemas import PRINTABLE, Answer, DateTime, Id, ListQuery, Strict

Admin = Annotated[Principal, needs("admin")]

ClientId = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9][a-z0-9._-]{1,62}[a-z0-9]$",
        description="Name of the client towards the token endpoint",
    ),
]
ClientIdInPath = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]


def _known_scope(value: str) -> str:
    if value not in SCOPES:
        raise PydanticCustomError("literal_error", "no such scope", {"expected": "a known scope"})
    return value


Scope = Annotated[
    str, AfterValidator(_known_scope), Field(json_schema_extra={"enum": list(SCOPES)})
]
ClientArea = Annotated[
    str,
    Field(
        pattern=r"^(\*|[0-9]{6}|[0-9]{9}|[0-9]{12}|[0-9]{15})$",
        description="Division or grid code, `*` for everywhere",
        examples=["630102"],
    ),
]


class ClientIn(Strict):
    """A new service client."""

    client_id: ClientId | None = None
    name: Annotated[str, Field(min_length=1, max_length=100), PRINTABLE]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=50)]
    areas: Annotated[list[ClientArea], Field(max_length=1000)]
    organization_id: (
        Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")] | None
    ) = None
    expires_at: DateTime | None = None


class SecretOut(Answer):
    """A live secret; its text is not stored."""

    id: Id
    created_at: DateTime


class ClientOut(Answer):
    """A service client."""

    client_id: str
    name: str
    scopes: list[str]
    areas: list[str]
    organization_id: str | None
    expires_at: DateTime | None
    revoked_at: DateTime | None
    state: Literal["active", "expired", "revoked"]
    allowed_actions: list[Literal["revoke"]]
    secrets: list[SecretOut]
    version: int
    created_at: DateTime
    updated_at: DateTime


class ClientMade(ClientOut):
    """A new client with its first secret."""

    client_secret: str = Field(description="Shown this one time")


class SecretMade(SecretOut):
    """A new secret."""

    client_id: str
    client_secret: str = Field(description="Shown this one time")


class ClientTransition(Strict):
    """A step in a client's life."""

    action: Literal["revoke"]


class ClientQuery(ListQuery):
    """Filters of the list of clients."""

    updated_since: DateTime | None = None


router = api_router("/admin/v1/clients", "clients")


@router.post("", status_code=201, responses=problems(ClientNotFound, ClientExists))
async def create_client(
    body: ClientIn, request: Request, response: Response, tx: UnitOfWork, clock: Now, caller: Admin
) -> ClientMade:
    """Make a client.  Without `client_id` it gets one; the answer alone shows its secret.

    There is no Idempotency-Key here, because a saved answer would keep the secret in clear: name
    the `client_id` yourself, and a repeat is refused as `client.exists`.
    """
    client = Client(
        client_id=body.client_id or str(new_id()),
        name=body.name,
        scopes=tuple(sorted(set(body.scopes))),
        areas=tuple(sorted(set(body.areas))),
        organization_id=body.organization_id,
        expires_at=body.expires_at,
    )
    secret = await clients.create(
        tx, client, by_areas=caller.areas, hasher=_hasher(request), now=clock.now()
    )
    row = await clients.show(tx, client.client_id, by_areas=caller.areas)
    response.headers["Location"] = f"/admin/v1/clients/{client.client_id}"
    response.headers["ETag"] = etag(row["version"])
    return ClientMade.model_validate(_shown(row, clock.now()) | {"client_secret": secret.text})


@router.get("", response_model=Page[ClientOut], responses=list_responses(ClientOut))
async def list_clients(
    request: Request,
    database: Reader,
    clock: Now,
    query: Annotated[ClientQuery, Query()],
    caller: Admin,
) -> Response:
    """List the clients whose areas lie within the caller's."""
    statement = storage.listed(caller.areas)
    if query.updated_since is not None:
        statement = statement.where(CLIENTS.c.updated_at > query.updated_since)
    now = clock.now()

    def show(row: Any) -> dict[str, Any]:
        return ClientOut.model_validate(_shown(row, now)).model_dump(mode="json")

    listing = Listing(statement, [CLIENTS.c.client_id], show, list(ClientOut.model_fields))
    return await respond_list(request, database, listing, query)


@router.get("/{client_id}", responses=problems(ClientNotFound))
async def get_client(
    client_id: ClientIdInPath, response: Response, tx: UnitOfWork, clock: Now, caller: Admin
) -> ClientOut:
    """Show a client; its secrets by id and age, never by text."""
    row = await clients.show(tx, client_id, by_areas=caller.areas)
    response.headers["ETag"] = etag(row["version"])
    return ClientOut.model_validate(_shown(row, clock.now()))


@router.post(
    "/{client_id}/secrets",
    status_code=201,
    responses=problems(ClientNotFound, ClientRevoked, SecretsFull),
)
async def create_client_secret(
    client_id: ClientIdInPath,
    request: Request,
    response: Response,
    tx: UnitOfWork,
    clock: Now,
    caller: Admin,
) -> SecretMade:
    """Add a second live secret: change over to it, then delete the old one."""
    now = clock.now()
    made = await clients.add_secret(
        tx, client_id, by_areas=caller.areas, hasher=_hasher(request), now=now
    )
    response.headers["Location"] = f"/admin/v1/clients/{client_id}/secrets/{made.secret_id}"
    return SecretMade(
        id=made.secret_id, created_at=now, client_id=client_id, client_secret=made.text
    )


@router.delete(
    "/{client_id}/secrets/{secret_id}",
    status_code=204,
    responses=problems(SecretNotFound, PreconditionFailed, PreconditionRequired),
)
async def delete_client_secret(
    client_id: ClientIdInPath,
    secret_id: Id,
    tx: UnitOfWork,
    clock: Now,
    caller: Admin,
    if_match: IfMatch = None,
) -> None:
    """Delete a secret; If-Match carries the ETag of the client."""
    await clients.drop_secret(
        tx,
        client_id,
        secret_id,
        by_areas=caller.areas,
        if_match=if_match,
        now=clock.now(),
    )


@router.post("/{client_id}/transitions", responses=problems(ClientNotFound, ClientRevoked))
async def transition_client(
    client_id: ClientIdInPath,
    body: ClientTransition,
    request: Request,
    response: Response,
    tx: UnitOfWork,
    clock: Now,
    caller: Admin,
) -> ClientOut:
    """Revoke a client, for good: its tokens stop working everywhere within 30 s."""
    del body
    now = clock.now()
    await clients.revoke(tx, client_id, by_areas=caller.areas, now=now)
    row = await clients.show(tx, client_id, by_areas=caller.areas)
    keeper: Keeper = request.app.state.keeper
    keeper.note_revoked(client_id, at=now)
    response.headers["ETag"] = etag(row["version"])
    return ClientOut.model_validate(_shown(row, now))


def _hasher(request: Request) -> SecretHasher:
    hasher: SecretHasher = request.app.state.hasher
    return hasher


def _shown(row: Any, now: datetime) -> dict[str, Any]:
    client = storage.as_client(row)
    state = client.state(now)
    return dict(row) | {
        "state": state,
        "allowed_actions": [] if state == "revoked" else ["revoke"],
        "secrets": [
            {"id": UUID(entry["id"]), "created_at": entry["created_at"]}
            for entry in sorted(row["secrets"], key=lambda entry: str(entry["created_at"]))
        ],
    }
