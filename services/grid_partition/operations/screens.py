"""Grids for screens: the shapes of a list with fewer points, still without gap or overlap."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

import shapely

from kit.db import Tx
from services.grid_partition.domain.projection import Plane
from services.grid_partition.domain.snapshots import read_shapes
from services.grid_partition.engine import simplify_coverage

Rows = Sequence[Mapping[Any, Any]]
_Coverages = Sequence[tuple[UUID, str, int, str, str]]
Source = Callable[[Tx, Collection[tuple[UUID, str]]], Awaitable[_Coverages]]
"""Reads all grids of communities, as the plan drew them or as they are in force."""


async def simplified(tx: Tx, rows: Rows, tolerance_m: float, source: Source) -> Rows:
    """Return rows of grids (of plans or of the register) with simplified geometries.

    A grid is drawn with all grids of its community, listed or not, so its shape does not depend
    on page, filter or caller.
    """
    wanted = {(_plan(row), row["community_code"]) for row in rows}
    drawn = await source(tx, wanted) if wanted else []
    shapes = await asyncio.to_thread(_simplify, drawn, tolerance_m)
    return [dict(row) | {"geometry": shapes[_plan(row), row["code"]]} for row in rows]


def simplifier(tolerance_m: float | None, source: Source) -> Callable[[Tx, Rows], Any] | None:
    """Return `simplified` with its tolerance; None when full precision is wanted."""
    if tolerance_m is None:
        return None

    async def enrich(tx: Tx, rows: Rows) -> Rows:
        return await simplified(tx, rows, tolerance_m, source)

    return enrich


def _plan(row: Mapping[Any, Any]) -> UUID:
    plan_id: UUID = row["plan_id"]
    return plan_id


def _simplify(drawn: _Coverages, tolerance_m: float) -> dict[tuple[UUID, str], str]:
    shapes: dict[tuple[UUID, str], str] = {}
    for (plan_id, _, meridian), rows in groupby(drawn, key=lambda row: row[:3]):
        told = list(rows)
        plane = Plane(meridian)
        metric = plane.to_metres(read_shapes([geometry for *_, geometry in told]))
        found = plane.to_degrees(simplify_coverage(metric, tolerance_m))
        for (*_, code, _), text in zip(told, shapely.to_geojson(found), strict=True):
            shapes[plan_id, code] = text
    return shapes
