"""A frame on the lattice of the cells, measured from the frame's own corner."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from services.grid_partition.engine.arrays import FloatArray, GeometryArray, IntArray
from services.grid_partition.engine.frame import LATTICE_PER_M, NODES_PER_M, CommunityFrame

__all__ = ["Ground", "ground_of"]

_STEP = LATTICE_PER_M // NODES_PER_M


@dataclass(frozen=True, eq=False)
class Ground:
    """Blocks in lattice units (0.01 mm, whole numbers) from `origin` (lattice units, int64 x, y).

    `shrunk` are the blocks drawn in by 0.1 m: where a building's site may stand.
    `border_weight[i, j]` is the barrier weight between touching blocks.
    """

    blocks: GeometryArray
    shrunk: GeometryArray
    origin: IntArray
    border_weight: FloatArray

    def to_lattice(self, metres: FloatArray) -> IntArray:
        """Nearest lattice points, relative to the origin, of points in metres, shape (n, 2)."""
        return np.rint(metres * LATTICE_PER_M).astype(np.int64) - self.origin

    def to_metres(self, polygons: GeometryArray) -> GeometryArray:
        """Polygons in metres: one division per coordinate, so equal nodes stay equal."""
        moved: GeometryArray = shapely.transform(
            polygons, lambda points: (points + self.origin) / LATTICE_PER_M
        )
        return moved


def ground_of(frame: CommunityFrame) -> Ground:
    """Move a frame onto the lattice of its cells."""
    corner = frame.coords.min(axis=0)
    local = CommunityFrame(
        code=frame.code,
        coords=frame.coords - corner,
        ring_ends=frame.ring_ends,
        block_ends=frame.block_ends,
        pair_low=frame.pair_low,
        pair_high=frame.pair_high,
        pair_weight=frame.pair_weight,
    )
    blocks = local.blocks(scale=float(_STEP))
    shrunk = shapely.buffer(blocks, -0.1 * LATTICE_PER_M, join_style="mitre")
    empty = shapely.is_empty(shrunk)
    shrunk[empty] = shapely.point_on_surface(blocks[empty])
    weight = np.ones((len(blocks), len(blocks)))
    weight[frame.pair_low, frame.pair_high] = frame.pair_weight
    weight[frame.pair_high, frame.pair_low] = frame.pair_weight
    return Ground(blocks, shrunk, (corner * _STEP).astype(np.int64), weight)
