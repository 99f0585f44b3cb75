"""The frame of one community: its blocks on the district's integer lattice.

Made once for a district by `noding.node_district`, small, free of objects that a store or another
process could not carry.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Polygon

from services.grid_partition.engine.arrays import FloatArray, GeometryArray, IntArray

__all__ = ["LATTICE_PER_M", "NODES_PER_M", "CommunityFrame"]

#: Lattice of the cells: 0.01 mm.  Frame nodes stand on every twentieth line of it (0.2 mm), so a
#: border that a cell inserts into a frame edge bends that edge by less than 0.01 mm, and a boundary
#: of 10 km moves by less than a square metre altogether.
LATTICE_PER_M = 100_000
NODES_PER_M = 5_000


@dataclass(frozen=True, eq=False)
class CommunityFrame:
    """Blocks (faces between barriers) of one community, sharing nodes with its neighbours.

    `coords`: int64, shape (nodes, 2), 0.2 mm steps of the projected plane; `ring_ends` and
    `block_ends` are exclusive ends of rings in coords and of blocks in rings (first ring of a block
    is its shell).  `pair_low`, `pair_high`, `pair_weight`: mean barrier weight (0..1) along the
    border of two touching blocks.
    """

    code: str
    coords: IntArray
    ring_ends: IntArray
    block_ends: IntArray
    pair_low: IntArray
    pair_high: IntArray
    pair_weight: FloatArray

    def blocks(self, scale: float = 1.0 / NODES_PER_M) -> GeometryArray:
        """Polygons of the blocks; `scale` multiplies the stored steps (default: metres)."""
        points = self.coords.astype(np.float64)
        points = points * scale if scale >= 1.0 else points / round(1.0 / scale)
        ring_of_node = np.repeat(np.arange(len(self.ring_ends)), np.diff(self.ring_ends, prepend=0))
        rings = shapely.linearrings(points, indices=ring_of_node)
        block_of_ring = np.repeat(
            np.arange(len(self.block_ends)), np.diff(self.block_ends, prepend=0)
        )
        polygons: GeometryArray = shapely.polygons(rings, indices=block_of_ring)
        return polygons

    @property
    def polygon(self) -> Polygon | MultiPolygon:
        """The community in metres: exactly the union of its blocks."""
        union: Polygon | MultiPolygon = shapely.coverage_union_all(self.blocks())
        return union

    def to_bytes(self) -> bytes:
        """Serialise without pickle, for a store that outlives this version of the code."""
        out = io.BytesIO()
        np.savez_compressed(
            out,
            code=np.array(self.code),
            coords=self.coords,
            ring_ends=self.ring_ends,
            block_ends=self.block_ends,
            pair_low=self.pair_low,
            pair_high=self.pair_high,
            pair_weight=self.pair_weight,
        )
        return out.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> CommunityFrame:
        """Read what `to_bytes` wrote; ValueError when it is something else."""
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as held:
                return cls(
                    code=str(held["code"]),
                    coords=held["coords"],
                    ring_ends=held["ring_ends"],
                    block_ends=held["block_ends"],
                    pair_low=held["pair_low"],
                    pair_high=held["pair_high"],
                    pair_weight=held["pair_weight"],
                )
        except (OSError, KeyError, EOFError, ValueError, zipfile.BadZipFile) as error:
            raise ValueError("not a stored community frame") from error
