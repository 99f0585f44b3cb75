"""Cells: the part of a block that is nearer to one site than to any other.

Voronoi borders are drawn inside each block, snap-rounded together with the blocks' rings onto the
lattice, and polygonized: every border is then shared node by node, whatever the geometry was.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from services.grid_partition.engine.arrays import FloatArray, GeometryArray, IntArray
from services.grid_partition.engine.ground import Ground
from services.grid_partition.engine.segments import Borders, canonical_order, shared_borders

__all__ = ["Cells", "tessellate"]


@dataclass(frozen=True, eq=False)
class Cells:
    """Faces that tile the community, grouped into cells.

    `face_cell[f]`: cell of face f (a cell may have several faces).  `site_cell[s]`: cell of site s;
    two sites share one only when they could not be told apart.  `block[c]`: block of cell c.  Cells
    without a site are blocks without buildings.  `borders` are between cells, lattice units.
    """

    faces: GeometryArray
    face_cell: IntArray
    site_cell: IntArray
    block: IntArray
    borders: Borders


def tessellate(xy: IntArray, block: IntArray, ground: Ground) -> Cells:
    """Cells of the sites `xy` (lattice), each in its `block`.  O(n log n)."""
    faces = _faces(xy, block, ground)
    face_block = _holder(shapely.point_on_surface(faces), ground.blocks)
    face_of_site = _holder(shapely.points(xy.astype(np.float64)), faces)
    label = _join_cut_off_pieces(faces, face_block, face_of_site)
    used = np.unique(label[face_of_site])
    empty = np.setdiff1d(np.unique(label), used)
    # Cells keep the canonical order of their first site; empty blocks follow in face order.
    first = np.full(len(faces), len(xy), dtype=np.int64)
    np.minimum.at(first, label[face_of_site], np.arange(len(xy)))
    ordered = np.concatenate([used[np.argsort(first[used])], empty])
    number = np.full(len(faces), -1, dtype=np.int64)
    number[ordered] = np.arange(len(ordered))
    face_cell = number[label]
    cell_block = np.zeros(len(ordered), dtype=np.int64)
    cell_block[face_cell] = face_block
    return Cells(
        faces=faces,
        face_cell=face_cell,
        site_cell=face_cell[face_of_site],
        block=cell_block,
        borders=shared_borders(faces, face_cell),
    )


def _faces(xy: IntArray, block: IntArray, ground: Ground) -> GeometryArray:
    """Polygonize the borders; noded by hand where that is enough, else by snap-rounding."""
    lines, ends = [np.zeros((0, 2, 2))], [np.zeros((0, 2))]
    for number in np.flatnonzero(np.bincount(block, minlength=len(ground.blocks)) > 1):
        inner, cut = _inner_borders(xy[block == number], ground.blocks[number])
        lines.append(inner)
        ends.append(cut)
    drawn = np.concatenate(lines)
    rims = _split_rims(ground.blocks, np.unique(np.concatenate(ends), axis=0))
    noded = shapely.linestrings(np.concatenate([drawn, rims]))
    faces = _polygonized(noded, ground)
    if not (_covers(faces, ground.blocks) and _separates(faces, xy)):
        rings = shapely.boundary(ground.blocks)
        snapped = shapely.union_all(
            np.concatenate([rings, shapely.linestrings(drawn)]), grid_size=1.0
        )
        faces = _polygonized(np.array([snapped]), ground)
    return faces


def _polygonized(lines: GeometryArray, ground: Ground) -> GeometryArray:
    """Faces in canonical order, without holes of the community and gaps between its pieces."""
    faces: GeometryArray = shapely.normalize(shapely.get_parts(shapely.polygonize(lines)))
    faces = faces[canonical_order(faces)]
    inner = shapely.point_on_surface(faces)
    inside, _ = shapely.STRtree(ground.blocks).query(inner, predicate="intersects")
    land: GeometryArray = faces[np.unique(inside)]
    return land


def _covers(faces: GeometryArray, blocks: GeometryArray) -> bool:
    """Whether the faces are a coverage of the blocks, rims bent by less than a lattice step."""
    missing = abs(float(shapely.area(faces).sum() - shapely.area(blocks).sum()))
    bent = float(shapely.length(blocks).sum())
    return missing <= bent and bool(shapely.coverage_is_valid(faces))


def _separates(faces: GeometryArray, xy: IntArray) -> bool:
    """Whether no face holds two sites (a border that missed its node would leave such a face)."""
    points = shapely.points(xy.astype(np.float64))
    _, held = shapely.STRtree(faces).query(points, predicate="intersects")
    return len(np.unique(held)) == len(xy)


def _split_rims(blocks: GeometryArray, ends: FloatArray) -> FloatArray:
    """Ring segments of the blocks, once each, cut where inner borders end on them."""
    rings = shapely.get_rings(blocks)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    first = np.flatnonzero(ring[1:] == ring[:-1])
    segments = _unique_segments(points[first], points[first + 1])
    tree = shapely.STRtree(shapely.linestrings(segments))
    spot, segment = tree.query_nearest(shapely.points(ends), all_matches=False)
    start, stop = segments[segment, 0], segments[segment, 1]
    along = ((ends[spot] - start) * (stop - start)).sum(axis=1)
    order = np.lexsort((along, segment))
    chain = np.concatenate([segments[:, 0], ends[spot[order]], segments[:, 1]])
    owner = np.concatenate([np.arange(len(segments)), segment[order], np.arange(len(segments))])
    walk = np.argsort(owner, kind="stable")
    chain, owner = chain[walk], owner[walk]
    joined = np.flatnonzero(owner[1:] == owner[:-1])
    return _unique_segments(chain[joined], chain[joined + 1])


def _inner_borders(xy: IntArray, block: shapely.Polygon) -> tuple[FloatArray, FloatArray]:
    """Voronoi borders of the sites, cut to the block, and where they end on its rim."""
    regions = shapely.voronoi_polygons(shapely.multipoints(xy.astype(np.float64)), extend_to=block)
    points, region = shapely.get_coordinates(shapely.get_parts(regions), return_index=True)
    points = np.rint(points)
    joined = np.flatnonzero(region[1:] == region[:-1])
    segments = _unique_segments(points[joined], points[joined + 1])
    lines = shapely.linestrings(segments)
    shapely.prepare(block)
    inside = shapely.contains_properly(block, lines)
    kept = shapely.get_parts(shapely.intersection(lines[~inside], block))
    kept = kept[shapely.get_dimensions(kept) == 1]
    ends = np.rint(
        np.stack(
            [
                shapely.get_coordinates(shapely.get_point(kept, 0)),
                shapely.get_coordinates(shapely.get_point(kept, -1)),
            ],
            axis=1,
        )
    )
    fresh = ends.reshape(-1, 2)
    known = segments[~inside].reshape(-1, 2)
    return (
        _unique_segments(
            np.concatenate([segments[inside, 0], ends[:, 0]]),
            np.concatenate([segments[inside, 1], ends[:, 1]]),
        ),
        _without(fresh, known),
    )


def _without(points: FloatArray, known: FloatArray) -> FloatArray:
    """Points that are not among the known ones (both whole numbers)."""
    seen = {(x, y) for x, y in known.tolist()}
    kept = [point for point in points.tolist() if (point[0], point[1]) not in seen]
    return np.array(kept, dtype=np.float64).reshape(-1, 2)


def _unique_segments(start: FloatArray, end: FloatArray) -> FloatArray:
    """Undirected segments once each, without those that collapsed, shape (n, 2, 2)."""
    swap = (start[:, 0] > end[:, 0]) | ((start[:, 0] == end[:, 0]) & (start[:, 1] > end[:, 1]))
    low = np.where(swap[:, None], end, start)
    high = np.where(swap[:, None], start, end)
    order = np.lexsort((high[:, 1], high[:, 0], low[:, 1], low[:, 0]))
    low, high = low[order], high[order]
    fresh = np.ones(len(low), dtype=bool)
    fresh[1:] = (low[1:] != low[:-1]).any(axis=1) | (high[1:] != high[:-1]).any(axis=1)
    fresh &= (low != high).any(axis=1)
    return np.stack([low[fresh], high[fresh]], axis=1)


def _holder(points: GeometryArray, areas: GeometryArray) -> IntArray:
    """First area that holds each point; the nearest one where rounding left none."""
    tree = shapely.STRtree(areas)
    held = np.full(len(points), len(areas), dtype=np.int64)
    which, found = tree.query(points, predicate="intersects")
    np.minimum.at(held, which, found)
    lost = np.flatnonzero(held == len(areas))
    if len(lost):
        which, found = tree.query_nearest(points[lost], all_matches=True)
        np.minimum.at(held, lost[which], found)
    return held


def _join_cut_off_pieces(
    faces: GeometryArray, face_block: IntArray, face_of_site: IntArray
) -> IntArray:
    """Label of each face; a piece cut off from its site joins its longest neighbour there."""
    label = np.arange(len(faces), dtype=np.int64)
    has_site = np.zeros(len(faces), dtype=bool)
    has_site[face_of_site] = True
    inhabited = np.zeros(int(face_block.max()) + 1, dtype=bool)
    inhabited[face_block[face_of_site]] = True
    loose = np.flatnonzero(~has_site & inhabited[face_block])
    if not len(loose):
        return label
    borders = shared_borders(faces, label)
    same = face_block[borders.low] == face_block[borders.high]
    low, high, length = borders.low[same], borders.high[same], borders.length[same]
    area = shapely.area(faces)
    for face in sorted(loose.tolist(), key=lambda f: (area[f], f)):
        mine = label == label[face]
        if has_site[mine].any():
            continue
        touch = mine[low] != mine[high]
        other = label[np.where(mine[low[touch]], high[touch], low[touch])]
        if len(other):
            label[mine] = int(np.argmax(np.bincount(other, length[touch])))
    return label
