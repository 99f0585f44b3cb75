"""Estates (小区): compounds, courtyards and villages that buildings belong to."""

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
from services.registry.api.schemas.estates import (
    EstateIn,
    EstateOut,
    EstatePatch,
    EstateQuery,
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
from services.registry.domain.estates import is_three_no
from services.registry.domain.organization_problems import (
    OrganizationNotFound,
    OrganizationUnfit,
    PartyContradicted,
)
from services.registry.domain.problems import (
    CommunityNotLocated,
    DivisionNotFound,
    EstateInUse,
    EstateNotFound,
    ReferenceAmbiguous,
    SourceTaken,
)
from services.registry.domain.rules import Rules
from services.registry.operations import keeping
from services.registry.operations.estates import ESTATES_KEPT
from services.registry.operations.imports.estates import ESTATE_HEADERS
from services.registry.storage import estates as storage

router = api_router("/registry/v1/estates", "estates")
_TITLES = chinese_titles(ESTATE_HEADERS)

_REFERS = (
    DivisionNotFound,
    CommunityNotLocated,
    OrganizationNotFound,
    OrganizationUnfit,
    PartyContradicted,
    ReferenceAmbiguous,
)
_CHANGE = (EstateNotFound, errors.PreconditionFailed, errors.PreconditionRequired)


def _show(row: Any, rules: Rules, crs: Crs = "CGCS2000") -> EstateOut:
    derived = is_three_no(row, rules.three_no)
    return EstateOut.model_validate(
        dict(row) | {"is_three_no": derived, "geometry": placed(row["geometry"], crs)}
    )


@router.post("", status_code=201, dependencies=[Idempotent], responses=problems(*_REFERS))
async def create_estate(body: EstateIn, response: Response, work: Writing) -> EstateOut:
    """Add an estate; one that a system of record owns goes through by-source instead."""
    row = await keeping.create(ESTATES_KEPT, work, body.model_dump())
    tagged(response, row["version"])
    response.headers["Location"] = f"/registry/v1/estates/{row['id']}"
    return _show(row, work.rules)


@router.get("", response_model=Page[EstateOut], responses=list_responses(EstateOut, geometry=True))
async def list_estates(
    request: Request, database: Reader, query: Annotated[EstateQuery, Query()], caller: Viewer
) -> Response:
    """List estates; also as GeoJSON, CSV and NDJSON."""
    narrowed = place_filter(query)
    columns = list(EstateOut.model_fields)
    rules: Rules = request.app.state.rules
    statement, key = storage.listing(
        caller.areas,
        narrowed,
        management_mode=query.management_mode,
        organization_id=query.organization_id,
        three_no=None if query.is_three_no is None else (query.is_three_no, rules.three_no),
    )
    listing = Listing(
        statement,
        key,
        lambda row: _show(row, rules, query.crs).model_dump(mode="json"),
        columns,
        "geometry",
        titles=_TITLES,
    )
    return await respond_list(request, database, listing, query)


@router.get(
    "/{estate_id}", response_model=EstateOut, responses=problems(EstateNotFound) | NOT_MODIFIED
)
async def get_estate(
    estate_id: Id,
    response: Response,
    work: Reading,
    crs: Annotated[Crs, Query(description="Reference of the answered coordinates")] = "CGCS2000",
    if_none_match: IfNoneMatch = None,
) -> Response | EstateOut:
    """Answer an estate; 304 when If-None-Match names its version."""
    row = await keeping.read(ESTATES_KEPT, work, estate_id)
    tagged(response, row["version"])
    return unchanged(if_none_match, row["version"]) or _show(row, work.rules, crs)


@router.patch("/{estate_id}", responses=problems(*_CHANGE, *_REFERS))
async def change_estate(
    estate_id: Id,
    body: Annotated[EstatePatch, Body(media_type=MERGE_PATCH)],
    response: Response,
    work: Writing,
    if_match: IfMatch = None,
) -> EstateOut:
    """Change the given fields of an estate (RFC 7396)."""
    patch = body.model_dump(exclude_unset=True)
    row = await keeping.change(ESTATES_KEPT, work, estate_id, patch, if_match)
    tagged(response, row["version"])
    return _show(row, work.rules)


@router.put(
    "/by-source/{source}/{source_id}",
    responses={
        201: {"model": EstateOut, "description": "Created"},
        **problems(*_CHANGE, *_REFERS, SourceTaken),
    },
)
async def put_estate_by_source(
    source: SourceName,
    source_id: SourceId,
    body: EstateIn,
    response: Response,
    work: Writing,
    if_match: IfMatch = None,
) -> EstateOut:
    """Create the estate of a source, or replace it whole (then If-Match is needed)."""
    row, is_new = await keeping.put_by_source(
        ESTATES_KEPT, work, (source, source_id), body.model_dump(), if_match
    )
    tagged(response, row["version"])
    if is_new:
        response.status_code = 201
        response.headers["Location"] = f"/registry/v1/estates/{row['id']}"
    return _show(row, work.rules)


@router.delete("/{estate_id}", status_code=204, responses=problems(*_CHANGE, EstateInUse))
async def end_estate(estate_id: Id, work: Writing, if_match: IfMatch = None) -> None:
    """End an estate that has no buildings any more; its source id stays known."""
    await keeping.end(ESTATES_KEPT, work, estate_id, if_match)
