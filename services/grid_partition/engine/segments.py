"""Ring segments of polygons on an integer lattice: who shares which border.

In a coverage whose borders are matched node by node, two polygons touch along a line exactly when
they hold the same undirected segment; sorting the segments finds every border in O(s log s).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from services.grid_partition.engine.arrays import FloatArray, GeometryArray, IntArray

__all__ = ["Borders", "canonical_order", "shared_borders"]


@dataclass(frozen=True, eq=False)
class Borders:
    """Matched segments, parallel arrays, in lattice units.

    `low` < `high` are the owners of the segment from (`x0`, `y0`) to (`x1`, `y1`).
    """

    low: IntArray
    high: IntArray
    length: FloatArray
    midpoint: FloatArray


def shared_borders(polygons: GeometryArray, owner: IntArray) -> Borders:
    """Match the segments of `polygons`; `owner[i]` is the label of polygon i.

    Segments between polygons of one owner are left out.  Coordinates must be whole numbers and
    span less than 3e9 units.
    """
    start, end, of_polygon = _directed_segments(polygons)
    holder = owner[of_polygon]
    low_key, high_key = _segment_keys(start, end)
    order = np.lexsort((holder, high_key, low_key))
    low_key, high_key, holder = low_key[order], high_key[order], holder[order]
    same = (low_key[1:] == low_key[:-1]) & (high_key[1:] == high_key[:-1])
    length = np.hypot(*(end - start).T)[order]
    first = np.flatnonzero(same)
    between = first[holder[first] != holder[first + 1]]
    middle = (start[order[between]] + end[order[between]]) / 2
    return Borders(
        low=holder[between],
        high=holder[between + 1],
        length=length[between],
        midpoint=middle,
    )


def canonical_order(polygons: GeometryArray) -> IntArray:
    """Order that depends only on the shapes: by lower left corner, then upper right, then area.

    Polygons of a coverage never tie.
    """
    bounds = shapely.bounds(polygons)
    keys = (shapely.area(polygons), bounds[:, 3], bounds[:, 2], bounds[:, 1], bounds[:, 0])
    return np.lexsort(keys).astype(np.int64)


def _directed_segments(
    polygons: GeometryArray,
) -> tuple[FloatArray, FloatArray, IntArray]:
    rings, of_ring = shapely.get_rings(polygons, return_index=True)
    points, of_point = shapely.get_coordinates(rings, return_index=True)
    inside = of_point[1:] == of_point[:-1]
    first = np.flatnonzero(inside)
    return points[first], points[first + 1], of_ring[of_point[first]].astype(np.int64)


def _segment_keys(start: FloatArray, end: FloatArray) -> tuple[IntArray, IntArray]:
    origin = np.minimum(start.min(axis=0), end.min(axis=0))
    height = int(max(start[:, 1].max(), end[:, 1].max()) - origin[1]) + 1
    from_key = (start[:, 0] - origin[0]).astype(np.int64) * height
    from_key += (start[:, 1] - origin[1]).astype(np.int64)
    to_key = (end[:, 0] - origin[0]).astype(np.int64) * height
    to_key += (end[:, 1] - origin[1]).astype(np.int64)
    return np.minimum(from_key, to_key), np.maximum(from_key, to_key)
