"""Dwellings (房屋), and the addresses that their door plates stand for."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Body, Query, Request, Response

from kit import errors
from kit.app import api_router
from kit.coordinates import from_cgcs2000
from kit.pagination import Page
from kit.web.deps import Idempotent, IfMatch, IfNoneMatch, Reader
from kit.web.exports import chinese_titles
from kit.web.listing import Listing, list_responses, respond_list
from kit.web.problems import problems
from kit.web.schemas import Crs, Id, SourceName
from services.registry.api.schemas.dwellings import (
    AddressCode,
    AddressLookup,
    AddressOut,
    DwellingIn,
    DwellingOut,
    DwellingPatch,
    DwellingQuery,
)
from services.registry.api.schemas.fields import SourceId
from services.registry.api.working import (
    MERGE_PATCH,
    NOT_MODIFIED,
    Reading,
    Viewer,
    Writing,
    place_filter,
    tagged,
    unchanged,
)
from services.registry.domain.dwelling_problems import (
    AddressCodeTaken,
    AddressNotFound,
    DwellingInUse,
    DwellingNotFound,
)
from services.registry.domain.organization_problems import KindUnknown
from services.registry.domain.problems import BuildingNotFound, ReferenceAmbiguous, SourceTaken
from services.registry.operations import dwellings as operations
from services.registry.operations import keeping
from services.registry.operations.dwellings import DWELLINGS_KEPT
from services.registry.operations.imports.dwellings import DWELLING_HEADERS
from services.registry.storage import dwellings as storage

router = api_router("/registry/v1/dwellings", "dwellings")
addresses = api_router("/registry/v1/addresses", "dwellings")
_TITLES = chinese_titles(DWELLING_HEADERS) | {"building_id": "楼栋编号"}

_REFERS = (BuildingNotFound, ReferenceAmbiguous, AddressCodeTaken, KindUnknown)
_CHANGE = (DwellingNotFound, DwellingInUse, errors.PreconditionFailed, errors.PreconditionRequired)


def _show(row: Any) -> DwellingOut:
    return DwellingOut.model_validate(dict(row))


@router.post("", status_code=201, dependencies=[Idempotent], responses=problems(*_REFERS))
async def create_dwelling(body: DwellingIn, response: Response, work: Writing) -> DwellingOut:
    """Add a dwelling to a building; its community is the building's."""
    row = await keeping.create(DWELLINGS_KEPT, work, body.model_dump())
    tagged(response, row["version"])
    response.headers["Location"] = f"/registry/v1/dwellings/{row['id']}"
    return _show(row)


@router.get("", response_model=Page[DwellingOut], responses=list_responses(DwellingOut))
async def list_dwellings(
    request: Request, database: Reader, query: Annotated[DwellingQuery, Query()], caller: Viewer
) -> Response:
    """List dwellings; also as CSV and NDJSON."""
    narrowed = place_filter(query)
    columns = list(DwellingOut.model_fields)
    statement, key = storage.listing(
        caller.areas, narrowed, building_id=query.building_id, use=query.use
    )
    listing = Listing(
        statement, key, lambda row: _show(row).model_dump(mode="json"), columns, titles=_TITLES
    )
    return await respond_list(request, database, listing, query)


@router.get(
    "/{dwelling_id}",
    response_model=DwellingOut,
    responses=problems(DwellingNotFound) | NOT_MODIFIED,
)
async def get_dwelling(
    dwelling_id: Id,
    response: Response,
    work: Reading,
    if_none_match: IfNoneMatch = None,
) -> Response | DwellingOut:
    """Answer a dwelling; 304 when If-None-Match names its version."""
    row = await keeping.read(DWELLINGS_KEPT, work, dwelling_id)
    tagged(response, row["version"])
    return unchanged(if_none_match, row["version"]) or _show(row)


@router.patch("/{dwelling_id}", responses=problems(*_CHANGE, *_REFERS))
async def change_dwelling(
    dwelling_id: Id,
    body: Annotated[DwellingPatch, Body(media_type=MERGE_PATCH)],
    response: Response,
    work: Writing,
    if_match: IfMatch = None,
) -> DwellingOut:
    """Change the given fields of a dwelling (RFC 7396)."""
    patch = body.model_dump(exclude_unset=True)
    row = await keeping.change(DWELLINGS_KEPT, work, dwelling_id, patch, if_match)
    tagged(response, row["version"])
    return _show(row)


@router.put(
    "/by-source/{source}/{source_id}",
    responses={
        201: {"model": DwellingOut, "description": "Created"},
        **problems(*_CHANGE, *_REFERS, SourceTaken),
    },
)
async def put_dwelling_by_source(
    source: SourceName,
    source_id: SourceId,
    body: DwellingIn,
    response: Response,
    work: Writing,
    if_match: IfMatch = None,
) -> DwellingOut:
    """Create the dwelling of a source, or replace it whole (then If-Match is needed)."""
    row, is_new = await keeping.put_by_source(
        DWELLINGS_KEPT, work, (source, source_id), body.model_dump(), if_match
    )
    tagged(response, row["version"])
    if is_new:
        response.status_code = 201
        response.headers["Location"] = f"/registry/v1/dwellings/{row['id']}"
    return _show(row)


@router.delete("/{dwelling_id}", status_code=204, responses=problems(*_CHANGE))
async def end_dwelling(dwelling_id: Id, work: Writing, if_match: IfMatch = None) -> None:
    """End a dwelling in which no household lives any more; its address code stays taken."""
    await keeping.end(DWELLINGS_KEPT, work, dwelling_id, if_match)


@addresses.get("/{address_code}", responses=problems(AddressNotFound))
async def get_address(
    address_code: AddressCode, work: Reading, query: Annotated[AddressLookup, Query()]
) -> AddressOut:
    """Answer where the door of an address code is."""
    row = await operations.resolve(work, address_code)
    return AddressOut.model_validate(
        row | {"address": operations.one_line(row), "point": _point(row, query.crs)}
    )


def _point(row: Any, crs: Crs) -> list[float] | None:
    if row["lon"] is None:
        return None
    return list(from_cgcs2000(row["lon"], row["lat"], crs))
