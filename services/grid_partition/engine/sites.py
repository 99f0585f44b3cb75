"""One site per part of a building: where it stands on the lattice, in which block.

Here the input loses its order and its ids: buildings are sorted by place, households, units and
floors, and only then by id, so whatever follows depends on the map alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from services.grid_partition.engine.arrays import BoolArray, FloatArray, GeometryArray, IntArray
from services.grid_partition.engine.frame import LATTICE_PER_M
from services.grid_partition.engine.ground import Ground
from services.grid_partition.engine.problem import CommunityInput
from services.grid_partition.engine.spacing import spread_apart
from services.grid_partition.engine.split import Slice, slices

__all__ = ["Sites", "place_sites"]

#: Distance between the sites of a sliced building whose footprint is a point.
_POINT_SLICE_M = 2.0


@dataclass(frozen=True, eq=False)
class Sites:
    """Parts of buildings in canonical order; parallel arrays.

    `building` indexes the community's input; `slice` tells the part; `xy` are lattice coordinates;
    `estate` and `legacy` are canonical labels 0.. or -1; `located` is False where the input had no
    coordinates.  `estate_labels[c]` is the input's label of canonical estate c.
    """

    building: IntArray
    slices: tuple[Slice, ...]
    households: IntArray
    xy: IntArray
    block: IntArray
    estate: IntArray
    legacy: IntArray
    located: BoolArray
    estate_labels: IntArray


def place_sites(community: CommunityInput, ground: Ground, households_max: int) -> Sites:
    """Sort, slice, place, move into a block and spread apart.  O(n log n)."""
    located, point = _points(community.geometries, ground)
    first = np.flatnonzero(located)[_canonical(community, point, np.flatnonzero(located))]
    estate, estate_labels = _canonical_labels(community.estate, first)
    point = _with_missing(located, point, estate, ground)
    rest = np.flatnonzero(~located)
    rest = rest[_canonical(community, point, rest)]
    order = np.concatenate([first, rest]).astype(np.int64)
    estate, estate_labels = _canonical_labels(community.estate, order)
    legacy, _ = _canonical_labels(community.legacy, order)
    building, cut, xy = _sliced(community, order, point, households_max)
    xy, block = _into_blocks(xy, ground)
    xy = spread_apart(xy, block, ground)
    return Sites(
        building=building,
        slices=cut,
        households=np.array([part.households for part in cut], dtype=np.int64),
        xy=xy,
        block=block,
        estate=estate[building],
        legacy=legacy[building],
        located=located[building],
        estate_labels=estate_labels,
    )


def _points(
    geometries: tuple[BaseGeometry | None, ...], ground: Ground
) -> tuple[BoolArray, IntArray]:
    held = np.empty(len(geometries), dtype=object)
    held[:] = geometries
    located = ~(shapely.is_missing(held) | shapely.is_empty(held))
    point = np.zeros((len(geometries), 2), dtype=np.int64)
    inner = shapely.point_on_surface(held[located])
    point[located] = ground.to_lattice(shapely.get_coordinates(inner).reshape(-1, 2))
    return located, point


def _canonical(community: CommunityInput, point: IntArray, chosen: IntArray) -> IntArray:
    ids = np.array(community.building_ids, dtype=np.str_)[chosen]
    columns = (community.floors, community.units, community.households)
    keys = [column[chosen] for column in columns if column is not None]
    order: IntArray = np.lexsort((ids, *keys, point[chosen, 1], point[chosen, 0]))
    return order


def _canonical_labels(labels: IntArray | None, order: IntArray) -> tuple[IntArray, IntArray]:
    """Renumber labels by first appearance in `order`; what is not in `order` gets -1."""
    if labels is None:
        return np.full(int(order.max(initial=-1)) + 1, -1, dtype=np.int64), np.zeros(0, np.int64)
    number: dict[int, int] = {}
    out = np.full(len(labels), -1, dtype=np.int64)
    for building in order.tolist():
        label = int(labels[building])
        if label >= 0:
            out[building] = number.setdefault(label, len(number))
    if len(order) < len(labels):
        for building, label in enumerate(labels.tolist()):
            out[building] = number.get(label, -1)
    return out, np.array(list(number), dtype=np.int64)


def _with_missing(
    located: BoolArray, point: IntArray, estate: IntArray, ground: Ground
) -> IntArray:
    """Give the unlocated a place: beside their estate's middle building, else mid-community."""
    if located.all():
        return point
    union = shapely.coverage_union_all(ground.blocks)
    middle = np.rint(shapely.get_coordinates(shapely.point_on_surface(union)))[0].astype(np.int64)
    placed = point.copy()
    for building in np.flatnonzero(~located):
        label = estate[building]
        kin = np.flatnonzero(located & (estate == label)) if label >= 0 else np.zeros(0, np.int64)
        if not len(kin):
            placed[building] = middle
            continue
        spots = point[kin]
        off = ((spots - spots.sum(axis=0) // len(kin)) ** 2).sum(axis=1)
        nearest = np.lexsort((spots[:, 1], spots[:, 0], off))[0]
        placed[building] = spots[nearest]
    return placed


def _sliced(
    community: CommunityInput, order: IntArray, point: IntArray, households_max: int
) -> tuple[IntArray, tuple[Slice, ...], IntArray]:
    households, units, floors = community.households, community.units, community.floors
    building: list[int] = []
    cut: list[Slice] = []
    spots: list[IntArray] = []
    for index in order.tolist():
        parts = slices(
            int(households[index]),
            0 if units is None else int(units[index]),
            0 if floors is None else int(floors[index]),
            households_max,
        )
        building += [index] * len(parts)
        cut += parts
        spots.append(_along(community.geometries[index], point[index], len(parts)))
    xy = np.concatenate(spots) if spots else np.zeros((0, 2), dtype=np.int64)
    return np.array(building, dtype=np.int64), tuple(cut), xy


def _along(footprint: BaseGeometry | None, middle: IntArray, count: int) -> IntArray:
    """`count` sites in a row through `middle`, along the footprint's longer axis."""
    if count == 1:
        return middle.reshape(1, 2)
    step = np.array([_POINT_SLICE_M, 0.0])
    if footprint is not None and footprint.geom_type != "Point":
        corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(footprint))
        sides = np.diff(corners[:3], axis=0)
        longer = sides[int(np.argmax(np.hypot(*sides.T)))]
        if longer[0] < 0 or (longer[0] == 0 and longer[1] < 0):
            longer = -longer
        step = longer / count
    offset = np.arange(count) - (count - 1) / 2
    return np.asarray(
        middle + np.rint(offset[:, None] * step * LATTICE_PER_M).astype(np.int64), dtype=np.int64
    )


def _into_blocks(xy: IntArray, ground: Ground) -> tuple[IntArray, IntArray]:
    """Block of each site; a site outside every block, or within 0.1 m of its rim, moves inside."""
    points = shapely.points(xy.astype(np.float64))
    block = _nearest_block(points, ground.blocks)
    outside = ~shapely.intersects(ground.shrunk[block], points)
    moved = shapely.shortest_line(ground.shrunk[block[outside]], points[outside])
    target: FloatArray = shapely.get_coordinates(shapely.get_point(moved, 0))
    xy = xy.copy()
    xy[outside] = np.rint(target).astype(np.int64)
    return xy, block


def _nearest_block(points: GeometryArray, blocks: GeometryArray) -> IntArray:
    tree = shapely.STRtree(blocks)
    block = np.full(len(points), len(blocks), dtype=np.int64)
    which, found = tree.query(points, predicate="intersects")
    np.minimum.at(block, which, found)
    lost = np.flatnonzero(block == len(blocks))
    if len(lost):
        which, found = tree.query_nearest(points[lost], all_matches=True)
        np.minimum.at(block, lost[which], found)
    return block
