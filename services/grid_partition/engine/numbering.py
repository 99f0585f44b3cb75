"""Order of the grids inside a community: rows from north to south, in a row from west to east."""

from __future__ import annotations

import math

import numpy as np

from services.grid_partition.engine.arrays import FloatArray, IntArray

__all__ = ["reading_order"]


def reading_order(centres: FloatArray) -> IntArray:
    """Indices of the centres (x, y; shape (n, 2)) in reading order.

    The extent is cut into about sqrt(n * height / width) rows of equal height, so that a row is
    about as high as a grid.
    """
    if not len(centres):
        return np.zeros(0, dtype=np.int64)
    low, high = centres.min(axis=0), centres.max(axis=0)
    width, height = (float(value) for value in np.maximum(high - low, 1e-9))
    rows = max(1, min(len(centres), round(math.sqrt(len(centres) * height / width))))
    row = np.minimum(((high[1] - centres[:, 1]) * rows / height).astype(np.int64), rows - 1)
    return np.lexsort((-centres[:, 1], centres[:, 0], row)).astype(np.int64)
