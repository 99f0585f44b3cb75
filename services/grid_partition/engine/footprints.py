"""Outlines of the buildings on the lattice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from services.grid_partition.engine.arrays import BoolArray, IntArray
from services.grid_partition.engine.ground import Ground
from services.grid_partition.engine.kernels.near import inside_rings, locate

__all__ = ["Footprints", "footprints_of"]


@dataclass(frozen=True, eq=False)
class Footprints:
    """Closed rings of all buildings one after another, in the order of the input.

    `points`: lattice units; `last` marks the closing node of a ring; building b has the nodes
    start[b]:start[b + 1], none where it is a point or unlocated.  `middle`: a point inside each
    located building.
    """

    points: IntArray
    last: BoolArray
    start: IntArray
    middle: IntArray
    located: BoolArray

    def boxes(self, buildings: IntArray) -> IntArray:
        """Bounds x, y, x, y of buildings that have an outline."""
        begin, end = self.start[buildings], self.start[buildings + 1]
        cuts = np.stack([begin, np.minimum(end, len(self.points) - 1)], axis=1).ravel()
        low = np.minimum.reduceat(self.points, cuts)[::2]
        high = np.maximum.reduceat(self.points, cuts)[::2]
        return np.concatenate([low, high], axis=1)

    def holds(self, building: IntArray, spot: IntArray) -> BoolArray:
        """Whether spot[i] lies inside building[i]."""
        return inside_rings(spot, building, self.points, self.start, self.last.astype(np.int64))


def footprints_of(geometries: tuple[BaseGeometry | None, ...], ground: Ground) -> Footprints:
    """Read the geometries; a MultiPolygon keeps all its rings.

    The middle is the centroid where that is sure to lie in the footprint's only block, else the
    point that the geometry library calls representative.
    """
    held = np.empty(len(geometries), dtype=object)
    held[:] = geometries
    located = ~(shapely.is_missing(held) | shapely.is_empty(held))
    parts, building_of_part = shapely.get_parts(held[located], return_index=True)
    rings, part_of_ring = shapely.get_rings(parts, return_index=True)
    at, ring_of_point = shapely.get_coordinates(rings, return_index=True)
    last = np.ones(len(at), dtype=bool)
    last[:-1] = ring_of_point[1:] != ring_of_point[:-1]
    chosen = np.flatnonzero(located)
    building = chosen[building_of_part[part_of_ring]][ring_of_point]
    start = np.zeros(len(geometries) + 1, dtype=np.int64)
    np.cumsum(np.bincount(building, minlength=len(geometries)), out=start[1:])
    points = ground.to_lattice(at.reshape(-1, 2))
    middle = np.zeros((len(geometries), 2), dtype=np.int64)
    centre = shapely.get_coordinates(shapely.centroid(held[located])).reshape(-1, 2)
    middle[located] = ground.to_lattice(centre)
    made = Footprints(points, last, start, middle, located)
    outlined = np.diff(start) > 0
    group = np.where(outlined, np.arange(len(geometries)), -1)
    off = outlined & (~made.holds(group, middle) | _near_a_rim(made, ground))
    inner = shapely.get_coordinates(shapely.point_on_surface(held[off])).reshape(-1, 2)
    middle[off] = ground.to_lattice(inner)
    return made


def _near_a_rim(made: Footprints, ground: Ground) -> BoolArray:
    """Which footprints may reach out of the block of their middle."""
    reaches = np.zeros(len(made.located), dtype=bool)
    outlined = np.flatnonzero(np.diff(made.start))
    if not len(outlined):
        return reaches
    box, middle = made.boxes(outlined), made.middle[outlined]
    far = np.maximum(box[:, 2:] - middle, middle - box[:, :2]).astype(np.float64)
    _, near = locate(middle, ground.rims, ground.sides, ground.size)
    reaches[outlined] = near[:, 1] <= (far**2).sum(axis=1)
    return reaches
