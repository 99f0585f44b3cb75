"""Service points (阵地): where residents and riders are served, the nearest first."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Body, Query, Request, Response

from kit import errors
from kit.app import api_router
from kit.coordinates import to_cgcs2000
from kit.pagination import Page
from kit.web.deps import Idempotent, IfMatch, IfNoneMatch, Reader
from kit.web.exports import chinese_titles
from kit.web.listing import Listing, list_responses, respond_list
from kit.web.problems import problems
from kit.web.schemas import Crs, Id, SourceName
from services.registry.api.schemas.fields import SourceId
from services.registry.api.schemas.service_points import (
    ServicePointIn,
    ServicePointOut,
    ServicePointPatch,
    ServicePointQuery,
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
from services.registry.domain.organization_problems import (
    KindUnknown,
    OpeningHoursInvalid,
    OrganizationNotFound,
    ServicePointNotFound,
)
from services.registry.domain.problems import (
    CommunityNotLocated,
    DivisionNotFound,
    ReferenceAmbiguous,
    SourceTaken,
)
from services.registry.operations import keeping
from services.registry.operations.imports.service_points import SERVICE_POINT_HEADERS
from services.registry.operations.service_points import SERVICE_POINTS_KEPT
from services.registry.storage import service_points as storage
from services.registry.storage.service_points import Near

router = api_router("/registry/v1/service-points", "service-points")
_TITLES = chinese_titles(SERVICE_POINT_HEADERS)

_REFERS = (
    DivisionNotFound,
    CommunityNotLocated,
    OrganizationNotFound,
    ReferenceAmbiguous,
    KindUnknown,
    OpeningHoursInvalid,
)
_CHANGE = (ServicePointNotFound, errors.PreconditionFailed, errors.PreconditionRequired)


def _show(row: Any, crs: Crs = "CGCS2000") -> ServicePointOut:
    distance_mm = row.get("distance_mm")
    distance_m = None if distance_mm is None else distance_mm / 1000
    shown = {"geometry": placed(row["geometry"], crs), "distance_m": distance_m}
    return ServicePointOut.model_validate(dict(row) | shown)


def _near(query: ServicePointQuery) -> Near | None:
    if query.near is None:
        return None
    lon, lat = (float(part) for part in query.near.split(","))
    return Near(*to_cgcs2000(lon, lat, query.crs), query.within_m)


@router.post("", status_code=201, dependencies=[Idempotent], responses=problems(*_REFERS))
async def create_service_point(
    body: ServicePointIn, response: Response, work: Writing
) -> ServicePointOut:
    """Add a service point; one that a system of record owns goes through by-source instead."""
    row = await keeping.create(SERVICE_POINTS_KEPT, work, body.model_dump())
    tagged(response, row["version"])
    response.headers["Location"] = f"/registry/v1/service-points/{row['id']}"
    return _show(row)


@router.get(
    "",
    response_model=Page[ServicePointOut],
    responses=list_responses(ServicePointOut, geometry=True),
)
async def list_service_points(
    request: Request,
    database: Reader,
    query: Annotated[ServicePointQuery, Query()],
    caller: Viewer,
) -> Response:
    """List service points, with `near` by distance; also as GeoJSON, CSV and NDJSON."""
    narrowed = place_filter(query)
    columns = list(ServicePointOut.model_fields)
    statement, key = storage.listing(
        caller.areas,
        narrowed,
        kind=query.kind,
        service=query.service,
        organization_id=query.organization_id,
        near=_near(query),
    )
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
    "/{service_point_id}",
    response_model=ServicePointOut,
    responses=problems(ServicePointNotFound) | NOT_MODIFIED,
)
async def get_service_point(
    service_point_id: Id,
    response: Response,
    work: Reading,
    crs: Annotated[Crs, Query(description="Reference of the answered coordinates")] = "CGCS2000",
    if_none_match: IfNoneMatch = None,
) -> Response | ServicePointOut:
    """Answer a service point; 304 when If-None-Match names its version."""
    row = await keeping.read(SERVICE_POINTS_KEPT, work, service_point_id)
    tagged(response, row["version"])
    return unchanged(if_none_match, row["version"]) or _show(row, crs)


@router.patch("/{service_point_id}", responses=problems(*_CHANGE, *_REFERS))
async def change_service_point(
    service_point_id: Id,
    body: Annotated[ServicePointPatch, Body(media_type=MERGE_PATCH)],
    response: Response,
    work: Writing,
    if_match: IfMatch = None,
) -> ServicePointOut:
    """Change the given fields of a service point (RFC 7396)."""
    patch = body.model_dump(exclude_unset=True)
    row = await keeping.change(SERVICE_POINTS_KEPT, work, service_point_id, patch, if_match)
    tagged(response, row["version"])
    return _show(row)


@router.put(
    "/by-source/{source}/{source_id}",
    responses={
        201: {"model": ServicePointOut, "description": "Created"},
        **problems(*_CHANGE, *_REFERS, SourceTaken),
    },
)
async def put_service_point_by_source(
    source: SourceName,
    source_id: SourceId,
    body: ServicePointIn,
    response: Response,
    work: Writing,
    if_match: IfMatch = None,
) -> ServicePointOut:
    """Create the service point of a source, or replace it whole (then If-Match is needed)."""
    row, is_new = await keeping.put_by_source(
        SERVICE_POINTS_KEPT, work, (source, source_id), body.model_dump(), if_match
    )
    tagged(response, row["version"])
    if is_new:
        response.status_code = 201
        response.headers["Location"] = f"/registry/v1/service-points/{row['id']}"
    return _show(row)


@router.delete("/{service_point_id}", status_code=204, responses=problems(*_CHANGE))
async def end_service_point(service_point_id: Id, work: Writing, if_match: IfMatch = None) -> None:
    """End a service point: it leaves the lists; its source id stays known."""
    await keeping.end(SERVICE_POINTS_KEPT, work, service_point_id, if_match)
