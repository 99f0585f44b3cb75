"""Stitches communities that were cut alone: corners of one on a border of another become shared.

A grid border that ends on the rim of its community puts a corner there which the neighbour, cut by
itself, does not have.  Only sides that no other polygon has are looked at, so what already fits is
left as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Polygon

from services.grid_partition.engine.arrays import BoolArray, FloatArray, GeometryArray, IntArray

__all__ = ["STITCH_M", "stitch_coverage"]

#: A corner this near to a foreign border lies on it: two roundings to the lattice of frames.
STITCH_M = 0.0003
_TRIES = 4


def stitch_coverage(
    polygons: Sequence[Polygon | MultiPolygon] | GeometryArray,
    community: Sequence[int] | IntArray,
    tolerance: float = STITCH_M,
) -> GeometryArray:
    """Polygons with the corners of other communities that lie on their sides, exactly.

    `community[i]`: label of the community of polygon i; `tolerance` in the unit of the coordinates.
    Corners of two communities that are nearer than the tolerance become one; corners are otherwise
    never moved, and sides inside a community gain none.  Where communities meet within the
    tolerance, the whole is then an edge-matched coverage; wider gaps stay.  The order of polygons
    and the labels do not matter, and a second run changes nothing.  No polygon becomes invalid:
    corners that would break one are left out.  Polygons that need nothing are returned as the same
    objects.  O(n log n).
    """
    given = np.empty(len(polygons), dtype=object)
    given[:] = list(polygons)
    if not len(given):
        return given
    outline = _outline(given, np.asarray(community))
    near = _near(outline, tolerance)
    for _ in range(_TRIES):
        into = _merged(outline, near, tolerance)
        fitting = replace(outline, node=into[outline.node])
        side, corner = _gained(fitting, near.side, into[near.node], tolerance)
        moved = np.flatnonzero(fitting.node != outline.node)
        found, changed = _rebuilt(given, fitting, (side, corner), moved)
        broken = changed[~shapely.is_valid(found[changed])]
        broken = broken[shapely.is_valid(given[broken])]
        if not len(broken):
            return found
        moved = moved[np.isin(fitting.polygon[moved], broken)]
        gained = corner[np.isin(fitting.polygon[side], broken)]
        barred = np.concatenate([outline.node[moved], fitting.node[moved], gained])
        near = near.without(barred, outline)
    return given


@dataclass(frozen=True, eq=False)
class _Outline:
    """Corners of all rings one after another; `node` numbers distinct `places`, sorted by x, y.

    `polygon` and `community` of each corner; `first`: corners that are followed by another corner
    of their ring; `offsets`: rings in corners, then parts in rings, then polygons in parts.
    """

    places: FloatArray
    node: IntArray
    polygon: IntArray
    community: IntArray
    first: IntArray
    offsets: tuple[IntArray, ...]

    @cached_property
    def held(self) -> IntArray:
        """Keys of which community has which place for a corner, sorted."""
        keys: IntArray = np.unique(self.key(self.node, self.community))
        return keys

    def key(self, node: IntArray, community: IntArray) -> IntArray:
        """One number for a node and a community."""
        return node * (int(self.community.max()) + 1) + community

    @cached_property
    def lone(self) -> IntArray:
        """First corners of the sides that only one polygon has."""
        one, other = self.node[self.first], self.node[self.first + 1]
        key = np.minimum(one, other) * len(self.places) + np.maximum(one, other)
        order = np.argsort(key, kind="stable")
        new = np.ones(len(key) + 1, dtype=bool)
        new[1:-1] = key[order[1:]] != key[order[:-1]]
        alone = order[new[1:] & new[:-1]]
        return np.sort(self.first[alone[one[alone] != other[alone]]])

    def owners(self, nodes: IntArray) -> dict[int, set[int]]:
        """The communities that have each of some nodes for a corner."""
        communities = int(self.community.max()) + 1
        node = self.held // communities
        of_nodes = np.isin(node, nodes)
        found: dict[int, set[int]] = {}
        for place, key in zip(node[of_nodes].tolist(), self.held[of_nodes].tolist(), strict=True):
            found.setdefault(place, set()).add(key % communities)
        return found

    def holds(self, node: IntArray, community: IntArray) -> BoolArray:
        """Whether community[i] has node[i] for a corner."""
        key = self.key(node, community)
        place = np.minimum(np.searchsorted(self.held, key), len(self.held) - 1)
        return np.asarray(self.held[place] == key)


def _outline(given: GeometryArray, community: IntArray) -> _Outline:
    _, at, offsets = shapely.to_ragged_array(given, include_z=False)
    offsets = tuple(offset.astype(np.int64) for offset in offsets)
    places, node = np.unique(at[:, 0] + 1j * at[:, 1], return_inverse=True)
    polygon = np.repeat(np.arange(len(given)), shapely.get_num_coordinates(given))
    label = np.unique(community, return_inverse=True)[1]
    followed = np.ones(len(at), dtype=bool)
    followed[offsets[0][1:] - 1] = False
    return _Outline(
        places=np.stack([places.real, places.imag], axis=1),
        node=node.astype(np.int64),
        polygon=polygon,
        community=label[polygon].astype(np.int64),
        first=np.flatnonzero(followed),
        offsets=offsets,
    )


@dataclass(frozen=True, eq=False)
class _Near:
    """Lone sides (by first corner) and the nodes near them that their community does not have."""

    side: IntArray
    node: IntArray

    def without(self, barred: IntArray, outline: _Outline) -> _Near:
        """What is left when some nodes neither move nor are gained."""
        ends = outline.node[np.stack([self.side, self.side + 1, self.side])]
        ends[2] = self.node
        kept = ~np.isin(ends, barred).any(axis=0)
        return _Near(self.side[kept], self.node[kept])


def _near(outline: _Outline, tolerance: float) -> _Near:
    side = outline.lone
    nodes = np.unique(outline.node[np.concatenate([side, side + 1])])
    ends = outline.places[outline.node[np.stack([side, side + 1], axis=1)]]
    tree = shapely.STRtree(shapely.linestrings(ends))
    points = shapely.points(outline.places[nodes])
    at, which = tree.query(points, predicate="dwithin", distance=tolerance)
    foreign = ~outline.holds(nodes[at], outline.community[side[which]])
    return _Near(side[which[foreign]], nodes[at[foreign]])


def _merged(outline: _Outline, near: _Near, tolerance: float) -> IntArray:
    """What each node becomes: the first of those near it, the nearest joined first.

    Two nodes of one community never become one.
    """
    one = outline.node[np.concatenate([near.side, near.side + 1])]
    other = np.concatenate([near.node, near.node])
    off = outline.places[one] - outline.places[other]
    away = np.hypot(off[:, 0], off[:, 1])
    low, high = np.minimum(one, other), np.maximum(one, other)
    order = np.lexsort((high, low, away))
    order = order[away[order] <= tolerance]
    into: IntArray = np.arange(len(outline.places))
    owners = outline.owners(np.unique([low[order], high[order]]))
    for first, second in zip(low[order].tolist(), high[order].tolist(), strict=True):
        a, b = sorted((_root(into, first), _root(into, second)))
        if owners[a].isdisjoint(owners[b]):
            into[b] = a
            owners[a] |= owners[b]
    for node in sorted(owners):
        into[node] = into[into[node]]
    return into


def _root(into: IntArray, node: int) -> int:
    while into[node] != node:
        node = int(into[node])
    return node


def _gained(
    outline: _Outline, side: IntArray, corner: IntArray, tolerance: float
) -> tuple[IntArray, IntArray]:
    """Sides and the nodes near them that they gain, in the order of the rings."""
    foreign = np.isin(side, outline.lone) & ~outline.holds(corner, outline.community[side])
    side, corner = side[foreign], corner[foreign]
    one, other = outline.node[side], outline.node[side + 1]
    # From the lower to the higher node: both polygons at a border then see the same figures.
    low = outline.places[np.minimum(one, other)]
    along, away, length = _measured(low, outline.places[np.maximum(one, other)], corner, outline)
    inside = np.flatnonzero((along > 0) & (along < length))
    inside = inside[_running_along(outline, side[inside], corner[inside], tolerance)]
    # A community gets a corner once: on the side that is nearest to it.
    key = outline.key(corner, outline.community[side])
    order = inside[np.lexsort((side[inside], np.abs(away[inside]), key[inside]))]
    chosen = order[np.diff(key[order], prepend=-1) != 0]
    along = np.where(one < other, along, -along)
    chosen = chosen[np.lexsort((corner[chosen], along[chosen], side[chosen]))]
    return side[chosen], corner[chosen]


def _measured(
    start: FloatArray, end: FloatArray, node: IntArray, outline: _Outline
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """How far each node lies along the line from start to end, how far beside it; the length."""
    way, off = end - start, outline.places[node] - start
    length = np.hypot(way[:, 0], way[:, 1])
    along = (off * way).sum(axis=1) / length
    return along, (off[:, 0] * way[:, 1] - off[:, 1] * way[:, 0]) / length, length


def _running_along(
    outline: _Outline, side: IntArray, corner: IntArray, tolerance: float
) -> BoolArray:
    """Whether from corner[i] a lone side of another community runs along side[i].

    Otherwise the corner only happens to be near: another corner of the map stands there.
    """
    lone = outline.lone
    ends = np.concatenate([outline.node[lone], outline.node[lone + 1]])
    others = np.concatenate([outline.node[lone + 1], outline.node[lone]])
    order = np.argsort(ends, kind="stable")
    start = np.searchsorted(ends[order], corner)
    size = np.searchsorted(ends[order], corner, side="right") - start
    pair = np.repeat(np.arange(len(corner)), size)
    leg = order[np.arange(len(pair)) + np.repeat(start - (np.cumsum(size) - size), size)]
    foreign = outline.community[np.tile(lone, 2)[leg]] != outline.community[side[pair]]
    pair, leg = pair[foreign], leg[foreign]
    one, other = (outline.places[outline.node[side + step]][pair] for step in (0, 1))
    along, away, length = _measured(one, other, corner[pair], outline)
    to, beside, _ = _measured(one, other, others[leg], outline)
    # Where the two part: at the end of the leg, or of the side.
    reach = np.clip(to, 0.0, length) - along
    aside = reach / np.where(to == along, 1.0, to - along) * (beside - away)
    runs = np.zeros(len(corner), dtype=bool)
    runs[pair[(np.abs(reach) > np.abs(aside)) & (np.abs(away + aside) <= tolerance)]] = True
    return runs


def _rebuilt(
    given: GeometryArray,
    outline: _Outline,
    gained: tuple[IntArray, IntArray],
    moved: IntArray,
) -> tuple[GeometryArray, IntArray]:
    """The polygons with what they gained, and the numbers of those that changed."""
    side, corner = gained
    changed = np.unique(outline.polygon[np.concatenate([side, moved])])
    if not len(changed):
        return given, changed
    node = np.insert(outline.node, side + 1, corner)
    rings = outline.offsets[0] + np.searchsorted(side + 1, outline.offsets[0])
    offsets = (rings, *outline.offsets[1:])
    several = len(offsets) == 3
    kind = shapely.GeometryType.MULTIPOLYGON if several else shapely.GeometryType.POLYGON
    found = given.copy()
    made = shapely.from_ragged_array(kind, outline.places[node], offsets)[changed]
    single = shapely.get_type_id(given[changed]) == shapely.GeometryType.POLYGON
    found[changed[single]] = shapely.get_geometry(made[single], 0) if several else made
    found[changed[~single]] = made[~single]
    return found, changed
