"""The network of the atoms that hold households.

Atoms without households (parks, rivers, factories) only pass contiguity on.  Here any two atoms
that touch the same connected group of such atoms count as neighbours.  That allows more than the
map does (two grids may both pass through one park), so what is impossible here is impossible.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.grid_partition.engine.arrays import BoolArray, IntArray
from services.grid_partition.engine.graph import AtomGraph
from services.grid_partition.engine.kernels.sets import Network
from services.grid_partition.engine.kernels.union import components

__all__ = ["Relaxed", "relax"]


@dataclass(frozen=True, eq=False)
class Relaxed:
    """`atom[i]`: atom of the graph that node i of the network stands for.

    `exact`: the graph has no atom without households, so nothing was relaxed.
    """

    network: Network
    atom: IntArray
    exact: bool


def relax(graph: AtomGraph) -> Relaxed:
    """Network of the atoms with households.  O(m + sum of squares of what touches each group)."""
    n = len(graph.weight)
    held = graph.weight > 0
    if held.all():
        return Relaxed(Network(graph.indptr, graph.indices, graph.weight), np.arange(n), True)
    atom = np.flatnonzero(held)
    number = np.full(n, -1, dtype=np.int64)
    number[atom] = np.arange(len(atom))
    row = np.repeat(np.arange(n), np.diff(graph.indptr))
    both = held[row] & held[graph.indices]
    pairs = [np.column_stack([number[row[both]], number[graph.indices[both]]])]
    pairs += _through_empty(graph, row, held, number)
    first, second = np.concatenate(pairs).T
    key = np.unique((first * n + second)[first != second])
    pointer = np.zeros(len(atom) + 1, dtype=np.int64)
    np.cumsum(np.bincount(key // n, minlength=len(atom)), out=pointer[1:])
    return Relaxed(Network(pointer, key % n, graph.weight[atom]), atom, False)


def _through_empty(
    graph: AtomGraph, row: IntArray, held: BoolArray, number: IntArray
) -> list[IntArray]:
    empty = ~held[row] & ~held[graph.indices]
    group = components(
        len(held),
        np.ascontiguousarray(row[empty]),
        np.ascontiguousarray(graph.indices[empty]),
    )
    rim = held[row] & ~held[graph.indices]
    touched = np.unique(group[graph.indices[rim]] * len(held) + number[row[rim]])
    pairs = []
    for label in np.unique(touched // len(held)):
        around = touched[touched // len(held) == label] % len(held)
        pairs.append(np.stack(np.meshgrid(around, around), axis=-1).reshape(-1, 2))
    return pairs
