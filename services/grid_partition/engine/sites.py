"""One site per part of a building: where it stands on the lattice, in which block.

Here the input loses its order and its ids: buildings are sorted by place, households, units and
floors, and only then by id, so whatever follows depends on the map alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from services.grid_partition.engine.arrays import BoolArray, IntArray
from services.grid_partition.engine.footprints import Footprints, footprints_of
from services.grid_partition.engine.frame import LATTICE_PER_M
from services.grid_partition.engine.ground import Ground
from services.grid_partition.engine.kernels.near import locate
from services.grid_partition.engine.problem import CommunityInput
from services.grid_partition.engine.spacing import spread_apart
from services.grid_partition.engine.split import slices
from services.grid_partition.engine.vacant import vacant_spot

__all__ = ["Sites", "place_sites"]

#: Distance between the sites of a sliced building whose footprint is a point.
_POINT_SLICE_M = 2.0
_RIM_CLEAR_M = 0.1


@dataclass(frozen=True, eq=False)
class Sites:
    """Parts of buildings in canonical order; parallel arrays.

    `building` indexes the community's input and `footprints`; `ranges` are first and last unit,
    first and last floor of the part (0 where not cut); `xy` are lattice coordinates; `estate` and
    `legacy` are canonical labels 0.. or -1; `located` is False where the input had no coordinates.
    `estate_labels[c]` is the input's label of canonical estate c.
    """

    building: IntArray
    ranges: IntArray
    households: IntArray
    xy: IntArray
    block: IntArray
    estate: IntArray
    legacy: IntArray
    located: BoolArray
    estate_labels: IntArray
    footprints: Footprints

    @cached_property
    def first(self) -> IntArray:
        """First site of each building of the input."""
        first = np.full(len(self.footprints.located), -1, dtype=np.int64)
        first[self.building[::-1]] = np.arange(len(self.building))[::-1]
        return first

    def part_at(self, building: IntArray, spot: IntArray, block: IntArray) -> IntArray:
        """Site of building[i] in block[i] that stands nearest to spot[i]; -1 where there is none.

        Block -1 means any.
        """
        site = self.first[building]
        many = np.bincount(self.building, minlength=len(self.first))[building] > 1
        site[(block >= 0) & (self.block[site] != block) & ~many] = -1
        for one in np.flatnonzero(many):
            kin = np.flatnonzero(self.building == building[one])
            kin = kin[(block[one] < 0) | (self.block[kin] == block[one])]
            off = (self.xy[kin] - spot[one]).astype(np.float64)
            site[one] = kin[int(np.argmin((off * off).sum(axis=1)))] if len(kin) else -1
        return site


def place_sites(community: CommunityInput, ground: Ground, households_max: int) -> Sites:
    """Sort, slice, place, move into a block and spread apart.  O(n log n)."""
    prints = footprints_of(community.geometries, ground)
    located, point = prints.located, prints.middle
    first = np.flatnonzero(located)[_canonical(community, point, np.flatnonzero(located))]
    estate, estate_labels = _canonical_labels(community.estate, first)
    point = _with_missing(prints, estate, ground)
    rest = np.flatnonzero(~located)
    rest = rest[_canonical(community, point, rest)]
    order = np.concatenate([first, rest]).astype(np.int64)
    estate, estate_labels = _canonical_labels(community.estate, order)
    legacy, _ = _canonical_labels(community.legacy, order)
    building, ranges, households, xy = _sliced(community, order, point, households_max)
    xy, block = _into_blocks(xy, ground)
    xy = spread_apart(xy, block, ground)
    return Sites(
        building=building,
        ranges=ranges,
        households=households,
        xy=xy,
        block=block,
        estate=estate[building],
        legacy=legacy[building],
        located=located[building],
        estate_labels=estate_labels,
        footprints=prints,
    )


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
    given = labels[order]
    known, first = np.unique(given[given >= 0], return_index=True)
    rank = np.argsort(np.argsort(first))
    if not len(known):
        return np.full(len(labels), -1, dtype=np.int64), known
    place = np.minimum(np.searchsorted(known, labels), len(known) - 1)
    out = np.where(known[place] == labels, rank[place], -1)
    return out.astype(np.int64), known[np.argsort(first)]


def _with_missing(prints: Footprints, estate: IntArray, ground: Ground) -> IntArray:
    """Give the unlocated a place: beside their estate's middle building, else mid-community."""
    located, point = prints.located, prints.middle
    if located.all():
        return point
    union = shapely.coverage_union_all(ground.blocks)
    middle = np.rint(shapely.get_coordinates(shapely.point_on_surface(union)))[0].astype(np.int64)
    placed = point.copy()
    vacant: dict[tuple[int, int], IntArray] = {}
    for building in np.flatnonzero(~located):
        label, spot = estate[building], middle
        kin = np.flatnonzero(located & (estate == label)) if label >= 0 else np.zeros(0, np.int64)
        if len(kin):
            spots = point[kin]
            off = ((spots - spots.sum(axis=0) // len(kin)) ** 2).sum(axis=1)
            spot = spots[np.lexsort((spots[:, 1], spots[:, 0], off))[0]]
        key = (int(spot[0]), int(spot[1]))
        if key not in vacant:
            vacant[key] = vacant_spot(spot, prints, ground)
        placed[building] = vacant[key]
    return placed


def _sliced(
    community: CommunityInput, order: IntArray, point: IntArray, households_max: int
) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Building, ranges, households and place of every part, in the order of the buildings."""
    households, units, floors = community.households, community.units, community.floors
    parts = np.ones(len(order), dtype=np.int64)
    large: dict[int, tuple[IntArray, IntArray, IntArray]] = {}
    for place in np.flatnonzero(households[order] > households_max).tolist():
        index = int(order[place])
        cut = slices(
            int(households[index]),
            0 if units is None else int(units[index]),
            0 if floors is None else int(floors[index]),
            households_max,
        )
        ranges = [(s.unit_from, s.unit_to, s.floor_from, s.floor_to) for s in cut]
        spots = _along(community.geometries[index], point[index], len(cut))
        held = np.array([s.households for s in cut], dtype=np.int64)
        large[place] = (np.array(ranges, dtype=np.int64), held, spots)
        parts[place] = len(cut)
    building = np.repeat(order, parts)
    out_ranges = np.zeros((len(building), 4), dtype=np.int64)
    out_held, out_spots = households[building], point[building]
    start = np.cumsum(parts) - parts
    for place, (cut_ranges, held, spots) in large.items():
        rows = slice(start[place], start[place] + parts[place])
        out_ranges[rows], out_held[rows], out_spots[rows] = cut_ranges, held, spots
    return building, out_ranges, out_held, out_spots


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
    block, near = locate(xy, ground.rims, ground.sides, ground.size)
    lost = np.flatnonzero(block < 0)
    block[lost] = ground.sides[near[lost, 0]].max(axis=1)
    close = (near[:, 1] < (_RIM_CLEAR_M * LATTICE_PER_M) ** 2).astype(bool)
    close[lost] = True
    moving = np.flatnonzero(close)
    xy = xy.copy()
    for number in np.unique(block[moving]).tolist():
        mine = moving[block[moving] == number]
        points = shapely.points(xy[mine].astype(np.float64))
        line = shapely.shortest_line(ground.clear_part(number), points)
        xy[mine] = np.rint(shapely.get_coordinates(shapely.get_point(line, 0))).astype(np.int64)
    return xy, block
