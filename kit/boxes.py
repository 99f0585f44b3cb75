"""Bounding boxes in degrees: read from a query, and asked of tables that keep their bounds."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import ColumnElement, Table, and_, or_


class Box(NamedTuple):
    """Bounds in degrees; west > east crosses the antimeridian (RFC 7946 5.2)."""

    west: float
    south: float
    east: float
    north: float


def read_bbox(bbox: str | None) -> Box | None:
    """Return the box of a `bbox` parameter; its two latitudes may stand in either order.

    The text has the form of `kit.web.schemas.Bbox`.
    """
    if bbox is None:
        return None
    west, south, east, north = (float(part) for part in bbox.split(","))
    return Box(west, min(south, north), east, max(south, north))


def meets(table: Table, box: Box) -> ColumnElement[bool]:
    """Return the condition that a row's bounds meet a box, borders included.

    The table has columns `west south east north`; a row without bounds meets nothing.
    """
    reaches_west, reaches_east = table.c.west <= box.east, table.c.east >= box.west
    crosses = box.west > box.east
    return and_(
        or_(reaches_west, reaches_east) if crosses else and_(reaches_west, reaches_east),
        table.c.south <= box.north,
        table.c.north >= box.south,
    )
