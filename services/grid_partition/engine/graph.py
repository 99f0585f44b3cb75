"""The graph that is cut: atoms (buildings, whole estates, empty blocks) and their borders."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from services.grid_partition.engine.arrays import FloatArray, IntArray
from services.grid_partition.engine.edges import CellEdges

__all__ = ["AtomGraph", "CellTable", "contract", "induced", "restricted"]


class AtomGraph(NamedTuple):
    """Compressed rows of neighbours, and what the atoms weigh; a plain tuple, as kernels take it.

    `indptr`, `indices`: neighbours of atom a are indices[indptr[a]:indptr[a + 1]], ascending.
    `length`: metres of open border to that neighbour, 0 along barriers and bridges.  `weight`:
    households, never above the maximum (a building above it counts as the maximum: it is full).
    `block_ptr`, `block`: blocks the atom lies in.  `estate`, `old`: estate and old grid or -1.
    `blocks`, `estates`, `olds`: how many there are.
    """

    indptr: IntArray
    indices: IntArray
    length: FloatArray
    weight: IntArray
    block_ptr: IntArray
    block: IntArray
    estate: IntArray
    old: IntArray
    blocks: int
    estates: int
    olds: int


class CellTable(NamedTuple):
    """What each cell holds: households (capped at the maximum), block, estate, old grid."""

    households: IntArray
    block: IntArray
    estate: IntArray
    old: IntArray


def contract(cells: CellTable, edges: CellEdges, group: IntArray) -> AtomGraph:
    """Graph whose atoms are the groups of cells 0..max(group); every group must be connected.

    The old grid of an atom is the one most of its households come from.
    """
    size = int(group.max(initial=-1)) + 1
    first, second = group[edges.low], group[edges.high]
    apart = first != second
    key = np.concatenate([first * size + second, second * size + first])
    keys, inverse = np.unique(key[np.tile(apart, 2)], return_inverse=True)
    length = np.bincount(inverse, np.tile(edges.open_m, 2)[np.tile(apart, 2)], len(keys))
    weight = np.bincount(group, cells.households, size).astype(np.int64)
    blocks = np.unique(group * (int(cells.block.max(initial=0)) + 1) + cells.block)
    width = int(cells.block.max(initial=0)) + 1
    estate = np.full(size, -1, dtype=np.int64)
    estate[group] = cells.estate
    return AtomGraph(
        indptr=_pointer(keys // size, size),
        indices=np.ascontiguousarray(keys % size),
        # Without a single edge numpy counts in whole numbers.
        length=np.round(length, 4).astype(np.float64),
        weight=weight,
        block_ptr=_pointer(blocks // width, size),
        block=np.ascontiguousarray(blocks % width),
        estate=estate,
        old=_majority(group, cells.old, cells.households, size),
        blocks=width,
        estates=int(cells.estate.max(initial=-1)) + 1,
        olds=int(cells.old.max(initial=-1)) + 1,
    )


def restricted(table: CellTable, edges: CellEdges, chosen: IntArray) -> tuple[CellTable, CellEdges]:
    """The chosen cells alone, renumbered 0.. in the order of `chosen` (ascending)."""
    number = np.full(len(table.block), -1, dtype=np.int64)
    number[chosen] = np.arange(len(chosen))
    kept = (number[edges.low] >= 0) & (number[edges.high] >= 0)
    inside = CellEdges(
        low=number[edges.low[kept]],
        high=number[edges.high[kept]],
        border_m=edges.border_m[kept],
        open_m=edges.open_m[kept],
        bridge=edges.bridge[kept],
    )
    return CellTable(*(column[chosen] for column in table)), inside


def induced(graph: AtomGraph, atoms: IntArray) -> AtomGraph:
    """The graph of some atoms (ascending) alone; labels of blocks, estates, old grids stay."""
    n = len(graph.weight)
    number = np.full(n, -1, dtype=np.int64)
    number[atoms] = np.arange(len(atoms))
    row = np.repeat(np.arange(n), np.diff(graph.indptr))
    kept = (number[row] >= 0) & (number[graph.indices] >= 0)
    block_row = np.repeat(np.arange(n), np.diff(graph.block_ptr))
    block_kept = number[block_row] >= 0
    return graph._replace(
        indptr=_pointer(number[row[kept]], len(atoms)),
        indices=number[graph.indices[kept]],
        length=graph.length[kept],
        weight=graph.weight[atoms],
        block_ptr=_pointer(number[block_row[block_kept]], len(atoms)),
        block=graph.block[block_kept],
        estate=graph.estate[atoms],
        old=graph.old[atoms],
    )


def _pointer(row: IntArray, size: int) -> IntArray:
    pointer = np.zeros(size + 1, dtype=np.int64)
    np.cumsum(np.bincount(row, minlength=size), out=pointer[1:])
    return pointer


def _majority(group: IntArray, old: IntArray, households: IntArray, size: int) -> IntArray:
    chosen = np.full(size, -1, dtype=np.int64)
    known = old >= 0
    if not known.any():
        return chosen
    width = int(old.max()) + 1
    keys, inverse = np.unique(group[known] * width + old[known], return_inverse=True)
    total = np.bincount(inverse, households[known], len(keys))
    order = np.lexsort((-(keys % width), total, keys // width))
    chosen[keys[order] // width] = keys[order] % width
    return chosen
