"""Grids: told by whoever draws them, so that the registry can count by them."""

from __future__ import annotations

from fastapi import Response

from kit import errors
from kit.app import api_router
from kit.web.deps import IfMatch, IfNoneMatch
from kit.web.problems import problems
from services.registry.api.schemas.fields import CommunityCode
from services.registry.api.schemas.grids import GridLayoutIn, GridLayoutOut
from services.registry.api.working import NOT_MODIFIED, Publishing, Reading, tagged, unchanged
from services.registry.domain.grids import GridElsewhere, GridLayoutNotFound, SharesOverlap
from services.registry.domain.problems import DivisionNotFound
from services.registry.operations import grids as operations

router = api_router("/registry/v1/communities/{code}/grids", "grids")


@router.get(
    "",
    response_model=GridLayoutOut,
    responses=problems(DivisionNotFound, GridLayoutNotFound) | NOT_MODIFIED,
)
async def get_community_grids(
    code: CommunityCode, response: Response, work: Reading, if_none_match: IfNoneMatch = None
) -> Response | GridLayoutOut:
    """Answer which grid holds which building of a community, as it was told last."""
    found = await operations.read(work, code)
    tagged(response, found["version"])
    return unchanged(if_none_match, found["version"]) or GridLayoutOut.model_validate(found)


@router.put(
    "",
    responses={
        201: {"model": GridLayoutOut, "description": "Created"},
        **problems(
            DivisionNotFound,
            GridElsewhere,
            SharesOverlap,
            errors.PreconditionFailed,
            errors.PreconditionRequired,
        ),
    },
)
async def put_community_grids(
    code: CommunityCode,
    body: GridLayoutIn,
    response: Response,
    work: Publishing,
    if_match: IfMatch = None,
) -> GridLayoutOut:
    """Tell which grids of a community are in force, in the place of what was told before.

    The grid partition does so when a plan comes into force; `counts?by=grid` follows.
    """
    shares = [share.model_dump() for share in body.shares]
    row, is_new = await operations.put(work, code, body.plan, shares, if_match)
    tagged(response, row["version"])
    if is_new:
        response.status_code = 201
        response.headers["Location"] = f"/registry/v1/communities/{code}/grids"
    return GridLayoutOut.model_validate(row)
