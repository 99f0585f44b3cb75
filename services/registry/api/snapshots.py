"""Snapshots: the numbers that a partition needs, and nothing personal."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request, Response
from starlette.responses import StreamingResponse

from kit.app import api_router
from kit.conditional import etag
from kit.web.deps import IfNoneMatch, Reader
from kit.web.listing import NDJSON
from kit.web.problems import problems
from services.registry.api.schemas.fields import CommunityCode
from services.registry.api.schemas.snapshots import SnapshotOut, SnapshotQuery, SnapshotsQuery
from services.registry.api.working import NOT_MODIFIED, Reading, Viewer, unchanged
from services.registry.domain.problems import DivisionNotFound
from services.registry.operations import snapshots as operations
from services.registry.storage.buildings import Basis

router = api_router("/registry/v1", "snapshots")


@router.get(
    "/communities/{code}/snapshot",
    response_model=SnapshotOut,
    responses=problems(DivisionNotFound) | NOT_MODIFIED,
)
async def get_community_snapshot(
    code: CommunityCode,
    work: Reading,
    query: Annotated[SnapshotQuery, Query()],
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Answer a community's boundary, estates and buildings with their household counts.

    The ETag is the snapshot's `version`: a caller that holds it gets 304 and no body.
    """
    version, body = await operations.read(
        work, code, Basis(query.count_basis, work.rules.kinds.homes)
    )
    held = unchanged(if_none_match, version)
    return held or Response(body, headers={"ETag": etag(version)}, media_type="application/json")


@router.get(
    "/snapshots",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "One snapshot a line, in code order",
            "content": {NDJSON: {"schema": {"type": "string"}}},
        }
    },
)
async def stream_community_snapshots(
    request: Request, database: Reader, query: Annotated[SnapshotsQuery, Query()], caller: Viewer
) -> StreamingResponse:
    """Stream the snapshots of all communities of an area, by default the governed ones only."""
    lines = await operations.stream(
        database,
        caller.areas,
        query.area,
        Basis(query.count_basis, request.app.state.rules.kinds.homes),
        governed_only=query.governed == "only",
    )
    return StreamingResponse(lines, media_type=NDJSON)
