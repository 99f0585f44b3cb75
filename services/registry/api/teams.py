"""Teams (队伍): mobile grid members, food-safety sentinels, volunteers."""

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
    TeamIn,
    TeamOut,
    TeamPatch,
    TeamQuery,
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
    OrganizationNotFound,
    TeamInUse,
    TeamNotFound,
)
from services.registry.domain.problems import DivisionNotFound, ReferenceAmbiguous, SourceTaken
from services.registry.operations import keeping
from services.registry.operations.imports.teams import TEAM_HEADERS
from services.registry.operations.teams import TEAMS_KEPT
from services.registry.storage import teams as storage

router = api_router("/registry/v1/teams", "teams")
_TITLES = chinese_titles(TEAM_HEADERS)

_REFERS = (DivisionNotFound, OrganizationNotFound, ReferenceAmbiguous, KindUnknown)
_CHANGE = (TeamNotFound, errors.PreconditionFailed, errors.PreconditionRequired)


def _show(row: Any) -> TeamOut:
    return TeamOut.model_validate(dict(row))


@router.post("", status_code=201, dependencies=[Idempotent], responses=problems(*_REFERS))
async def create_team(body: TeamIn, response: Response, work: Writing) -> TeamOut:
    """Add a team; one that a system of record owns goes through by-source instead."""
    row = await keeping.create(TEAMS_KEPT, work, body.model_dump())
    tagged(response, row["version"])
    response.headers["Location"] = f"/registry/v1/teams/{row['id']}"
    return _show(row)


@router.get("", response_model=Page[TeamOut], responses=list_responses(TeamOut))
async def list_teams(
    request: Request, database: Reader, query: Annotated[TeamQuery, Query()], caller: Viewer
) -> Response:
    """List teams; also as CSV and NDJSON."""
    narrowed = place_filter(query)
    columns = list(TeamOut.model_fields)
    statement, key = storage.listing(
        caller.areas, narrowed, kind=query.kind, organization_id=query.organization_id
    )
    listing = Listing(
        statement, key, lambda row: _show(row).model_dump(mode="json"), columns, titles=_TITLES
    )
    return await respond_list(request, database, listing, query)


@router.get(
    "/{team_id}",
    response_model=TeamOut,
    responses=problems(TeamNotFound) | NOT_MODIFIED,
)
async def get_team(
    team_id: Id,
    response: Response,
    work: Reading,
    if_none_match: IfNoneMatch = None,
) -> Response | TeamOut:
    """Answer a team; 304 when If-None-Match names its version."""
    row = await keeping.read(TEAMS_KEPT, work, team_id)
    tagged(response, row["version"])
    return unchanged(if_none_match, row["version"]) or _show(row)


@router.patch("/{team_id}", responses=problems(*_CHANGE, *_REFERS))
async def change_team(
    team_id: Id,
    body: Annotated[TeamPatch, Body(media_type=MERGE_PATCH)],
    response: Response,
    work: Writing,
    if_match: IfMatch = None,
) -> TeamOut:
    """Change the given fields of a team (RFC 7396)."""
    patch = body.model_dump(exclude_unset=True)
    row = await keeping.change(TEAMS_KEPT, work, team_id, patch, if_match)
    tagged(response, row["version"])
    return _show(row)


@router.put(
    "/by-source/{source}/{source_id}",
    responses={
        201: {"model": TeamOut, "description": "Created"},
        **problems(*_CHANGE, *_REFERS, SourceTaken),
    },
)
async def put_team_by_source(
    source: SourceName,
    source_id: SourceId,
    body: TeamIn,
    response: Response,
    work: Writing,
    if_match: IfMatch = None,
) -> TeamOut:
    """Create the team of a source, or replace it whole (then If-Match is needed)."""
    row, is_new = await keeping.put_by_source(
        TEAMS_KEPT, work, (source, source_id), body.model_dump(), if_match
    )
    tagged(response, row["version"])
    if is_new:
        response.status_code = 201
        response.headers["Location"] = f"/registry/v1/teams/{row['id']}"
    return _show(row)


@router.delete("/{team_id}", status_code=204, responses=problems(*_CHANGE, TeamInUse))
async def end_team(team_id: Id, work: Writing, if_match: IfMatch = None) -> None:
    """End a team: it leaves the lists; its source id stays known."""
    await keeping.end(TEAMS_KEPT, work, team_id, if_match)
