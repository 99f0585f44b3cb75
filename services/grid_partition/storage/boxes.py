"""Bounding boxes in degrees, on tables with `west south east north` columns."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import ColumnElement, Table, and_, or_


class Box(NamedTuple):
    """Bounds in degrees; west > east crosses the antimeridian."""

    west: float
    south: float
    east: float
    north: float


def meets(table: Table, box: Box) -> ColumnElement[bool]:
    """Return the condition that a row's box meets the given one, borders included."""
    reaches_west, reaches_east = table.c.west <= box.east, table.c.east >= box.west
    crosses = box.west > box.east
    return and_(
        or_(reaches_west, reaches_east) if crosses else and_(reaches_west, reaches_east),
        table.c.south <= box.north,
        table.c.north >= box.south,
    )
