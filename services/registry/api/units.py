"""Units (单元): the entrances of a building, by which a large one can be split."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Body, Query, Request, Response

from kit import errors
from kit.app import api_router
from kit.pagination import Page
from kit.web.deps import Idempotent, IfMatch, IfNoneMatch, Reader
from kit.web.exports import chinese_titles
from kit.web.listing import Listing, list_responses, respond_list
from kit.web.problems import problems
from kit.web.schemas import Crs, Id, SourceName
from services.registry.api.schemas.fields import SourceId
from services.registry.api.schemas.units import (
    UnitIn,
    UnitOut,
    UnitPatch,
    UnitQuery,
)
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
from services.registry.domain.dwelling_problems import UnitNotFound, UnitTaken
from services.registry.domain.problems import BuildingNotFound, ReferenceAmbiguous, SourceTaken
from services.registry.operations import keeping
from services.registry.operations.imports.units import UNIT_HEADERS
from services.registry.operations.units import UNITS_KEPT
from services.registry.storage import units as storage

router = api_router("/registry/v1/units", "units")
_TITLES = chinese_titles(UNIT_HEADERS) | {"building_id": "楼栋编号"}

_REFERS = (BuildingNotFound, ReferenceAmbiguous, UnitTaken)
_CHANGE = (UnitNotFound, errors.PreconditionFailed, errors.PreconditionRequired)


def _show(row: Any, crs: Crs = "CGCS2000") -> UnitOut:
    return UnitOut.model_validate(dict(row) | {"geometry": placed(row["geometry"], crs)})


@router.post("", status_code=201, dependencies=[Idempotent], responses=problems(*_REFERS))
async def create_unit(body: UnitIn, response: Response, work: Writing) -> UnitOut:
    """Add a unit to a building; its community is the building's."""
    row = await keeping.create(UNITS_KEPT, work, body.model_dump())
    tagged(response, row["version"])
    response.headers["Location"] = f"/registry/v1/units/{row['id']}"
    return _show(row)


@router.get("", response_model=Page[UnitOut], responses=list_responses(UnitOut, geometry=True))
async def list_units(
    request: Request, database: Reader, query: Annotated[UnitQuery, Query()], caller: Viewer
) -> Response:
    """List units; their places are their entrances."""
    narrowed = place_filter(query)
    columns = list(UnitOut.model_fields)
    statement, key = storage.listing(caller.areas, narrowed, building_id=query.building_id)
    listing = Listing(
        statement,
        key,
        lambda row: _show(row, query.crs).model_dump(mode="json"),
        columns,
        "geometry",
        titles=_TITLES,
    )
    return await respond_list(request, database, listing, query)


@router.get(
    "/{unit_id}",
    response_model=UnitOut,
    responses=problems(UnitNotFound) | NOT_MODIFIED,
)
async def get_unit(
    unit_id: Id,
    response: Response,
    work: Reading,
    crs: Annotated[Crs, Query(description="Reference of the answered coordinates")] = "CGCS2000",
    if_none_match: IfNoneMatch = None,
) -> Response | UnitOut:
    """Answer a unit; 304 when If-None-Match names its version."""
    row = await keeping.read(UNITS_KEPT, work, unit_id)
    tagged(response, row["version"])
    return unchanged(if_none_match, row["version"]) or _show(row, crs)


@router.patch("/{unit_id}", responses=problems(*_CHANGE, *_REFERS))
async def change_unit(
    unit_id: Id,
    body: Annotated[UnitPatch, Body(media_type=MERGE_PATCH)],
    response: Response,
    work: Writing,
    if_match: IfMatch = None,
) -> UnitOut:
    """Change the given fields of a unit (RFC 7396)."""
    patch = body.model_dump(exclude_unset=True)
    row = await keeping.change(UNITS_KEPT, work, unit_id, patch, if_match)
    tagged(response, row["version"])
    return _show(row)


@router.put(
    "/by-source/{source}/{source_id}",
    responses={
        201: {"model": UnitOut, "description": "Created"},
        **problems(*_CHANGE, *_REFERS, SourceTaken),
    },
)
async def put_unit_by_source(
    source: SourceName,
    source_id: SourceId,
    body: UnitIn,
    response: Response,
    work: Writing,
    if_match: IfMatch = None,
) -> UnitOut:
    """Create the unit of a source, or replace it whole (then If-Match is needed)."""
    row, is_new = await keeping.put_by_source(
        UNITS_KEPT, work, (source, source_id), body.model_dump(), if_match
    )
    tagged(response, row["version"])
    if is_new:
        response.status_code = 201
        response.headers["Location"] = f"/registry/v1/units/{row['id']}"
    return _show(row)


@router.delete("/{unit_id}", status_code=204, responses=problems(*_CHANGE))
async def end_unit(unit_id: Id, work: Writing, if_match: IfMatch = None) -> None:
    """End a unit: its name becomes free in its building."""
    await keeping.end(UNITS_KEPT, work, unit_id, if_match)
