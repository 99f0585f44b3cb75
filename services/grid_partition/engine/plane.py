"""Nodes borders exactly: afterwards segments meet at shared lattice nodes and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from services.grid_partition.engine.arrays import BoolArray, IntArray
from services.grid_partition.engine.ground import Ground
from services.grid_partition.engine.kernels.near import inside_rings
from services.grid_partition.engine.kernels.snap import meeting_points, weld

__all__ = ["Plane", "node_numbers", "noded_plane"]

#: Border ends that rounding left this close together (lattice steps) are one node.
_WELD = 3
_ROUNDS = 8


@dataclass(frozen=True, eq=False)
class Plane:
    """Segments from node `first` to node `second`, once each, with the blocks left and right."""

    nodes: IntArray
    first: IntArray
    second: IntArray
    sides: IntArray


def noded_plane(ground: Ground, drawn: IntArray, block: IntArray) -> Plane:
    """Node the rims of the blocks with borders `drawn` (x, y, x, y), each inside its `block`.

    What reaches out of its block is cut off.  Iterated snap rounding: every round splits segments
    where they meet, at lattice points, until an exact check of all pairs finds nothing to split.
    Frame nodes stay where they are.  O(s) for segments of similar length.
    """
    segments = np.concatenate([ground.rims, _welded(ground.rims, drawn)])
    sides = np.concatenate([ground.sides, np.repeat(block, 2).reshape(-1, 2)])
    fixed = np.arange(len(segments)) < len(ground.rims)
    segments, sides, fixed = _once(segments, sides, fixed, by_block=True)
    low = segments.reshape(-1, 2).min(axis=0)
    segments = segments - np.tile(low, 2)
    for number in range(_ROUNDS):
        split = meeting_points(segments, sides, fixed.astype(np.int64), *_squares(segments))
        if len(split):
            segments, sides, fixed = _split(segments, sides, fixed, split, number == 0)
        if number == 0:
            kept = _in_their_block(ground, segments + np.tile(low, 2), sides)
            segments, sides, fixed = _once(segments[kept], sides[kept], fixed[kept])
        elif not len(split):
            break
    else:
        segments, sides = _snapped(segments, sides)
    nodes, number_of = node_numbers((segments + np.tile(low, 2)).reshape(-1, 2))
    ends = number_of.reshape(-1, 2)
    return Plane(nodes, ends[:, 0].copy(), ends[:, 1].copy(), sides)


def node_numbers(points: IntArray) -> tuple[IntArray, IntArray]:
    """Distinct points, sorted by x and y, and the number of each given point among them."""
    low = points.min(axis=0)
    height = int(points[:, 1].max() - low[1]) + 1
    key = (points[:, 0] - low[0]) * height + (points[:, 1] - low[1])
    keys, number = np.unique(key, return_inverse=True)
    nodes = np.stack([keys // height + low[0], keys % height + low[1]], axis=1)
    return nodes, number.astype(np.int64)


def _squares(segments: IntArray) -> tuple[int, int, int]:
    """Side of the search squares, and how many columns and rows of them."""
    extent = segments.reshape(-1, 2).max(axis=0) + 1
    area = float(extent[0]) * float(extent[1]) / max(len(segments), 1)
    size = max(64, int(np.sqrt(area)), int(extent.max()) // 4096)
    return size, int(extent[0]) // size + 1, int(extent[1]) // size + 1


def _welded(rims: IntArray, drawn: IntArray) -> IntArray:
    points = np.concatenate([rims, drawn]).reshape(-1, 2)
    square = points // _WELD
    square -= square.min(axis=0) - 1
    stride = int(square[:, 1].max()) + 3
    key = square[:, 0] * stride + square[:, 1]
    # Rims come first, and the first of a crowd stays: frame nodes do not move.
    into = weld(points, key, np.argsort(key, kind="stable"), stride, _WELD)
    moved: IntArray = points[into][2 * len(rims) :].reshape(-1, 4)
    return moved


def _once(
    segments: IntArray, sides: IntArray, fixed: BoolArray, by_block: bool = False
) -> tuple[IntArray, IntArray, BoolArray]:
    """Drop segments without length; of equal ones a rim stays (its sides differ)."""
    low = segments.reshape(-1, 2).min(axis=0)
    height = int(segments[:, 1::2].max() - low[1]) + 1
    key = (segments[:, 0::2] - low[0]) * height + (segments[:, 1::2] - low[1])
    turned = np.flatnonzero(key[:, 0] > key[:, 1])
    segments, sides = segments.copy(), sides.copy()
    segments[turned] = segments[turned][:, [2, 3, 0, 1]]
    sides[turned], key[turned] = sides[turned, ::-1], key[turned, ::-1]
    drawn = sides[:, 0] == sides[:, 1]
    rank = np.where(drawn, sides[:, 0] + 1, 0)
    order = np.lexsort((rank, key[:, 1], key[:, 0]))
    here, before = order[1:], order[:-1]
    fresh = np.ones(len(order), dtype=bool)
    fresh[1:] = (key[here] != key[before]).any(axis=1)
    if by_block:
        # Two buildings of different blocks may share a wall: the blocks cut off what is not theirs.
        fresh[1:] |= drawn[here] & (rank[here] != rank[before])
    fresh &= (key[:, 0] != key[:, 1])[order]
    kept = np.sort(order[fresh])
    return segments[kept], sides[kept], fixed[kept]


def _split(
    segments: IntArray, sides: IntArray, fixed: BoolArray, split: IntArray, by_block: bool
) -> tuple[IntArray, IntArray, BoolArray]:
    which, spot = split[:, 0], split[:, 1:]
    whole = np.ones(len(segments), dtype=bool)
    whole[which] = False
    broken = np.flatnonzero(~whole)
    start, end = segments[which, :2], segments[which, 2:]
    along = ((spot - start).astype(np.float64) * (end - start)).sum(axis=1)
    beyond = np.full(len(broken), np.inf)
    owner = np.concatenate([broken, which, broken])
    chain = np.concatenate([segments[broken, :2], spot, segments[broken, 2:]])
    place = np.concatenate([-beyond, along, beyond])
    order = np.lexsort((chain[:, 1], chain[:, 0], place, owner))
    owner, chain = owner[order], chain[order]
    joined = np.flatnonzero(owner[1:] == owner[:-1])
    pieces = np.concatenate([chain[joined], chain[joined + 1]], axis=1)
    source = owner[joined]
    return _once(
        np.concatenate([segments[whole], pieces]),
        np.concatenate([sides[whole], sides[source]]),
        np.concatenate([fixed[whole], np.zeros(len(source), dtype=bool)]),
        by_block,
    )


def _in_their_block(ground: Ground, segments: IntArray, sides: IntArray) -> BoolArray:
    drawn = sides[:, 0] == sides[:, 1]
    middle = (segments[:, :2] + segments[:, 2:]) // 2
    group = np.where(drawn, sides[:, 0], -1)
    last = ground.ring_last.astype(np.int64)
    inside = inside_rings(middle, group, ground.rings, ground.block_start, last)
    return np.asarray(inside | ~drawn)


def _snapped(segments: IntArray, sides: IntArray) -> tuple[IntArray, IntArray]:
    """Where the rounds do not end: the geometry library's own snap rounding of all segments."""
    lines = shapely.linestrings(segments.reshape(-1, 2, 2).astype(np.float64))
    noded = shapely.get_parts(shapely.union_all(lines, grid_size=1.0))
    at, line = shapely.get_coordinates(noded, return_index=True)
    joined = np.flatnonzero(line[1:] == line[:-1])
    at = np.rint(at).astype(np.int64)
    pieces = np.concatenate([at[joined], at[joined + 1]], axis=1)
    pieces, _, _ = _once(pieces, np.zeros((len(pieces), 2), np.int64), np.zeros(len(pieces), bool))
    middles = shapely.points(pieces.reshape(-1, 2, 2).sum(axis=1) / 2)
    nearest = shapely.STRtree(lines).query_nearest(middles, all_matches=False)[1]
    found = sides[nearest]
    way = ((pieces[:, 2:] - pieces[:, :2]) * (segments[nearest, 2:] - segments[nearest, :2])).sum(1)
    return pieces, np.where((way < 0)[:, None], found[:, ::-1], found)
