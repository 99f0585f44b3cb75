"""Sorts points into squares, block by block, for quick looks at neighbours."""

from __future__ import annotations

import numpy as np

from services.grid_partition.engine.arrays import IntArray
from services.grid_partition.engine.kernels.near import SiteIndex

__all__ = ["pairs_in_boxes", "site_index"]


def site_index(xy: IntArray, owner: IntArray, block: IntArray, blocks: int) -> SiteIndex:
    """Index of the points `xy` by block; about one point a square, however they lie."""
    order = np.argsort(block, kind="stable")
    xy, owner, block = xy[order], owner[order], block[order]
    count = np.bincount(block, minlength=blocks)
    low = np.zeros((blocks, 2), dtype=np.int64)
    extent = np.ones((blocks, 2), dtype=np.int64)
    held = np.flatnonzero(count)
    if len(held):
        first = np.searchsorted(block, held)
        low[held] = np.minimum.reduceat(xy, first)
        extent[held] = np.maximum.reduceat(xy, first) - low[held] + 1
    number = np.maximum(count, 1).astype(np.float64)
    side = np.sqrt(extent[:, 0].astype(np.float64) * extent[:, 1] / number)
    size = np.ceil(np.maximum(side, extent.max(axis=1) / number)).astype(np.int64)
    shape = (extent - 1) // size[:, None] + 1
    squares = shape[:, 0] * shape[:, 1]
    offset = np.concatenate([[0], np.cumsum(squares)]).astype(np.int64)
    place = (xy - low[block]) // size[block, None]
    square = offset[block] + place[:, 0] * shape[block, 1] + place[:, 1]
    walk = np.argsort(square, kind="stable")
    start = np.zeros(int(offset[-1]) + 1, dtype=np.int64)
    np.cumsum(np.bincount(square, minlength=int(offset[-1])), out=start[1:])
    return SiteIndex(
        np.ascontiguousarray(xy[walk]), owner[walk], start, low, size, shape, offset[:-1].copy()
    )


def pairs_in_boxes(points: IntArray, boxes: IntArray) -> tuple[IntArray, IntArray]:
    """Pairs (point, box) with the point inside the box; sorted by box, then x."""
    order = np.argsort(points[:, 0], kind="stable")
    x = points[order, 0]
    begin = np.searchsorted(x, boxes[:, 0], side="left")
    count = np.searchsorted(x, boxes[:, 2], side="right") - begin
    box = np.repeat(np.arange(len(boxes)), count)
    step = np.arange(len(box)) - np.repeat(np.cumsum(count) - count, count)
    point = order[np.repeat(begin, count) + step]
    y = points[point, 1]
    kept = (y >= boxes[box, 1]) & (y <= boxes[box, 3])
    return point[kept], box[kept]
