"""Keeps sites apart: coincident buildings would have no cell of their own."""

from __future__ import annotations

import math

import numpy as np
import shapely

from services.grid_partition.engine.arrays import IntArray
from services.grid_partition.engine.frame import LATTICE_PER_M
from services.grid_partition.engine.ground import Ground
from services.grid_partition.engine.kernels.snap import weld

__all__ = ["spread_apart"]

#: Wanted distance between two sites; the smaller ones are tried where a block is too crowded.
_SPACINGS_M = (0.6, 0.06, 0.006)
_TURNS = 400
_GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))


def spread_apart(xy: IntArray, block: IntArray, ground: Ground) -> IntArray:
    """Move sites that stand closer than 0.6 m to another onto a spiral around their place.

    The first of a crowd in canonical order stays.  A site that finds no free place in its block
    even at 6 mm stays too, and will share its neighbour's cell.
    """
    spacing = round(_SPACINGS_M[0] * LATTICE_PER_M)
    if not _crowded(xy, spacing):
        return xy
    points = shapely.points(xy.astype(np.float64))
    first, second = shapely.STRtree(points).query(points, predicate="dwithin", distance=spacing - 1)
    crowded = np.unique(second[first < second])
    if not len(crowded):
        return xy
    xy = xy.copy()
    taken = _Taken(np.delete(xy, crowded, axis=0), spacing)
    for site in crowded.tolist():
        xy[site] = _free_place(xy[site], taken, ground, int(block[site]))
        taken.add(int(xy[site, 0]), int(xy[site, 1]))
    return xy


def _crowded(xy: IntArray, spacing: int) -> bool:
    """Whether any two sites are closer than the spacing."""
    square = xy // spacing
    square -= square.min(axis=0, initial=0) - 1
    stride = int(square[:, 1].max(initial=0)) + 3
    key = square[:, 0] * stride + square[:, 1]
    into = weld(xy, key, np.argsort(key, kind="stable"), stride, spacing - 1)
    return bool((into != np.arange(len(xy))).any())


class _Taken:
    """Squares of one spacing with the sites in them: distance checks against nine squares."""

    def __init__(self, xy: IntArray, size: int) -> None:
        self._size = size
        self._squares: dict[tuple[int, int], list[tuple[int, int]]] = {}
        for x, y in xy.tolist():
            self.add(x, y)

    def add(self, x: int, y: int) -> None:
        self._squares.setdefault((x // self._size, y // self._size), []).append((x, y))

    def clear_of(self, x: int, y: int, distance: int) -> bool:
        column, row = x // self._size, y // self._size
        return all(
            (x - other_x) ** 2 + (y - other_y) ** 2 >= distance**2
            for i in (column - 1, column, column + 1)
            for j in (row - 1, row, row + 1)
            for other_x, other_y in self._squares.get((i, j), ())
        )


def _free_place(start: IntArray, taken: _Taken, ground: Ground, block: int) -> tuple[int, int]:
    x, y = int(start[0]), int(start[1])
    clear = ground.clear_part(block)
    for spacing_m in _SPACINGS_M:
        distance = round(spacing_m * LATTICE_PER_M)
        for turn in range(_TURNS):
            radius = 1.05 * distance * math.sqrt(turn)
            spot = (
                round(x + radius * math.cos(turn * _GOLDEN_ANGLE)),
                round(y + radius * math.sin(turn * _GOLDEN_ANGLE)),
            )
            if taken.clear_of(*spot, distance) and shapely.intersects_xy(clear, *map(float, spot)):
                return spot
    return x, y
