"""Fewer points for screens: borders inside one community are simplified, its outline is not.

The outline belongs to two communities, and each is simplified alone: kept as it is, it still fits
the neighbour whatever tolerance the neighbour is shown with, and a reader who sees one community
only gets the same shapes as one who sees the district.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Polygon

from services.grid_partition.engine.arrays import GeometryArray, IntArray

__all__ = ["simplify_coverage"]

_TRIES = 4


def simplify_coverage(
    polygons: Sequence[Polygon | MultiPolygon] | GeometryArray, tolerance_m: float
) -> GeometryArray:
    """Simplify polygons that tile one community, all at once, so that they still tile it.

    Visvalingam and Whyatt's method on shared borders: the smallest triangles go first, up to an
    area of `tolerance_m` squared.  Points are left out, never moved; where grids meet they stay.
    Every polygon stays valid and keeps its pieces and holes: where a tolerance would break that,
    half of it is tried, and in the end the shapes are returned as they came, as are shapes that
    were no coverage to begin with.  Raises ValueError for a tolerance that is negative or not
    finite.
    """
    if not math.isfinite(tolerance_m) or tolerance_m < 0:
        raise ValueError(f"tolerance_m must be 0 or more, got {tolerance_m!r}")
    given = np.empty(len(polygons), dtype=object)
    given[:] = list(polygons)
    if not tolerance_m or not len(given) or not _is_sound(given):
        return given
    for halvings in range(_TRIES):
        found: GeometryArray = shapely.coverage_simplify(
            given, tolerance_m / 2**halvings, simplify_boundary=False
        )
        if _is_sound(found) and np.array_equal(_rings(found), _rings(given)):
            return found
    return given


def _is_sound(polygons: GeometryArray) -> bool:
    return bool(shapely.is_valid(polygons).all() and shapely.coverage_is_valid(polygons))


def _rings(polygons: GeometryArray) -> IntArray:
    """Rings of each polygon: holes and pieces together; 0 for an empty one."""
    parts, owner = shapely.get_parts(polygons, return_index=True)
    rings = 1 + shapely.get_num_interior_rings(parts)
    counts: IntArray = np.bincount(owner, rings, len(polygons)).astype(np.int64)
    return counts
