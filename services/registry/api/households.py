"""Households (户): single rows, countable and without personal data."""

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
from kit.web.schemas import Id, SourceName
from services.registry.api.schemas.fields import SourceId
from services.registry.api.schemas.households import (
    HouseholdIn,
    HouseholdOut,
    HouseholdPatch,
    HouseholdQuery,
)
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
from services.registry.domain.dwelling_problems import DwellingMismatch, DwellingNotFound
from services.registry.domain.people_problems import HouseholdHasResidents
from services.registry.domain.problems import (
    BuildingNotFound,
    HouseholdNoTaken,
    HouseholdNotFound,
    ReferenceAmbiguous,
    SourceTaken,
)
from services.registry.operations import keeping
from services.registry.operations.households import HOUSEHOLDS_KEPT
from services.registry.operations.imports.households import HOUSEHOLD_HEADERS
from services.registry.storage import households as storage

router = api_router("/registry/v1/households", "households")
_TITLES = chinese_titles(HOUSEHOLD_HEADERS) | {
    "building_id": "楼栋编号",
    "dwelling_id": "房屋编号",
}

_REFERS = (
    BuildingNotFound,
    DwellingNotFound,
    DwellingMismatch,
    ReferenceAmbiguous,
    HouseholdNoTaken,
)
_CHANGE = (HouseholdNotFound, errors.PreconditionFailed, errors.PreconditionRequired)


def _show(row: Any) -> HouseholdOut:
    return HouseholdOut.model_validate(dict(row))


@router.post("", status_code=201, dependencies=[Idempotent], responses=problems(*_REFERS))
async def create_household(body: HouseholdIn, response: Response, work: Writing) -> HouseholdOut:
    """Add a household to a building; its community is the building's."""
    row = await keeping.create(HOUSEHOLDS_KEPT, work, body.model_dump())
    tagged(response, row["version"])
    response.headers["Location"] = f"/registry/v1/households/{row['id']}"
    return _show(row)


@router.get("", response_model=Page[HouseholdOut], responses=list_responses(HouseholdOut))
async def list_households(
    request: Request, database: Reader, query: Annotated[HouseholdQuery, Query()], caller: Viewer
) -> Response:
    """List households; also as CSV and NDJSON."""
    narrowed = place_filter(query)
    columns = list(HouseholdOut.model_fields)
    statement, key = storage.listing(
        caller.areas,
        narrowed,
        building_id=query.building_id,
        dwelling_id=query.dwelling_id,
        residence=query.residence,
    )
    listing = Listing(
        statement, key, lambda row: _show(row).model_dump(mode="json"), columns, titles=_TITLES
    )
    return await respond_list(request, database, listing, query)


@router.get(
    "/{household_id}",
    response_model=HouseholdOut,
    responses=problems(HouseholdNotFound) | NOT_MODIFIED,
)
async def get_household(
    household_id: Id,
    response: Response,
    work: Reading,
    if_none_match: IfNoneMatch = None,
) -> Response | HouseholdOut:
    """Answer a household; 304 when If-None-Match names its version."""
    row = await keeping.read(HOUSEHOLDS_KEPT, work, household_id)
    tagged(response, row["version"])
    return unchanged(if_none_match, row["version"]) or _show(row)


@router.patch("/{household_id}", responses=problems(*_CHANGE, *_REFERS))
async def change_household(
    household_id: Id,
    body: Annotated[HouseholdPatch, Body(media_type=MERGE_PATCH)],
    response: Response,
    work: Writing,
    if_match: IfMatch = None,
) -> HouseholdOut:
    """Change the given fields of a household (RFC 7396)."""
    patch = body.model_dump(exclude_unset=True)
    row = await keeping.change(HOUSEHOLDS_KEPT, work, household_id, patch, if_match)
    tagged(response, row["version"])
    return _show(row)


@router.put(
    "/by-source/{source}/{source_id}",
    responses={
        201: {"model": HouseholdOut, "description": "Created"},
        **problems(*_CHANGE, *_REFERS, SourceTaken),
    },
)
async def put_household_by_source(
    source: SourceName,
    source_id: SourceId,
    body: HouseholdIn,
    response: Response,
    work: Writing,
    if_match: IfMatch = None,
) -> HouseholdOut:
    """Create the household of a source, or replace it whole (then If-Match is needed)."""
    row, is_new = await keeping.put_by_source(
        HOUSEHOLDS_KEPT, work, (source, source_id), body.model_dump(), if_match
    )
    tagged(response, row["version"])
    if is_new:
        response.status_code = 201
        response.headers["Location"] = f"/registry/v1/households/{row['id']}"
    return _show(row)


@router.delete(
    "/{household_id}", status_code=204, responses=problems(*_CHANGE, HouseholdHasResidents)
)
async def end_household(household_id: Id, work: Writing, if_match: IfMatch = None) -> None:
    """End a household: it no longer counts; its number becomes free in its community.

    A household that residents still belong to cannot end.
    """
    await keeping.end(HOUSEHOLDS_KEPT, work, household_id, if_match)
