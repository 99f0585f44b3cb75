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
    atom = np.flatnonzero(held)
    number = np.full(n, -1, dtype=np.int64)
    number[atom] = np.arange(len(atom))
    row = np.repeat(np.arange(n), np.diff(graph.indptr))
    both = held[row] & held[graph.indices]
    pairs = [np.column_stack([number[row[both]], number[graph.indices[both]]])]
    pairs += _through_empty(graph, row, held, number)
    edges = np.unique(np.concatenate(pairs), axis=0)
    edges = edges[edges[:, 0] != edges[:, 1]]
    pointer = np.zeros(len(atom) + 1, dtype=np.int64)
    np.cumsum(np.bincount(edges[:, 0], minlength=len(atom)), out=pointer[1:])
    network = Network(pointer, np.ascontiguousarray(edges[:, 1]), graph.weight[atom])
    return Relaxed(network, atom, bool(held.all()))


def _through_empty(
    graph: AtomGraph, row: IntArray, held: BoolArray, number: IntArray
) -> list[IntArray]:
    if held.all():
        return []
    empty = ~held[row] & ~held[graph.indices]
    group = components(
        len(held),
        np.ascontiguousarray(row[empty]),
        np.ascontiguousarray(graph.indices[empty]),
    )
    rim = held[row] & ~held[graph.indices]
    touched = np.unique(np.column_stack([group[graph.indices[rim]], number[row[rim]]]), axis=0)
    pairs = []
    for label in np.unique(touched[:, 0]):
        around = touched[touched[:, 0] == label, 1]
        pairs.append(np.stack(np.meshgrid(around, around), axis=-1).reshape(-1, 2))
    return pairs
