"""District noding: every community boundary and barrier cut at shared nodes of one lattice, once.

All lines of the district are snap-rounded together onto a lattice of 0.2 mm and polygonized.  Each
face belongs to one community, so communities tile wherever their boundaries do, and a cut of one
community can never disagree with its neighbour about their common border.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from services.grid_partition.engine.arrays import FloatArray, GeometryArray, IntArray
from services.grid_partition.engine.frame import NODES_PER_M, CommunityFrame
from services.grid_partition.engine.problem import Barriers, Rules
from services.grid_partition.engine.segments import Borders, canonical_order, shared_borders

__all__ = ["node_district"]

#: A block smaller than this, or nowhere as wide as `_BLOCK_MIN_WIDTH_M`, is a digitising sliver
#: (a road drawn beside the boundary, a dual carriageway) and joins its neighbour.
_BLOCK_MIN_M2 = 400.0
_BLOCK_MIN_WIDTH_M = 3.0
#: A gap between two communities thinner than this is rounding, not land that nobody owns.
_GAP_MAX_WIDTH_M = 0.05
_NOBODY = -1


def node_district(
    codes: Sequence[str],
    boundaries: Sequence[BaseGeometry],
    barriers: Barriers | None = None,
    rules: Rules | None = None,
) -> tuple[CommunityFrame, ...]:
    """Frames of all communities of a district, in the order of `codes`.

    `boundaries`: Polygon or MultiPolygon in metres.  Land claimed by two communities goes to one of
    them (the one whose bounding box sorts first).  Barriers that end blindly make no block.  Raises
    ValueError for repeated codes, a boundary that is no polygon, empty, or (degrees instead of
    metres) smaller than a square metre.  O(s log s) for s segments.
    """
    rules = rules or Rules()
    barriers = barriers or Barriers()
    shapes = _checked_boundaries(codes, boundaries)
    lines, weights = _weighted_lines(barriers, rules)
    faces = _faces(shapes, lines)
    borders = shared_borders(faces, np.arange(len(faces), dtype=np.int64))
    owner = _owners(faces, shapes, borders)
    block = _absorb_slivers(faces, owner, borders)
    weight = _border_weights(borders, lines, weights)
    return tuple(
        _frame(code, faces, np.flatnonzero(owner == number), block, borders, weight)
        for number, code in enumerate(codes)
    )


def _checked_boundaries(codes: Sequence[str], boundaries: Sequence[BaseGeometry]) -> GeometryArray:
    if len(codes) != len(boundaries):
        raise ValueError("codes and boundaries must have the same length")
    if len(set(codes)) != len(codes):
        raise ValueError("community codes must be unique")
    shapes = np.empty(len(codes), dtype=object)
    for number, (code, boundary) in enumerate(zip(codes, boundaries, strict=True)):
        if boundary is None or boundary.geom_type not in ("Polygon", "MultiPolygon"):
            raise ValueError(f"community {code}: the boundary is not a polygon")
        if not np.isfinite(shapely.get_coordinates(boundary)).all():
            raise ValueError(f"community {code}: the boundary has a coordinate that is not finite")
        shape = _on_lattice(shapely.make_valid(boundary))
        if shapely.area(shape) < NODES_PER_M**2:
            raise ValueError(
                f"community {code}: the boundary covers less than a square metre; are the"
                " coordinates metres?"
            )
        shapes[number] = shape
    return shapes


def _on_lattice(geometry: BaseGeometry) -> BaseGeometry:
    scaled = shapely.transform(geometry, lambda points: np.rint(points * NODES_PER_M))
    return shapely.make_valid(scaled) if geometry.geom_type.endswith("Polygon") else scaled


def _weighted_lines(barriers: Barriers, rules: Rules) -> tuple[GeometryArray, FloatArray]:
    kept = [
        (_on_lattice(line), weight)
        for line, kind, barrier_class in zip(
            barriers.lines, barriers.kinds, barriers.classes, strict=True
        )
        if (weight := rules.barrier_weight(kind, barrier_class)) > 0 and not line.is_empty
    ]
    lines = np.empty(len(kept), dtype=object)
    lines[:] = [line for line, _ in kept]
    return lines, np.array([weight for _, weight in kept], dtype=np.float64)


def _faces(shapes: GeometryArray, lines: GeometryArray) -> GeometryArray:
    drawn = np.concatenate([shapely.boundary(shapes), lines])
    noded = shapely.union_all(drawn, grid_size=1.0)
    faces: GeometryArray = shapely.get_parts(shapely.polygonize([noded]))
    faces = shapely.normalize(faces)
    return faces[canonical_order(faces)]


def _owners(faces: GeometryArray, shapes: GeometryArray, borders: Borders) -> IntArray:
    """Community of each face: the first shape (in canonical order) that holds its inner point."""
    rank = np.empty(len(shapes), dtype=np.int64)
    rank[canonical_order(shapes)] = np.arange(len(shapes))
    inner = shapely.point_on_surface(faces)
    face, shape = shapely.STRtree(shapes).query(inner, predicate="intersects")
    owner = np.full(len(faces), _NOBODY, dtype=np.int64)
    last_first = np.lexsort((-rank[shape], face))
    owner[face[last_first]] = shape[last_first]
    width = 2 * shapely.area(faces) / np.maximum(shapely.length(faces), 1.0)
    for gap in np.flatnonzero((owner == _NOBODY) & (width < _GAP_MAX_WIDTH_M * NODES_PER_M)):
        touch = np.flatnonzero((borders.low == gap) | (borders.high == gap))
        other = owner[borders.low[touch] + borders.high[touch] - gap]
        length = np.bincount(other[other >= 0], borders.length[touch][other >= 0], len(shapes))
        if np.count_nonzero(length) > 1:
            owner[gap] = int(np.argmax(length))
    return owner


def _absorb_slivers(faces: GeometryArray, owner: IntArray, borders: Borders) -> IntArray:
    """Block label of each face: slivers join the neighbour they share the longest border with."""
    block = np.arange(len(faces), dtype=np.int64)
    area = shapely.area(faces) / NODES_PER_M**2
    inside = shapely.buffer(faces, -_BLOCK_MIN_WIDTH_M / 2 * NODES_PER_M, join_style="mitre")
    sliver = (area < _BLOCK_MIN_M2) | shapely.is_empty(inside)
    same = (owner[borders.low] == owner[borders.high]) & (owner[borders.low] != _NOBODY)
    low, high, length = borders.low[same], borders.high[same], borders.length[same]
    for face in sorted(np.flatnonzero(sliver).tolist(), key=lambda f: (area[f], f)):
        mine = block == block[face]
        if not sliver[mine].all():
            continue
        touch = mine[low] != mine[high]
        other = block[np.where(mine[low[touch]], high[touch], low[touch])]
        if len(other):
            block[mine] = int(np.argmax(np.bincount(other, length[touch])))
    return block


def _border_weights(borders: Borders, lines: GeometryArray, weights: FloatArray) -> FloatArray:
    """Weight of the heaviest barrier within 2 cm of each border's middle."""
    if not len(weights) or (weights == 1.0).all():
        return np.ones(len(borders.length))
    found = np.zeros(len(borders.length))
    middles = shapely.points(borders.midpoint)
    segment, line = shapely.STRtree(lines).query(middles, predicate="dwithin", distance=2.0)
    np.maximum.at(found, segment, weights[line])
    return found


def _frame(
    code: str,
    faces: GeometryArray,
    mine: IntArray,
    block: IntArray,
    borders: Borders,
    weight: FloatArray,
) -> CommunityFrame:
    if not len(mine):
        raise ValueError(f"community {code}: no land is left outside other communities")
    labels, compact = np.unique(block[mine], return_inverse=True)
    merged = np.empty(len(labels), dtype=object)
    for number in range(len(labels)):
        merged[number] = shapely.coverage_union_all(faces[mine[compact == number]])
    merged = shapely.normalize(merged)
    order = canonical_order(merged)
    number_of = np.full(int(block.max()) + 1, -1, dtype=np.int64)
    number_of[labels[order]] = np.arange(len(labels))
    local = np.full(len(faces), -1, dtype=np.int64)
    local[mine] = number_of[block[mine]]
    pairs = _pair_weights(local, borders, weight)
    return _packed(code, merged[order], pairs)


def _pair_weights(
    local: IntArray, borders: Borders, weight: FloatArray
) -> tuple[IntArray, IntArray, FloatArray]:
    first, second = local[borders.low], local[borders.high]
    touch = (first >= 0) & (second >= 0) & (first != second)
    size = int(local.max()) + 1
    key = np.minimum(first, second)[touch] * size + np.maximum(first, second)[touch]
    keys, inverse = np.unique(key, return_inverse=True)
    length = np.bincount(inverse, borders.length[touch], len(keys))
    weighted = np.bincount(inverse, (borders.length * weight)[touch], len(keys))
    return keys // size, keys % size, np.round(weighted / np.maximum(length, 1.0), 6)


def _packed(
    code: str, blocks: GeometryArray, pairs: tuple[IntArray, IntArray, FloatArray]
) -> CommunityFrame:
    rings, of_ring = shapely.get_rings(blocks, return_index=True)
    points, of_point = shapely.get_coordinates(rings, return_index=True)
    return CommunityFrame(
        code=code,
        coords=np.rint(points).astype(np.int64),
        ring_ends=np.cumsum(np.bincount(of_point, minlength=len(rings))).astype(np.int64),
        block_ends=np.cumsum(np.bincount(of_ring, minlength=len(blocks))).astype(np.int64),
        pair_low=pairs[0],
        pair_high=pairs[1],
        pair_weight=pairs[2],
    )
