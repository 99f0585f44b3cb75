"""Boats in harbours: one noun with every convention."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from fastapi import FastAPI, Query, Response
from pydantic import Field
from sqlalchemy import Column, Integer, Table, Text, Uuid, insert, select, update
from starlette.requests import Request

from kit import errors
from kit.app import Parts, api_router, build_app
from kit.areas import in_areas, require_area
from kit.auth import Principal, TokenVerifier
from kit.clock import Clock
from kit.conditional import check_if_match, etag
from kit.db import Database, UtcDateTime, new_metadata
from kit.idempotency import idempotency_table
from kit.ids import new_id
from kit.outbox import Event, outbox_table, record
from kit.pagination import Page
from kit.settings import ServiceSettings
from kit.web.deps import Idempotent, IfMatch, Now, Reader, UnitOfWork, needs
from kit.web.listing import Listing, list_responses, respond_list
from kit.web.problems import problems
from kit.web.schemas import PRINTABLE, WHOLE, Answer, AreaCode, DateTime, Id, ListQuery, Strict

METADATA = new_metadata()
KEYS = idempotency_table(METADATA)
OUTBOX = outbox_table(METADATA)
BOATS = Table(
    "boats",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("area", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("seats", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)


class BoatIn(Strict):
    area: AreaCode
    name: Annotated[str, Field(min_length=1, max_length=40), PRINTABLE]
    seats: Annotated[int, Field(ge=0, le=500), WHOLE] = 1


class BoatPatch(Strict):
    seats: Annotated[int, Field(ge=0, le=500), WHOLE]


class BoatOut(Answer):
    id: Id
    area: str
    name: str
    seats: int
    version: int
    updated_at: DateTime


class BoatQuery(ListQuery):
    area: AreaCode | None = None


router = api_router("/toy/v1/boats", "boats")


@router.post(
    "",
    status_code=201,
    dependencies=[Idempotent],
    responses=problems(errors.NotFound, errors.Conflict),
)
async def create_boat(
    body: BoatIn,
    response: Response,
    tx: UnitOfWork,
    clock: Now,
    caller: Annotated[Principal, needs("registry:write")],
) -> BoatOut:
    require_area(caller.areas, body.area)
    row = body.model_dump() | {"id": new_id(), "version": 1, "updated_at": clock.now()}
    await tx.execute(insert(BOATS).values(row))
    event = Event("toy.boat.created", str(row["id"]), body.area, {"seats": body.seats})
    await record(tx, OUTBOX, event, now=clock.now())
    response.headers["Location"] = f"/toy/v1/boats/{row['id']}"
    response.headers["ETag"] = etag(1)
    return BoatOut.model_validate(row)


def _show(row: Any) -> dict[str, Any]:
    return BoatOut.model_validate(row).model_dump(mode="json")


@router.get("", response_model=Page[BoatOut], responses=list_responses(BoatOut))
async def list_boats(
    request: Request,
    database: Reader,
    query: Annotated[BoatQuery, Query()],
    caller: Annotated[Principal, needs("registry:read")],
) -> Response:
    statement = select(BOATS).where(in_areas(BOATS.c.area, caller.areas))
    if query.area:
        statement = statement.where(in_areas(BOATS.c.area, [query.area]))
    columns = list(BoatOut.model_fields)
    listing = Listing(statement, [BOATS.c.name, BOATS.c.id], _show, columns)
    return await respond_list(request, database, listing, query)


async def _boat(tx: Any, boat_id: UUID, caller: Principal) -> Any:
    condition = (BOATS.c.id == boat_id) & in_areas(BOATS.c.area, caller.areas)
    row = (
        (await tx.execute(select(BOATS).where(condition).with_for_update()))
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise errors.NotFound
    return row


@router.get("/{boat_id}", responses=problems(errors.NotFound))
async def get_boat(
    boat_id: Id,
    response: Response,
    tx: UnitOfWork,
    caller: Annotated[Principal, needs("registry:read")],
) -> BoatOut:
    row = await _boat(tx, boat_id, caller)
    response.headers["ETag"] = etag(row["version"])
    return BoatOut.model_validate(row)


@router.patch(
    "/{boat_id}",
    responses=problems(errors.NotFound, errors.PreconditionFailed, errors.PreconditionRequired),
)
async def change_boat(
    boat_id: Id,
    body: BoatPatch,
    response: Response,
    tx: UnitOfWork,
    caller: Annotated[Principal, needs("registry:write")],
    if_match: IfMatch = None,
) -> BoatOut:
    row = dict(await _boat(tx, boat_id, caller))
    check_if_match(if_match, row["version"])
    row |= {"seats": body.seats, "version": row["version"] + 1}
    await tx.execute(update(BOATS).where(BOATS.c.id == boat_id).values(row))
    response.headers["ETag"] = etag(row["version"])
    return BoatOut.model_validate(row)


@router.get("/{boat_id}/sink", responses=problems(errors.NotFound))
async def sink_boat(boat_id: Id, _caller: Annotated[Principal, needs("registry:read")]) -> BoatOut:
    message = f"a defect with a secret 13800138000 {boat_id}"
    raise RuntimeError(message)


def create_app(url: str, verifier: TokenVerifier, clock: Clock) -> FastAPI:
    return build_app(
        ServiceSettings(database_url=url),
        Parts(
            name="toy",
            title="Toy",
            description="Boats.",
            package_dir=Path(__file__).parent,
            database=Database(url, application="toy"),
            idempotency_table=KEYS,
            routers=[router],
            verifier=verifier,
            clock=clock,
        ),
    )
