"""Grids: the register of those in force, now or at another time."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Body, Query, Request, Response

from kit import errors
from kit.app import api_router
from kit.boxes import read_bbox
from kit.conditional import etag, is_not_modified
from kit.pagination import Page
from kit.web.deps import IfMatch, IfNoneMatch, Now, Reader, UnitOfWork
from kit.web.listing import Listing, list_responses, respond_list
from kit.web.problems import problems
from services.grid_partition.api.schemas.fields import GridCode, moment
from services.grid_partition.api.schemas.grids import (
    GridBuildingOut,
    GridBuildingQuery,
    GridLookup,
    GridOut,
    GridPatch,
    GridQuery,
    show_building,
    show_grid_version,
)
from services.grid_partition.api.working import MERGE_PATCH, NOT_MODIFIED, Proposer, Viewer, Zone
from services.grid_partition.domain.problems import GridNotFound
from services.grid_partition.operations import grids as operations
from services.grid_partition.operations import screens
from services.grid_partition.storage import grids as storage
from services.grid_partition.storage.grids import GridFilter
from services.grid_partition.storage.tables import GRIDS, PLAN_ASSIGNMENTS

router = api_router("/partition/v1/grids", "grids")


@router.get("", response_model=Page[GridOut], responses=list_responses(GridOut, geometry=True))
async def list_grids(
    request: Request,
    database: Reader,
    query: Annotated[GridQuery, Query()],
    zone: Zone,
    caller: Viewer,
) -> Response:
    """List the grids in force, or those of another time, in code order; as GeoJSON too."""
    wanted = GridFilter(
        area=query.area,
        bbox=read_bbox(query.bbox),
        as_of=moment(query.as_of, zone),
        updated_since=query.updated_since,
    )
    columns = [name for name in GridOut.model_fields if name != "geometry"]
    listing = Listing(
        storage.listing(caller.areas, wanted),
        [GRIDS.c.code],
        lambda row: show_grid_version(row, query.crs),
        columns,
        "geometry",
        screens.simplifier(query.simplify_m, storage.coverages),
    )
    return await respond_list(request, database, listing, query)


@router.get("/{code}", response_model=GridOut, responses=problems(GridNotFound) | NOT_MODIFIED)
async def get_grid(
    code: GridCode,
    response: Response,
    tx: UnitOfWork,
    query: Annotated[GridLookup, Query()],
    zone: Zone,
    caller: Viewer,
    if_none_match: IfNoneMatch = None,
) -> Response | dict[str, Any]:
    """Answer a grid as it is in force, or was at another time."""
    row = await operations.get(tx, code, caller.areas, moment(query.as_of, zone))
    tag = etag(row["version"])
    if is_not_modified(if_none_match, tag):
        return Response(status_code=304, headers={"ETag": tag})
    response.headers["ETag"] = tag
    return show_grid_version(row, query.crs, parsed=True)


@router.get(
    "/{code}/buildings",
    response_model=Page[GridBuildingOut],
    responses={**list_responses(GridBuildingOut), **problems(GridNotFound)},
)
async def list_grid_buildings(
    code: GridCode,
    request: Request,
    database: Reader,
    query: Annotated[GridBuildingQuery, Query()],
    zone: Zone,
    caller: Viewer,
) -> Response:
    """List the buildings of a grid, as they were when its plan was computed."""
    async with database.reading() as tx:
        row = await operations.get(tx, code, caller.areas, moment(query.as_of, zone))
    statement = storage.buildings_of(row["plan_id"], code)
    key = [PLAN_ASSIGNMENTS.c.community_code, PLAN_ASSIGNMENTS.c.number]
    listing = Listing(statement, key, show_building, list(GridBuildingOut.model_fields))
    return await respond_list(request, database, listing, query)


@router.patch(
    "/{code}",
    response_model=GridOut,
    responses=problems(GridNotFound, errors.PreconditionFailed, errors.PreconditionRequired),
)
async def rename_grid(
    code: GridCode,
    body: Annotated[GridPatch, Body(media_type=MERGE_PATCH)],
    response: Response,
    tx: UnitOfWork,
    clock: Now,
    caller: Proposer,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Give a grid in force another name; its code and extent change by plans only."""
    row = await operations.rename(
        tx,
        code,
        name=body.name,
        if_match=if_match,
        areas=caller.areas,
        now=clock.now(),
    )
    response.headers["ETag"] = etag(row["version"])
    return show_grid_version(row, "CGCS2000", parsed=True)
