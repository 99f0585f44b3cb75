"""A frame on the lattice of the cells, measured from the frame's own corner."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely

from services.grid_partition.engine.arrays import BoolArray, FloatArray, GeometryArray, IntArray
from services.grid_partition.engine.frame import LATTICE_PER_M, NODES_PER_M, CommunityFrame

__all__ = ["Ground", "ground_of"]

_STEP = LATTICE_PER_M // NODES_PER_M
#: Sites stand at least this far inside their block.
_RIM_CLEAR_M = 0.1


@dataclass(frozen=True, eq=False)
class Ground:
    """Blocks in lattice units (0.01 mm, whole numbers) from `origin` (lattice units, int64 x, y).

    `rims`: border segments of the blocks, each once, shape (m, 4); `sides`: the blocks to the left
    and right of each, -1 outside the community.  `rings`: the closed rings of the blocks one after
    another, `ring_last` marks closing nodes, `block_start` the offsets of the blocks.
    `border_weight[i, j]` is the barrier weight between touching blocks.
    """

    rims: IntArray
    sides: IntArray
    rings: IntArray
    ring_last: BoolArray
    block_start: IntArray
    origin: IntArray
    border_weight: FloatArray

    @property
    def size(self) -> int:
        """How many blocks there are."""
        return len(self.block_start) - 1

    @cached_property
    def blocks(self) -> GeometryArray:
        """The blocks as polygons in lattice units."""
        ring: IntArray = np.cumsum(self.ring_last) - self.ring_last
        rings = shapely.linearrings(self.rings.astype(np.float64), indices=ring)
        first = np.flatnonzero(np.concatenate([[True], self.ring_last[:-1]]))
        block = np.searchsorted(self.block_start, first, side="right") - 1
        polygons: GeometryArray = shapely.polygons(rings, indices=block)
        return polygons

    def clear_part(self, block: int) -> shapely.Geometry:
        """Where a site may stand in a block: 0.1 m off its rim, or one point of a narrow block."""
        whole = self.blocks[block]
        clear = shapely.buffer(whole, -_RIM_CLEAR_M * LATTICE_PER_M, join_style="mitre")
        return shapely.point_on_surface(whole) if clear.is_empty else clear

    def box(self) -> IntArray:
        """Bounds of each block, a metre wider: x, y, x, y."""
        low = np.minimum.reduceat(self.rings, self.block_start[:-1])
        high = np.maximum.reduceat(self.rings, self.block_start[:-1])
        return np.concatenate([low - LATTICE_PER_M, high + LATTICE_PER_M], axis=1)

    def to_lattice(self, metres: FloatArray) -> IntArray:
        """Nearest lattice points, relative to the origin, of points in metres, shape (n, 2)."""
        return np.rint(metres * LATTICE_PER_M).astype(np.int64) - self.origin

    def to_metres(self, points: IntArray) -> FloatArray:
        """Points in metres: one division per coordinate, so equal nodes stay equal."""
        return np.asarray((points + self.origin) / LATTICE_PER_M, dtype=np.float64)


def ground_of(frame: CommunityFrame) -> Ground:
    """Move a frame onto the lattice of its cells."""
    corner = frame.coords.min(axis=0)
    rings = np.ascontiguousarray((frame.coords - corner) * _STEP)
    last = np.zeros(len(rings), dtype=bool)
    last[frame.ring_ends - 1] = True
    ring_of_block = np.concatenate([[0], frame.block_ends])
    start = np.concatenate([[0], frame.ring_ends])[ring_of_block].astype(np.int64)
    rims, sides = _rims(rings, last, start)
    weight = np.ones((len(start) - 1, len(start) - 1))
    weight[frame.pair_low, frame.pair_high] = frame.pair_weight
    weight[frame.pair_high, frame.pair_low] = frame.pair_weight
    return Ground(rims, sides, rings, last, start, (corner * _STEP).astype(np.int64), weight)


def _rims(rings: IntArray, last: BoolArray, start: IntArray) -> tuple[IntArray, IntArray]:
    """Match the ring segments of the blocks: each segment once, with what lies left and right."""
    here = np.flatnonzero(~last)
    first, second = rings[here], rings[here + 1]
    ring: IntArray = (np.cumsum(last) - last)[here]
    turn = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
    ring_start = np.flatnonzero(np.diff(ring, prepend=-1))
    left_turning = np.add.reduceat(turn, ring_start) > 0
    shell = np.isin(here[ring_start], start)
    land_left = (left_turning == shell)[ring]
    block = np.searchsorted(start, here, side="right") - 1
    forward = (first[:, 0] < second[:, 0]) | (
        (first[:, 0] == second[:, 0]) & (first[:, 1] < second[:, 1])
    )
    low = np.where(forward[:, None], first, second)
    high = np.where(forward[:, None], second, first)
    order = np.lexsort((high[:, 1], high[:, 0], low[:, 1], low[:, 0]))
    both = np.concatenate([low, high], axis=1)[order]
    fresh = np.ones(len(both), dtype=bool)
    fresh[1:] = (both[1:] != both[:-1]).any(axis=1)
    sides = np.full((int(fresh.sum()), 2), -1, dtype=np.int64)
    sides[np.cumsum(fresh) - 1, np.where(land_left == forward, 0, 1)[order]] = block[order]
    return np.ascontiguousarray(both[fresh]), sides
