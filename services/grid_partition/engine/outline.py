"""Dissolves cells into grids: the rings along which labels differ."""

from __future__ import annotations

import numpy as np
import shapely

from services.grid_partition.engine.arrays import GeometryArray, IntArray
from services.grid_partition.engine.ground import Ground
from services.grid_partition.engine.kernels.near import inside_rings
from services.grid_partition.engine.kernels.walk import simple_rings, walk_loops
from services.grid_partition.engine.tessellation import Cells

__all__ = ["dissolved"]


def dissolved(cells: Cells, label: IntArray, ground: Ground) -> GeometryArray:
    """Polygons in metres of the labels 0..max, normalized; every label must have a cell.

    Neighbours share their nodes, so the polygons are a coverage.  O(s) for s border segments.
    """
    with_outside = np.append(label, -1)
    left, right = with_outside[cells.left], with_outside[cells.right]
    kept = left != right
    ends = np.stack([cells.first[kept], cells.second[kept]], axis=1)
    used, compact = np.unique(ends, return_inverse=True)
    nodes = np.ascontiguousarray(cells.nodes[used])
    first, second = np.ascontiguousarray(compact.reshape(-1, 2).T)
    walked, ends, _ = walk_loops(nodes, first, second)
    side, forward = walked >> 1, walked & 1 == 0
    chain = np.where(forward, first[side], second[side])
    owner = np.where(forward, left[kept][side], right[kept][side])[ends - 1]
    ring_nodes, ring_ends, loop = simple_rings(chain, ends, len(nodes))
    return _polygons(ground, nodes[ring_nodes], ring_ends, owner[loop], int(label.max()) + 1)


def _polygons(
    ground: Ground, points: IntArray, ends: IntArray, owner: IntArray, count: int
) -> GeometryArray:
    start = np.concatenate([[0], ends[:-1]])
    ring = np.repeat(np.arange(len(ends)), ends - start)
    corner = points - points[start][ring]
    following = np.concatenate([corner[1:], corner[:1]])
    following[ends - 1] = corner[start]
    area = np.add.reduceat(corner[:, 0] * following[:, 1] - corner[:, 1] * following[:, 0], start)
    shell = _shell_of(points, start, ends, owner, area)
    kept = np.flatnonzero(owner >= 0)
    # Shells before their holes, polygon by polygon, label by label.
    order = kept[np.lexsort((area[kept] < 0, shell[kept], owner[kept]))]
    size = (ends - start)[order]
    step = np.arange(int(size.sum())) - np.repeat(np.cumsum(size) - size, size)
    here = np.repeat(start[order], size) + step
    rings = shapely.linearrings(
        ground.to_metres(points[here]), indices=np.repeat(np.arange(len(order)), size)
    )
    is_shell = area[order] > 0
    polygons = shapely.polygons(rings, indices=np.cumsum(is_shell) - 1)
    label = owner[order][is_shell]
    grids: GeometryArray = np.empty(count, dtype=object)
    single = np.bincount(label, minlength=count) == 1
    alone = single[label]
    grids[label[alone]] = polygons[alone]
    if not single.all():
        grids[~single] = shapely.multipolygons(
            polygons[~alone], indices=np.unique(label[~alone], return_inverse=True)[1]
        )
    normal: GeometryArray = shapely.normalize(grids)
    return normal


def _shell_of(
    points: IntArray, start: IntArray, ends: IntArray, owner: IntArray, area: IntArray
) -> IntArray:
    """Number of the shell of each ring: itself, or the smallest of its label that holds it."""
    shell = np.arange(len(ends), dtype=np.int64)
    last = np.zeros(len(points) + len(ends), dtype=np.int64)
    closed = np.insert(points, ends, points[start], axis=0)
    last[ends + np.arange(len(ends))] = 1
    offset = np.concatenate([[0], ends + np.arange(1, len(ends) + 1)]).astype(np.int64)
    for hole in np.flatnonzero((area < 0) & (owner >= 0)):
        around = np.flatnonzero((owner == owner[hole]) & (area > 0))
        if len(around) > 1:
            ring = closed[offset[hole] : offset[hole + 1]]
            side = ring[1:] - ring[:-1]
            long = int(np.argmax((side.astype(np.float64) ** 2).sum(axis=1)))
            spot = np.tile((ring[long] + ring[long + 1]) // 2, (len(around), 1))
            held = inside_rings(spot, around, np.ascontiguousarray(closed), offset, last)
            around = around[held] if held.any() else around
        shell[hole] = around[int(np.argmin(area[around]))]
    return shell
