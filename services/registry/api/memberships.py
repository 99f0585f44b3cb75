"""Memberships (队伍成员): which member of the governance force belongs to which team."""

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
from services.registry.api.schemas.teams import (
    MembershipIn,
    MembershipOut,
    MembershipPatch,
    MembershipQuery,
)
from services.registry.api.seeing import PersonalReading, PersonalViewing, PersonalWriting
from services.registry.api.working import (
    MERGE_PATCH,
    NOT_MODIFIED,
    place_filter,
    tagged,
    unchanged,
)
from services.registry.domain.organization_problems import (
    MembershipDates,
    MembershipNotFound,
    MembershipTaken,
    TeamNotFound,
)
from services.registry.domain.people_problems import MemberNotFound
from services.registry.domain.problems import ReferenceAmbiguous, SourceTaken
from services.registry.operations import keeping
from services.registry.operations.imports.memberships import MEMBERSHIP_HEADERS
from services.registry.operations.memberships import MEMBERSHIPS_KEPT
from services.registry.storage import memberships as storage
from services.registry.storage.memberships import MembershipFilter

router = api_router("/registry/v1/memberships", "teams")
_TITLES = chinese_titles(MEMBERSHIP_HEADERS) | {"team_id": "队伍编号", "member_id": "人员编号"}

_REFERS = (
    TeamNotFound,
    MemberNotFound,
    ReferenceAmbiguous,
    MembershipTaken,
    MembershipDates,
)
_CHANGE = (MembershipNotFound, errors.PreconditionFailed, errors.PreconditionRequired)


def _show(row: Any) -> MembershipOut:
    return MembershipOut.model_validate(dict(row))


@router.post("", status_code=201, dependencies=[Idempotent], responses=problems(*_REFERS))
async def create_membership(
    body: MembershipIn, response: Response, work: PersonalWriting
) -> MembershipOut:
    """Let a member belong to a team; it may belong to others meanwhile."""
    row = await keeping.create(MEMBERSHIPS_KEPT, work, body.model_dump())
    tagged(response, row["version"])
    response.headers["Location"] = f"/registry/v1/memberships/{row['id']}"
    return _show(row)


@router.get("", response_model=Page[MembershipOut], responses=list_responses(MembershipOut))
async def list_memberships(
    request: Request,
    database: Reader,
    query: Annotated[MembershipQuery, Query()],
    viewing: PersonalViewing,
) -> Response:
    """List memberships; also as CSV and NDJSON."""
    narrowed = place_filter(query)
    columns = list(MembershipOut.model_fields)
    own = MembershipFilter(query.team_id, query.member_id, query.as_of)
    statement, key = storage.listing(viewing.caller.areas, narrowed, own)
    listing = Listing(
        statement, key, lambda row: _show(row).model_dump(mode="json"), columns, titles=_TITLES
    )
    return await respond_list(request, database, listing, query)


@router.get(
    "/{membership_id}",
    response_model=MembershipOut,
    responses=problems(MembershipNotFound) | NOT_MODIFIED,
)
async def get_membership(
    membership_id: Id,
    response: Response,
    work: PersonalReading,
    if_none_match: IfNoneMatch = None,
) -> Response | MembershipOut:
    """Answer a membership; 304 when If-None-Match names its version."""
    row = await keeping.read(MEMBERSHIPS_KEPT, work, membership_id)
    tagged(response, row["version"])
    return unchanged(if_none_match, row["version"]) or _show(row)


@router.patch("/{membership_id}", responses=problems(*_CHANGE, *_REFERS))
async def change_membership(
    membership_id: Id,
    body: Annotated[MembershipPatch, Body(media_type=MERGE_PATCH)],
    response: Response,
    work: PersonalWriting,
    if_match: IfMatch = None,
) -> MembershipOut:
    """Change the given fields of a membership (RFC 7396)."""
    patch = body.model_dump(exclude_unset=True)
    row = await keeping.change(MEMBERSHIPS_KEPT, work, membership_id, patch, if_match)
    tagged(response, row["version"])
    return _show(row)


@router.put(
    "/by-source/{source}/{source_id}",
    responses={
        201: {"model": MembershipOut, "description": "Created"},
        **problems(*_CHANGE, *_REFERS, SourceTaken),
    },
)
async def put_membership_by_source(
    source: SourceName,
    source_id: SourceId,
    body: MembershipIn,
    response: Response,
    work: PersonalWriting,
    if_match: IfMatch = None,
) -> MembershipOut:
    """Create the membership of a source, or replace it whole (then If-Match is needed)."""
    row, is_new = await keeping.put_by_source(
        MEMBERSHIPS_KEPT, work, (source, source_id), body.model_dump(), if_match
    )
    tagged(response, row["version"])
    if is_new:
        response.status_code = 201
        response.headers["Location"] = f"/registry/v1/memberships/{row['id']}"
    return _show(row)


@router.delete("/{membership_id}", status_code=204, responses=problems(*_CHANGE))
async def end_membership(
    membership_id: Id, work: PersonalWriting, if_match: IfMatch = None
) -> None:
    """Withdraw an entry made in error; one that is over is given its valid_to instead."""
    await keeping.end(MEMBERSHIPS_KEPT, work, membership_id, if_match)
