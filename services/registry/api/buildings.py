"""Buildings (楼栋): where they stand and how many households they hold."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Body, Query, Request, Response

from kit import errors
from kit.app import api_router
from kit.pagination import Page
from kit.web import context
from kit.web.deps import Idempotent, IfMatch, IfNoneMatch, Reader
from kit.web.exports import chinese_titles
from kit.web.listing import Listing, list_responses, respond_list
from kit.web.problems import problems
from kit.web.schemas import Crs, Id, SourceName
from services.registry.api.schemas.buildings import (
    BuildingIn,
    BuildingOut,
    BuildingPatch,
    BuildingQuery,
)
from services.registry.api.schemas.fields import SourceId
from services.registry.api.working import (
    MERGE_PATCH,
    NOT_MODIFIED,
    Reading,
    Viewer,
    Writing,
    place_filter,
    placed,
    tagged,
    unchanged,
)
from services.registry.domain.buildings import remark_on
from services.registry.domain.problems import (
    BuildingInUse,
    BuildingNotFound,
    CommunityNotLocated,
    DivisionNotFound,
    EstateNotFound,
    HouseholdNoTaken,
    OutsideCommunity,
    ReferenceAmbiguous,
    SourceTaken,
)
from services.registry.domain.rules import Rules
from services.registry.operations import keeping
from services.registry.operations.buildings import BUILDINGS_KEPT, with_listed
from services.registry.operations.imports.buildings import BUILDING_HEADERS
from services.registry.storage import buildings as storage

router = api_router("/registry/v1/buildings", "buildings")
_TITLES = chinese_titles(BUILDING_HEADERS) | {"estate_id": "小区编号"}

_REFERS = (
    DivisionNotFound,
    CommunityNotLocated,
    EstateNotFound,
    OutsideCommunity,
    ReferenceAmbiguous,
    HouseholdNoTaken,
)
_CHANGE = (BuildingNotFound, errors.PreconditionFailed, errors.PreconditionRequired)


#: A sheet has no room for remarks: `outside_m` says the same.
_COLUMNS = [name for name in BuildingOut.model_fields if name != "warnings"]


def _show(row: Any, rules: Rules, crs: Crs = "CGCS2000") -> BuildingOut:
    remark = remark_on(row["outside_m"], rules.placement)
    language = context.current.get().language
    shown = {
        "geometry": placed(row["geometry"], crs),
        "warnings": []
        if remark is None
        else [{"code": remark.code, "detail": remark.render(language), "pointer": "/geometry"}],
    }
    return BuildingOut.model_validate(dict(row) | shown)


@router.post("", status_code=201, dependencies=[Idempotent], responses=problems(*_REFERS))
async def create_building(body: BuildingIn, response: Response, work: Writing) -> BuildingOut:
    """Add a building; `warnings` say when it lies outside its community."""
    row = await keeping.create(BUILDINGS_KEPT, work, body.model_dump())
    tagged(response, row["version"])
    response.headers["Location"] = f"/registry/v1/buildings/{row['id']}"
    return _show(await with_listed(work, row), work.rules)


@router.get(
    "", response_model=Page[BuildingOut], responses=list_responses(BuildingOut, geometry=True)
)
async def list_buildings(
    request: Request, database: Reader, query: Annotated[BuildingQuery, Query()], caller: Viewer
) -> Response:
    """List buildings; also as GeoJSON, CSV and NDJSON."""
    narrowed = place_filter(query)
    rules: Rules = request.app.state.rules
    statement, key = storage.listing(
        caller.areas, narrowed, estate_id=query.estate_id, outside=query.outside
    )
    listing = Listing(
        statement,
        key,
        lambda row: _show(row, rules, query.crs).model_dump(mode="json"),
        _COLUMNS,
        "geometry",
        titles=_TITLES,
    )
    return await respond_list(request, database, listing, query)


@router.get(
    "/{building_id}",
    response_model=BuildingOut,
    responses=problems(BuildingNotFound) | NOT_MODIFIED,
)
async def get_building(
    building_id: Id,
    response: Response,
    work: Reading,
    crs: Annotated[Crs, Query(description="Reference of the answered coordinates")] = "CGCS2000",
    if_none_match: IfNoneMatch = None,
) -> Response | BuildingOut:
    """Answer a building; 304 when If-None-Match names its version."""
    row = await keeping.read(BUILDINGS_KEPT, work, building_id)
    tagged(response, row["version"])
    return unchanged(if_none_match, row["version"]) or _show(
        await with_listed(work, row), work.rules, crs
    )


@router.patch("/{building_id}", responses=problems(*_CHANGE, *_REFERS))
async def change_building(
    building_id: Id,
    body: Annotated[BuildingPatch, Body(media_type=MERGE_PATCH)],
    response: Response,
    work: Writing,
    if_match: IfMatch = None,
) -> BuildingOut:
    """Change the given fields of a building (RFC 7396); its households move along with it."""
    patch = body.model_dump(exclude_unset=True)
    row = await keeping.change(BUILDINGS_KEPT, work, building_id, patch, if_match)
    tagged(response, row["version"])
    return _show(await with_listed(work, row), work.rules)


@router.put(
    "/by-source/{source}/{source_id}",
    responses={
        201: {"model": BuildingOut, "description": "Created"},
        **problems(*_CHANGE, *_REFERS, SourceTaken),
    },
)
async def put_building_by_source(
    source: SourceName,
    source_id: SourceId,
    body: BuildingIn,
    response: Response,
    work: Writing,
    if_match: IfMatch = None,
) -> BuildingOut:
    """Create the building of a source, or replace it whole (then If-Match is needed)."""
    row, is_new = await keeping.put_by_source(
        BUILDINGS_KEPT, work, (source, source_id), body.model_dump(), if_match
    )
    tagged(response, row["version"])
    if is_new:
        response.status_code = 201
        response.headers["Location"] = f"/registry/v1/buildings/{row['id']}"
    return _show(await with_listed(work, row), work.rules)


@router.delete("/{building_id}", status_code=204, responses=problems(*_CHANGE, BuildingInUse))
async def end_building(building_id: Id, work: Writing, if_match: IfMatch = None) -> None:
    """End a building that has no households any more; its source id stays known."""
    await keeping.end(BUILDINGS_KEPT, work, building_id, if_match)
