"""Which cells touch, over how much border, and how much of it runs along a barrier."""

from __future__ import annotations

import numpy as np
import shapely

from services.grid_partition.engine.arrays import BoolArray, FloatArray, IntArray
from services.grid_partition.engine.edges import CellEdges
from services.grid_partition.engine.frame import LATTICE_PER_M
from services.grid_partition.engine.ground import Ground
from services.grid_partition.engine.kernels.union import components
from services.grid_partition.engine.tessellation import Cells

__all__ = ["touching_cells"]

#: Cells that share less border than this do not touch: nobody walks through a corner.
_CONTACT_MIN_M = 1.0


def touching_cells(cells: Cells, ground: Ground) -> CellEdges:
    """Edges with more than 1 m of border, and what else joins all cells.

    A cell without such an edge keeps its longest; pieces are bridged, nearest first.
    """
    size = len(cells.block)
    inner = np.minimum(cells.left, cells.right) >= 0
    one, other = cells.left[inner], cells.right[inner]
    keys, inverse = np.unique(
        np.minimum(one, other) * size + np.maximum(one, other), return_inverse=True
    )
    length = np.bincount(inverse, cells.length[inner], len(keys)) / LATTICE_PER_M
    low, high = keys // size, keys % size
    kept = (length > _CONTACT_MIN_M) | _only_contacts(low, high, length, size)
    low, high, length = low[kept], high[kept], np.round(length[kept], 4)
    first, second = cells.block[low], cells.block[high]
    weight = np.where(first == second, 0.0, ground.border_weight[first, second])
    bridges = _bridges(cells, components(size, low, high))
    return CellEdges(
        low=np.concatenate([low, bridges[:, 0]]),
        high=np.concatenate([high, bridges[:, 1]]),
        border_m=np.concatenate([length, np.zeros(len(bridges))]),
        open_m=np.concatenate([np.round(length * (1.0 - weight), 4), np.zeros(len(bridges))]),
        bridge=np.arange(len(low) + len(bridges)) >= len(low),
    )


def _only_contacts(low: IntArray, high: IntArray, length: FloatArray, size: int) -> BoolArray:
    """The longest contact of each cell whose contacts are all too short."""
    longest = np.zeros(size)
    np.maximum.at(longest, low, length)
    np.maximum.at(longest, high, length)
    chosen = np.zeros(len(low), dtype=bool)
    for cell in np.flatnonzero((longest > 0) & (longest <= _CONTACT_MIN_M)):
        edges = np.flatnonzero((low == cell) | (high == cell))
        chosen[edges[int(np.argmax(length[edges]))]] = True
    return chosen


def _bridges(cells: Cells, piece: IntArray) -> IntArray:
    """Shortest links that join the pieces, smallest piece first; shape (pieces - 1, 2)."""
    if piece.max(initial=0) == 0:
        return np.zeros((0, 2), dtype=np.int64)
    cell = np.concatenate([cells.left, cells.right])
    ends = np.stack([cells.nodes[cells.first], cells.nodes[cells.second]], axis=1)
    rims = np.tile(shapely.linestrings(ends.astype(np.float64)), 2)[cell >= 0]
    cell = cell[cell >= 0]
    links: list[tuple[int, int]] = []
    rim_piece, cell_piece = piece[cell], piece.copy()
    while cell_piece.min() < cell_piece.max():
        counts = np.bincount(cell_piece)
        present = np.flatnonzero(counts)
        small = int(present[np.argmin(counts[present])])
        mine = np.flatnonzero(rim_piece == small)
        others = np.flatnonzero(rim_piece != small)
        pair, distance = shapely.STRtree(rims[others]).query_nearest(
            rims[mine], return_distance=True, all_matches=True
        )
        best = np.lexsort((cell[others[pair[1]]], cell[mine[pair[0]]], distance))[0]
        here, there = int(cell[mine[pair[0][best]]]), int(cell[others[pair[1][best]]])
        links.append((min(here, there), max(here, there)))
        cell_piece[cell_piece == small] = cell_piece[there]
        rim_piece[mine] = cell_piece[there]
    return np.array(links, dtype=np.int64).reshape(-1, 2)
