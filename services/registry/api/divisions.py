"""Divisions: district, street or town, community or village."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Body, Query, Request, Response

from kit import errors
from kit.app import api_router
from kit.boxes import read_bbox
from kit.pagination import Page
from kit.web.deps import IfMatch, IfNoneMatch, Reader
from kit.web.exports import chinese_titles
from kit.web.listing import Listing, list_responses, respond_list
from kit.web.problems import problems
from kit.web.schemas import Crs
from services.registry.api.schemas.divisions import (
    ChildrenQuery,
    DivisionIn,
    DivisionLookup,
    DivisionOut,
    DivisionPatch,
    DivisionQuery,
)
from services.registry.api.schemas.fields import DivisionCode
from services.registry.api.working import (
    MERGE_PATCH,
    NOT_MODIFIED,
    Reading,
    Viewer,
    Writing,
    placed,
    tagged,
    unchanged,
)
from services.registry.domain.problems import (
    DivisionCodePadded,
    DivisionInUse,
    DivisionKindMismatch,
    DivisionNotFound,
    DivisionParentMissing,
    DivisionRevoked,
    DivisionSectionMismatch,
)
from services.registry.operations import divisions as operations
from services.registry.operations.imports.divisions import DIVISION_HEADERS
from services.registry.storage import divisions as storage
from services.registry.storage.divisions import DivisionFilter

router = api_router("/registry/v1/divisions", "divisions")
_TITLES = chinese_titles(DIVISION_HEADERS)

_CHANGE = (DivisionNotFound, errors.PreconditionFailed, errors.PreconditionRequired)


def _show(row: Any, crs: Crs = "CGCS2000") -> dict[str, Any]:
    shown = dict(row) | {"boundary": placed(row["boundary"], crs)}
    return DivisionOut.model_validate(shown).model_dump(mode="json")


def _listing(caller: Viewer, narrowed: DivisionFilter, crs: Crs) -> Listing:
    statement, key = storage.listing(caller.areas, narrowed)
    columns = list(DivisionOut.model_fields)
    return Listing(statement, key, lambda row: _show(row, crs), columns, "boundary", titles=_TITLES)


@router.get(
    "", response_model=Page[DivisionOut], responses=list_responses(DivisionOut, geometry=True)
)
async def list_divisions(
    request: Request, database: Reader, query: Annotated[DivisionQuery, Query()], caller: Viewer
) -> Response:
    """List divisions in code order, so that a parent stands before its children."""
    narrowed = DivisionFilter(
        area=query.area,
        kind=query.kind,
        parent_code=query.parent,
        is_governed=query.is_governed,
        status=None if query.status == "all" else query.status,
        as_of=query.as_of,
        bbox=read_bbox(query.bbox),
        updated_since=query.updated_since,
    )
    return await respond_list(request, database, _listing(caller, narrowed, query.crs), query)


@router.get(
    "/{code}", response_model=DivisionOut, responses=problems(DivisionNotFound) | NOT_MODIFIED
)
async def get_division(
    code: DivisionCode,
    response: Response,
    work: Reading,
    query: Annotated[DivisionLookup, Query()],
    if_none_match: IfNoneMatch = None,
) -> Response | dict[str, Any]:
    """Answer a division in force; with `as_of`, as one in force on that day."""
    row = await operations.read(work, code, query.as_of)
    tagged(response, row["version"])
    return unchanged(if_none_match, row["version"]) or _show(row, query.crs)


@router.get(
    "/{code}/children",
    response_model=Page[DivisionOut],
    responses=list_responses(DivisionOut, geometry=True),
)
async def list_division_children(
    code: DivisionCode,
    request: Request,
    database: Reader,
    query: Annotated[ChildrenQuery, Query()],
    caller: Viewer,
) -> Response:
    """List the divisions in force right below one; none for a code that holds none."""
    narrowed = DivisionFilter(
        parent_code=code, is_governed=query.is_governed, updated_since=query.updated_since
    )
    return await respond_list(request, database, _listing(caller, narrowed, query.crs), query)


@router.put(
    "/{code}",
    response_model=DivisionOut,
    responses={
        201: {"model": DivisionOut, "description": "Created"},
        **problems(
            *_CHANGE,
            DivisionKindMismatch,
            DivisionSectionMismatch,
            DivisionCodePadded,
            DivisionParentMissing,
            DivisionRevoked,
        ),
    },
)
async def put_division(
    code: DivisionCode,
    body: DivisionIn,
    response: Response,
    work: Writing,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Create a division, or replace it (then If-Match is needed); its parent comes first."""
    wanted = body.model_dump(exclude_unset=True)
    row, is_new = await operations.put(work, code, wanted, if_match)
    tagged(response, row["version"])
    if is_new:
        response.status_code = 201
        response.headers["Location"] = f"/registry/v1/divisions/{code}"
    return _show(row)


@router.patch(
    "/{code}",
    response_model=DivisionOut,
    responses=problems(*_CHANGE, DivisionParentMissing),
)
async def change_division(
    code: DivisionCode,
    body: Annotated[DivisionPatch, Body(media_type=MERGE_PATCH)],
    response: Response,
    work: Writing,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Change the given fields (RFC 7396); code, kind and parent never change."""
    row = await operations.change(work, code, body.model_dump(exclude_unset=True), if_match)
    tagged(response, row["version"])
    return _show(row)


@router.delete("/{code}", status_code=204, responses=problems(*_CHANGE, DivisionInUse))
async def revoke_division(code: DivisionCode, work: Writing, if_match: IfMatch = None) -> None:
    """Revoke a division that holds nothing any more; its code is never used again."""
    await operations.revoke(work, code, if_match)
