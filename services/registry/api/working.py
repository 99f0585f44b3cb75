"""Dependencies of the registry's routes, and how stored places are shown."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import Depends, Request, Response

from kit.auth import Principal
from kit.boxes import read_bbox
from kit.clock import Clock, local_date
from kit.conditional import etag, is_not_modified
from kit.coordinates import geometry_from_cgcs2000
from kit.db import Tx
from kit.web.deps import Now, UnitOfWork, needs
from kit.web.schemas import Crs
from services.registry.api.schemas.fields import SyncQuery
from services.registry.operations.work import Work
from services.registry.storage.places import PlaceFilter

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {
    304: {"description": "The caller already holds this version"}
}
MERGE_PATCH = "application/merge-patch+json"


def _work(request: Request, tx: Tx, clock: Clock, caller: Principal) -> Work:
    settings = request.app.state.settings
    at = clock.now()
    return Work(tx, caller, at, local_date(at, settings.time_zone), request.app.state.rules)


def _reading(
    request: Request,
    tx: UnitOfWork,
    clock: Now,
    caller: Annotated[Principal, needs("registry:read")],
) -> Work:
    return _work(request, tx, clock, caller)


def _writing(
    request: Request,
    tx: UnitOfWork,
    clock: Now,
    caller: Annotated[Principal, needs("registry:write")],
) -> Work:
    return _work(request, tx, clock, caller)


def _publishing(
    request: Request,
    tx: UnitOfWork,
    clock: Now,
    caller: Annotated[Principal, needs("partition:publish")],
) -> Work:
    return _work(request, tx, clock, caller)


Reading = Annotated[Work, Depends(_reading)]
"""A request that only looks; needs the scope registry:read."""

Writing = Annotated[Work, Depends(_writing)]
"""A request that changes; needs the scope registry:write."""

Publishing = Annotated[Work, Depends(_publishing)]
"""A request of whoever puts grids into force; needs the scope partition:publish."""

Viewer = Annotated[Principal, needs("registry:read")]
"""The caller of a list or stream, which opens its own read."""


def place_filter(query: SyncQuery) -> PlaceFilter:
    """Return what a list of a noun is narrowed to by the filters that all nouns share."""
    return PlaceFilter(
        area=query.area,
        community_code=getattr(query, "community_code", None),
        bbox=read_bbox(getattr(query, "bbox", None)),
        updated_since=query.updated_since,
        include_ended=query.include_ended,
        source=query.source,
    )


def tagged(response: Response, version: int | str) -> None:
    """Set the ETag of a resource's version."""
    response.headers["ETag"] = etag(version)


def unchanged(if_none_match: str | None, version: int | str) -> Response | None:
    """Return the 304 answer when the caller already holds the version."""
    tag = etag(version)
    if is_not_modified(if_none_match, tag):
        return Response(status_code=304, headers={"ETag": tag})
    return None


def placed(text: str | None, crs: Crs) -> dict[str, Any] | None:
    """Return a stored geometry as GeoJSON in the reference asked for."""
    if text is None:
        return None
    geometry: dict[str, Any] = orjson.loads(text)
    if crs in {"CGCS2000", "WGS84"}:
        return geometry
    return geometry_from_cgcs2000(geometry, crs)
