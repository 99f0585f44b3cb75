"""Locate: which grid holds a point; from memory, so that every incident may ask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
import orjson
from fastapi import Query, Request, Response
from pydantic import ValidationError

from kit.app import api_router
from kit.coordinates import to_cgcs2000
from kit.errors import Invalid, Malformed, UnsupportedMedia
from kit.web.problems import as_field_error
from kit.web.schemas import Crs
from services.grid_partition.api.schemas.fields import moment
from services.grid_partition.api.schemas.grids import (
    POINTS_MAX,
    LocateBatchQuery,
    LocatedBatchOut,
    LocatedOut,
    LocateIn,
    LocateQuery,
    PointIn,
    show_located,
)
from services.grid_partition.api.working import Map, Viewer, Zone
from services.grid_partition.operations.locate import locate

router = api_router("/partition/v1/locate", "locate")

_Lon = Annotated[float, msgspec.Meta(ge=-180, le=180)]
_Lat = Annotated[float, msgspec.Meta(ge=-90, le=90)]


class _Point(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    lon: _Lon
    lat: _Lat
    id: Annotated[str, msgspec.Meta(max_length=64)] | None = None


class _Batch(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    points: Annotated[list[_Point], msgspec.Meta(min_length=1, max_length=POINTS_MAX)]
    crs: Crs = "CGCS2000"


_DECODER = msgspec.json.Decoder(_Batch)


def _body_schema() -> dict[str, Any]:
    schema = LocateIn.model_json_schema()
    point = schema.pop("$defs")["PointIn"]
    schema["properties"]["points"]["items"] = point
    return {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        }
    }


def _read(raw: bytes) -> _Batch | LocateIn:
    # The quick reader first; whatever it does not like is told by the reader that names fields.
    try:
        return _DECODER.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _read_slowly(raw)


def _read_slowly(raw: bytes) -> LocateIn:
    try:
        return LocateIn.model_validate_json(raw)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        if any(entry["type"] == "json_invalid" for entry in found):
            raise Malformed from None
        raise Invalid(errors=[as_field_error(entry) for entry in found[:50]]) from None


@router.get("", response_model=LocatedOut)
async def locate_point(
    query: Annotated[LocateQuery, Query()], grid_map: Map, zone: Zone, caller: Viewer
) -> dict[str, Any]:
    """Answer the grid that holds a point, or the nearest one and its distance."""
    lon, lat = to_cgcs2000(query.lon, query.lat, query.crs)
    (found,) = await locate(
        grid_map, [lon], [lat], areas=caller.areas, as_of=moment(query.as_of, zone)
    )
    return show_located(found)


@router.post("", response_model=LocatedBatchOut, openapi_extra=_body_schema())
async def locate_points(
    request: Request,
    query: Annotated[LocateBatchQuery, Query()],
    grid_map: Map,
    zone: Zone,
    caller: Viewer,
) -> Response:
    """Answer up to 10,000 points at once, in their order."""
    media = request.headers.get("content-type", "application/json").split(";")[0].strip().lower()
    if media != "application/json":
        raise UnsupportedMedia(accepted="application/json")
    batch = _read(await request.body())
    points: Sequence[_Point | PointIn] = batch.points
    places = [to_cgcs2000(point.lon, point.lat, batch.crs) for point in points]
    found = await locate(
        grid_map,
        [place[0] for place in places],
        [place[1] for place in places],
        areas=caller.areas,
        as_of=moment(query.as_of, zone),
    )
    items = [
        {**show_located(answer), "id": point.id}
        for point, answer in zip(points, found, strict=True)
    ]
    return Response(orjson.dumps({"items": items}), media_type="application/json")
