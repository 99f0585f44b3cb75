"""Nearest sites and Voronoi borders inside blocks, by squares that hold about one site each."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from services.grid_partition.engine.arrays import BoolArray, FloatArray, IntArray, IntTable
from services.grid_partition.engine.kernels.exactly import cross
from services.grid_partition.engine.kernels.jit import inlined, kernel, lean

__all__ = ["SiteIndex", "inside_rings", "locate", "nearest_sites", "voronoi_borders"]


class SiteIndex(NamedTuple):
    """Points of each block in squares of that block's own size; a plain tuple, as kernels take it.

    `xy`, `owner`: by square, squares of a block one after another, column by column.  `start`:
    offsets of the squares.  Per block: `corner` (x, y), `size` of a square, `shape` (columns,
    rows), `offset` of its first square.
    """

    xy: IntTable
    owner: IntArray
    start: IntArray
    corner: IntTable
    size: IntArray
    shape: IntTable
    offset: IntArray


@inlined
def _square(at: int, corner: int, size: int, count: int) -> int:
    return min(max((at - corner) // size, 0), count - 1)


@lean
def _on_ring(index: SiteIndex, block: int, column: int, row: int, ring: int, out: IntArray) -> int:
    """Collect the places of the points in the squares `ring` steps from a square; their count."""
    columns, rows = index.shape[block, 0], index.shape[block, 1]
    count = 0
    for c in range(max(column - ring, 0), min(column + ring, columns - 1) + 1):
        edge = ring == 0 or c == column - ring or c == column + ring
        step = 1 if edge else 2 * ring
        for r in range(row - ring, row + ring + 1, step):
            if 0 <= r < rows:
                square = index.offset[block] + c * rows + r
                for place in range(index.start[square], index.start[square + 1]):
                    out[count] = place
                    count += 1
    return count


@kernel
def nearest_sites(xy: IntTable, block: IntArray, index: SiteIndex) -> IntArray:
    """Place in the index of the point nearest to each xy[i] among those of block[i], or -1."""
    found = np.full(len(xy), -1, np.int64)
    ring_places = np.empty(len(index.xy), np.int64)
    for i in range(len(xy)):
        b = block[i]
        columns, rows, size = index.shape[b, 0], index.shape[b, 1], index.size[b]
        column = _square(xy[i, 0], index.corner[b, 0], size, columns)
        row = _square(xy[i, 1], index.corner[b, 1], size, rows)
        best = np.inf
        for ring in range(max(columns, rows)):
            if ring > 1 and best <= float((ring - 1) * size) * float((ring - 1) * size):
                break
            for k in range(_on_ring(index, b, column, row, ring, ring_places)):
                place = ring_places[k]
                dx = float(index.xy[place, 0] - xy[i, 0])
                dy = float(index.xy[place, 1] - xy[i, 1])
                off = dx * dx + dy * dy
                if off < best or (off == best and index.owner[place] < index.owner[found[i]]):
                    best = off
                    found[i] = place
    return found


class _Cell(NamedTuple):
    """Corners of one cell around its point, the place beyond each side, and room for the next."""

    x: FloatArray
    y: FloatArray
    beyond: IntArray
    next_x: FloatArray
    next_y: FloatArray
    next_beyond: IntArray


@inlined
def _reach(cell: _Cell, corners: int) -> float:
    """Square of the distance of the furthest corner."""
    reach = 0.0
    for k in range(corners):
        reach = max(reach, cell.x[k] * cell.x[k] + cell.y[k] * cell.y[k])
    return reach


@inlined
def _cut(cell: _Cell, corners: int, nx: float, ny: float, place: int) -> int:
    """Keep what is nearer to the cell's point than to the one at (nx, ny); count of corners."""
    half = 0.5 * (nx * nx + ny * ny)
    kept, cuts = 0, False
    for k in range(corners):
        up = k + 1 if k + 1 < corners else 0
        here = cell.x[k] * nx + cell.y[k] * ny - half
        there = cell.x[up] * nx + cell.y[up] * ny - half
        if here <= 0.0:
            cell.next_x[kept], cell.next_y[kept] = cell.x[k], cell.y[k]
            cell.next_beyond[kept] = cell.beyond[k]
            kept += 1
        if (here <= 0.0) != (there <= 0.0):
            cuts = True
            share = here / (here - there)
            cell.next_x[kept] = cell.x[k] + share * (cell.x[up] - cell.x[k])
            cell.next_y[kept] = cell.y[k] + share * (cell.y[up] - cell.y[k])
            cell.next_beyond[kept] = place if here <= 0.0 else cell.beyond[k]
            kept += 1
    if not cuts and kept == corners:
        return corners
    for k in range(kept):
        cell.x[k], cell.y[k], cell.beyond[k] = cell.next_x[k], cell.next_y[k], cell.next_beyond[k]
    return kept


@lean
def _cell_of(
    index: SiteIndex, box: IntTable, block: int, i: int, cell: _Cell, places: IntArray
) -> int:
    """Cut the block's box by the middle lines towards all points that can reach; corner count."""
    sx, sy = index.xy[i, 0], index.xy[i, 1]
    for k in range(4):
        cell.x[k] = float(box[block, 0 if k % 3 == 0 else 2] - sx)
        cell.y[k] = float(box[block, 1 if k < 2 else 3] - sy)
        cell.beyond[k] = -1
    corners = 4
    reach = _reach(cell, corners)
    columns, rows, size = index.shape[block, 0], index.shape[block, 1], index.size[block]
    column = _square(sx, index.corner[block, 0], size, columns)
    row = _square(sy, index.corner[block, 1], size, rows)
    for ring in range(max(columns, rows)):
        clear = float((ring - 1) * size)
        if ring > 1 and clear * clear >= 4.0 * reach:
            break
        for k in range(_on_ring(index, block, column, row, ring, places)):
            nx = float(index.xy[places[k], 0] - sx)
            ny = float(index.xy[places[k], 1] - sy)
            if places[k] != i and nx * nx + ny * ny < 4.0 * reach:
                corners = _cut(cell, corners, nx, ny, places[k])
                reach = _reach(cell, corners)
    return corners


@kernel
def voronoi_borders(index: SiteIndex, box: IntTable) -> IntArray:
    """Borders between points of different owners, rounded, not cut to the blocks.

    Rows x, y, x, y, block.  `box`: bounds x, y, x, y of each block, beyond which nothing is drawn.
    O(n) for points spread evenly over their blocks.
    """
    points = len(index.xy)
    out = np.empty((3 * points + 64, 5), np.int64)
    places = np.empty(points, np.int64)
    cell = _Cell(
        np.empty(points + 8),
        np.empty(points + 8),
        np.empty(points + 8, np.int64),
        np.empty(points + 8),
        np.empty(points + 8),
        np.empty(points + 8, np.int64),
    )
    count, block = 0, 0
    for i in range(points):
        while block + 1 < len(index.offset) and index.start[index.offset[block + 1]] <= i:
            block += 1
        corners = _cell_of(index, box, block, i, cell, places)
        if count + corners > len(out):
            out = np.concatenate((out, np.empty((len(out) + corners, 5), np.int64)))
        for k in range(corners):
            up = k + 1 if k + 1 < corners else 0
            if cell.beyond[k] > i and index.owner[cell.beyond[k]] != index.owner[i]:
                out[count, 0] = index.xy[i, 0] + int(np.rint(cell.x[k]))
                out[count, 1] = index.xy[i, 1] + int(np.rint(cell.y[k]))
                out[count, 2] = index.xy[i, 0] + int(np.rint(cell.x[up]))
                out[count, 3] = index.xy[i, 1] + int(np.rint(cell.y[up]))
                out[count, 4] = block
                count += 1
    return out[:count].copy()


@kernel
def locate(xy: IntTable, rims: IntTable, sides: IntTable, blocks: int) -> tuple[IntArray, IntArray]:
    """Block of each point (-1: none), and the rim nearest to it with the square of its distance.

    `rims`: shape (m, 4); `sides`: blocks left and right of each, -1 for outside.  O(n * m).
    """
    block = np.full(len(xy), -1, np.int64)
    near = np.empty((len(xy), 2), np.int64)
    odd = np.zeros(blocks, np.bool_)
    for i in range(len(xy)):
        for b in range(blocks):
            odd[b] = False
        best, which = np.inf, -1
        for k in range(len(rims)):
            ax, ay = rims[k, 0] - xy[i, 0], rims[k, 1] - xy[i, 1]
            bx, by = rims[k, 2] - xy[i, 0], rims[k, 3] - xy[i, 1]
            if (ay > 0) != (by > 0):
                turn = cross(ax, ay, bx, by)
                if (turn > 0.0) == (by > ay):
                    for side in range(2):
                        if sides[k, side] >= 0:
                            odd[sides[k, side]] = not odd[sides[k, side]]
            dx, dy = float(bx - ax), float(by - ay)
            along = -(float(ax) * dx + float(ay) * dy) / (dx * dx + dy * dy)
            along = min(max(along, 0.0), 1.0)
            px, py = float(ax) + along * dx, float(ay) + along * dy
            off = px * px + py * py
            if off < best:
                best, which = off, k
        near[i, 0], near[i, 1] = which, int(min(best, 9e18))
        for b in range(blocks):
            if odd[b]:
                block[i] = b
                break
    return block, near


@kernel
def inside_rings(
    xy: IntTable, group: IntArray, points: IntTable, start: IntArray, last: IntArray
) -> BoolArray:
    """Whether xy[i] lies inside polygon group[i] (by odd crossings; -1: no).

    Polygon g has the nodes points[start[g]:start[g + 1]], its closed rings one after another;
    `last` marks the closing node of a ring.
    """
    inside = np.zeros(len(xy), np.bool_)
    for i in range(len(xy)):
        if group[i] < 0:
            continue
        for k in range(start[group[i]], start[group[i] + 1] - 1):
            if last[k]:
                continue
            ax, ay = points[k, 0] - xy[i, 0], points[k, 1] - xy[i, 1]
            bx, by = points[k + 1, 0] - xy[i, 0], points[k + 1, 1] - xy[i, 1]
            if (ay > 0) != (by > 0) and (cross(ax, ay, bx, by) > 0.0) == (by > ay):
                inside[i] = not inside[i]
    return inside
