"""Barriers: roads, rails, waters and walls; they come in by import."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query, Request, Response

from kit import errors
from kit.app import api_router
from kit.boxes import read_bbox
from kit.conditional import etag
from kit.pagination import Page
from kit.web.deps import IfMatch, Now, Reader, UnitOfWork
from kit.web.listing import Listing, list_responses, respond_list
from kit.web.problems import problems
from kit.web.schemas import Id
from services.grid_partition.api.schemas.barriers import (
    COLUMNS,
    BarrierLookup,
    BarrierOut,
    BarrierQuery,
    show_barrier,
)
from services.grid_partition.api.working import Proposer, Today, Viewer
from services.grid_partition.domain.problems import BarrierNotFound
from services.grid_partition.operations import barriers as operations
from services.grid_partition.storage import barriers as storage
from services.grid_partition.storage.barriers import BarrierFilter
from services.grid_partition.storage.tables import BARRIERS

router = api_router("/partition/v1/barriers", "barriers")


@router.get(
    "", response_model=Page[BarrierOut], responses=list_responses(BarrierOut, geometry=True)
)
async def list_barriers(
    request: Request,
    database: Reader,
    query: Annotated[BarrierQuery, Query()],
    today: Today,
    caller: Viewer,
) -> Response:
    """List barriers, by source and its id."""
    wanted = BarrierFilter(
        area=query.area,
        kind=query.kind,
        source=query.source,
        bbox=read_bbox(query.bbox),
        updated_since=query.updated_since,
        as_of=None if query.include_ended else today,
    )
    statement = storage.listing(caller.areas, wanted)
    key = [BARRIERS.c.source, BARRIERS.c.source_id]
    listing = Listing(statement, key, lambda row: show_barrier(row, query.crs), COLUMNS, "geometry")
    return await respond_list(request, database, listing, query)


@router.get("/{barrier_id}", response_model=BarrierOut, responses=problems(BarrierNotFound))
async def get_barrier(
    barrier_id: Id,
    response: Response,
    tx: UnitOfWork,
    query: Annotated[BarrierLookup, Query()],
    caller: Viewer,
) -> dict[str, Any]:
    """Answer one barrier, also one that has ended."""
    row = await operations.get(tx, barrier_id, caller.areas)
    response.headers["ETag"] = etag(row["version"])
    return show_barrier(row, query.crs)


@router.delete(
    "/{barrier_id}",
    status_code=204,
    responses=problems(BarrierNotFound, errors.PreconditionFailed, errors.PreconditionRequired),
)
async def end_barrier(
    barrier_id: Id,
    tx: UnitOfWork,
    clock: Now,
    today: Today,
    caller: Proposer,
    if_match: IfMatch = None,
) -> None:
    """End a barrier today: it stays on record (valid_to) and shapes no further plan."""
    await operations.end(
        tx,
        barrier_id,
        if_match=if_match,
        areas=caller.areas,
        today=today,
        now=clock.now(),
    )
