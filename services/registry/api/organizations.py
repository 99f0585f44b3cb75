"""Organizations (组织): who serves which divisions, with public facts only."""

from __future__ import annotations

from collections.abc import Sequence
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
from services.registry.api.schemas.organizations import (
    OrganizationIn,
    OrganizationOut,
    OrganizationPatch,
    OrganizationQuery,
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
from services.registry.domain.organization_problems import (
    KindUnknown,
    OrganizationInUse,
    OrganizationLoop,
    OrganizationNotFound,
    OrganizationShared,
    UsccInvalid,
)
from services.registry.domain.problems import DivisionNotFound, ReferenceAmbiguous, SourceTaken
from services.registry.operations import keeping
from services.registry.operations import organizations as operations
from services.registry.operations.imports.organizations import ORGANIZATION_HEADERS
from services.registry.operations.jurisdictions import shown_jurisdiction
from services.registry.operations.organizations import ORGANIZATIONS_KEPT
from services.registry.storage import organizations as storage

router = api_router("/registry/v1/organizations", "organizations")
_TITLES = chinese_titles(ORGANIZATION_HEADERS)

_REFERS = (
    DivisionNotFound,
    OrganizationNotFound,
    OrganizationLoop,
    ReferenceAmbiguous,
    KindUnknown,
    UsccInvalid,
)
_CHANGE = (
    OrganizationNotFound,
    OrganizationShared,
    errors.PreconditionFailed,
    errors.PreconditionRequired,
)


def _show(row: Any, areas: Sequence[str]) -> OrganizationOut:
    shown = shown_jurisdiction(row["jurisdiction"], areas)
    return OrganizationOut.model_validate(dict(row) | {"jurisdiction": shown})


@router.post("", status_code=201, dependencies=[Idempotent], responses=problems(*_REFERS))
async def create_organization(
    body: OrganizationIn, response: Response, work: Writing
) -> OrganizationOut:
    """Add an organization; one that a system of record owns goes through by-source instead."""
    row = await keeping.create(ORGANIZATIONS_KEPT, work, body.model_dump())
    tagged(response, row["version"])
    response.headers["Location"] = f"/registry/v1/organizations/{row['id']}"
    return _show(row, work.areas)


@router.get("", response_model=Page[OrganizationOut], responses=list_responses(OrganizationOut))
async def list_organizations(
    request: Request,
    database: Reader,
    query: Annotated[OrganizationQuery, Query()],
    caller: Viewer,
) -> Response:
    """List the organizations of the caller's areas and those that serve them.

    Also as CSV and NDJSON.
    """
    narrowed = place_filter(query)
    columns = list(OrganizationOut.model_fields)
    statement, key = storage.listing(
        caller.areas,
        narrowed,
        kind=query.kind,
        serves=query.serves,
        parent_id=query.parent_id,
        uscc=query.uscc,
    )
    listing = Listing(
        statement,
        key,
        lambda row: _show(row, caller.areas).model_dump(mode="json"),
        columns,
        titles=_TITLES,
    )
    return await respond_list(request, database, listing, query)


@router.get(
    "/{organization_id}",
    response_model=OrganizationOut,
    responses=problems(OrganizationNotFound) | NOT_MODIFIED,
)
async def get_organization(
    organization_id: Id,
    response: Response,
    work: Reading,
    if_none_match: IfNoneMatch = None,
) -> Response | OrganizationOut:
    """Answer an organization; 304 when If-None-Match names its version."""
    row = await operations.read(work, organization_id)
    tagged(response, row["version"])
    return unchanged(if_none_match, row["version"]) or _show(row, work.areas)


@router.patch("/{organization_id}", responses=problems(*_CHANGE, *_REFERS))
async def change_organization(
    organization_id: Id,
    body: Annotated[OrganizationPatch, Body(media_type=MERGE_PATCH)],
    response: Response,
    work: Writing,
    if_match: IfMatch = None,
) -> OrganizationOut:
    """Change the given fields of an organization (RFC 7396)."""
    patch = body.model_dump(exclude_unset=True)
    row = await operations.change(work, organization_id, patch, if_match)
    tagged(response, row["version"])
    return _show(row, work.areas)


@router.put(
    "/by-source/{source}/{source_id}",
    responses={
        201: {"model": OrganizationOut, "description": "Created"},
        **problems(*_CHANGE, *_REFERS, SourceTaken),
    },
)
async def put_organization_by_source(
    source: SourceName,
    source_id: SourceId,
    body: OrganizationIn,
    response: Response,
    work: Writing,
    if_match: IfMatch = None,
) -> OrganizationOut:
    """Create the organization of a source, or replace it whole (then If-Match is needed)."""
    row, is_new = await keeping.put_by_source(
        ORGANIZATIONS_KEPT, work, (source, source_id), body.model_dump(), if_match
    )
    tagged(response, row["version"])
    if is_new:
        response.status_code = 201
        response.headers["Location"] = f"/registry/v1/organizations/{row['id']}"
    return _show(row, work.areas)


@router.delete(
    "/{organization_id}", status_code=204, responses=problems(*_CHANGE, OrganizationInUse)
)
async def end_organization(organization_id: Id, work: Writing, if_match: IfMatch = None) -> None:
    """End an organization that nothing refers to any more; its source id stays known."""
    await operations.end(work, organization_id, if_match)
