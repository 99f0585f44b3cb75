"""Geometry that comes in: reference converted, order, validity and place checked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from kit.areas import EVERYWHERE, covers
from kit.coordinates import Bbox, check_not_swapped, geometry_to_cgcs2000
from kit.db import Tx
from kit.errors import FieldError
from kit.web.schemas import Crs
from services.registry.domain import geometry
from services.registry.domain.divisions import is_community
from services.registry.domain.geometry import Outline, Shape
from services.registry.domain.problems import CommunityNotLocated, DivisionNotFound
from services.registry.operations.work import Work
from services.registry.storage import buildings, divisions

_MILLIMETRE_DIGITS = 8
EXTENT = ("west", "south", "east", "north")
NO_EXTENT: dict[str, None] = dict.fromkeys(EXTENT)


def checked(given: Mapping[str, Any], crs: Crs, around: Bbox | None) -> tuple[str, Shape]:
    """Return the stored text (CGCS2000) and the shape of a geometry, or refuse it.

    `around` is the extent that the place is expected in: far outside it, but inside when
    longitude and latitude change places, is PositionSwapped.  Raises GeometryInvalid and
    PositionOutOfRange too.
    """
    stored = dict(given)
    if crs not in {"CGCS2000", "WGS84"}:
        converted = geometry_to_cgcs2000(given, crs)
        stored["coordinates"] = _rounded(converted["coordinates"])
    text = orjson.dumps({"type": stored["type"], "coordinates": stored["coordinates"]}).decode()
    if around is not None:
        lon, lat = _first_position(stored["coordinates"])
        check_not_swapped(lon, lat, around)
    return text, geometry.check(text)


def _rounded(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_rounded(part) for part in value]
    return round(value, _MILLIMETRE_DIGITS)


def _first_position(value: Any) -> tuple[float, float]:
    while isinstance(value[0], list | tuple):
        value = value[0]
    return value[0], value[1]


def extent_of(shape: Shape) -> dict[str, float]:
    """Return the four extent columns of a shape."""
    return {name: getattr(shape, name) for name in EXTENT}


async def expected_extent(work: Work, code: str | None) -> Bbox | None:
    """Return the box that a place of a division is expected in: its district's known extent."""
    if code is not None:
        return await divisions.extent(work.tx, code[:6])
    prefixes = ["" if area == EVERYWHERE else area[:6] for area in work.areas]
    boxes = [await divisions.extent(work.tx, prefix) for prefix in prefixes]
    return next((box for box in boxes if box is not None), None)


async def community_of(work: Work, code: str | None, shape: Shape | None) -> str:
    """Return the code of an active community in the caller's areas, located when none is given.

    Raises DivisionNotFound or CommunityNotLocated, both alike for absent and for foreign ones.
    """
    if code is not None:
        if not (
            covers(work.areas, code)
            and is_community(code)
            and await divisions.is_active(work.tx, code)
        ):
            raise DivisionNotFound(errors=[unknown("/community_code", DivisionNotFound)])
        return code
    if shape is not None:
        for found, boundary in await divisions.community_at(
            work.tx, shape.lon, shape.lat, work.areas
        ):
            if Outline(boundary).distance_m(shape.lon, shape.lat) == 0:
                return found
    raise CommunityNotLocated(errors=[unknown("/community_code", CommunityNotLocated)])


async def division_of(work: Work, code: str) -> str:
    """Return the code of an active division in the caller's areas; DivisionNotFound otherwise."""
    if not (covers(work.areas, code) and await divisions.is_active(work.tx, code)):
        raise DivisionNotFound(errors=[unknown("/division_code", DivisionNotFound)])
    return code


def unknown(pointer: str, problem: type[DivisionNotFound] | type[Any]) -> FieldError:
    """Return the field error that points at a reference to something absent."""
    return FieldError(code=problem.code, text=problem.detail, pointer=pointer)


async def judge_again(tx: Tx, code: str, boundary: str | None, *, at: datetime) -> None:
    """Note anew which buildings lie outside a community whose boundary has changed.

    Stored buildings are never refused for it: the distance beside them tells.
    """
    outline = Outline(boundary) if boundary is not None else None
    for building_id, lon, lat, noted in await buildings.points(tx, code):
        distance_m = outline.distance_m(lon, lat) if outline else 0.0
        outside_m = round(distance_m, 1) if distance_m > 0 else None
        if outside_m != noted:
            await buildings.note_outside(tx, building_id, outside_m, at=at)
