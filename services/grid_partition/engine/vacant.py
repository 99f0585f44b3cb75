"""Where to put a building that nobody knows the place of: beside the others, not on them."""

from __future__ import annotations

import numpy as np

from services.grid_partition.engine.arrays import BoolArray, IntArray
from services.grid_partition.engine.footprints import Footprints
from services.grid_partition.engine.frame import LATTICE_PER_M
from services.grid_partition.engine.ground import Ground
from services.grid_partition.engine.index import pairs_in_boxes
from services.grid_partition.engine.kernels.near import locate

__all__ = ["vacant_spot"]

_STEP_M = 2.0
_CLEAR_M = 1.5
_RINGS = 15


def vacant_spot(spot: IntArray, prints: Footprints, ground: Ground) -> IntArray:
    """The nearest place on square rings round `spot`, in its block, 1.5 m off every footprint.

    `spot` itself where there is none within 30 m.
    """
    for rings in (_RINGS // 4, _RINGS):
        found = _first_free(spot, spot + _rings(rings), prints, ground)
        if found is not None:
            return found
    return spot


def _first_free(
    spot: IntArray, tried: IntArray, prints: Footprints, ground: Ground
) -> IntArray | None:
    spread = np.array([[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]]) * round(_CLEAR_M * LATTICE_PER_M)
    around = np.ascontiguousarray((tried[:, None, :] + spread).reshape(-1, 2))
    block, _ = locate(around, ground.rims, ground.sides, ground.size)
    home, _ = locate(spot.reshape(1, 2), ground.rims, ground.sides, ground.size)
    free = ((block == home[0]) & ~_built_on(around, prints)).reshape(-1, 5).all(axis=1)
    return np.asarray(tried[int(np.argmax(free))], dtype=np.int64) if free.any() else None


def _rings(rings: int) -> IntArray:
    """Offsets on a square lattice, nearest first; ties from the south-west."""
    line = np.arange(-rings, rings + 1)
    x, y = (side.ravel() for side in np.meshgrid(line, line))
    order = np.lexsort((y, x, x * x + y * y))
    steps = np.stack([x[order], y[order]], axis=1) * round(_STEP_M * LATTICE_PER_M)
    return np.asarray(steps, dtype=np.int64)


def _built_on(spots: IntArray, prints: Footprints) -> BoolArray:
    outlined = np.flatnonzero(np.diff(prints.start))
    built = np.zeros(len(spots), dtype=bool)
    if len(outlined):
        spot, place = pairs_in_boxes(spots, prints.boxes(outlined))
        built[spot[prints.holds(outlined[place], spots[spot])]] = True
    return built
