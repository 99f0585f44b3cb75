"""A coarser graph to begin with: neighbouring atoms that will hardly be parted are one.

Clusters grow under a limit of households, by the longest common border for their size (as in
Meyerhenke, Sanders and Schulz, "Partitioning complex networks via size-constrained clustering",
2014); chance makes every coarsening another.
"""

from __future__ import annotations

import numpy as np

from services.grid_partition.engine.arrays import FloatArray, IntArray
from services.grid_partition.engine.graph import AtomGraph
from services.grid_partition.engine.kernels.chance import Chance, draw, unit
from services.grid_partition.engine.kernels.jit import inlined, kernel, lean
from services.grid_partition.engine.kernels.pieces import Pieces

__all__ = ["clusters", "coarse_graph"]

_WEIGHT_FLOOR = 10.0
_NOISE = 0.6


@inlined
def _shuffle(order: IntArray, chance: Chance) -> None:
    for place in range(len(order) - 1, 0, -1):
        other = draw(chance, place + 1)
        order[place], order[other] = order[other], order[place]


@inlined
def _mixed(first: int, second: int) -> bool:
    return first >= 0 and second >= 0 and first != second


@kernel
def clusters(
    graph: AtomGraph, heaviest: int, keep_old: bool, chance: Chance
) -> tuple[IntArray, int]:
    """Cluster of each atom, and how many: connected, at most `heaviest` households, one estate.

    `keep_old`: also of one old grid.  Atoms joined over a barrier alone stay apart.  O(m).
    """
    n = len(graph.weight)
    cluster, weight = np.arange(n), graph.weight.copy()
    estate, old = graph.estate.copy(), graph.old.copy()
    size, shared = np.ones(n, np.int64), np.zeros(n, np.float64)
    kinds, room = (weight, estate, old, size), (np.arange(n), shared)
    count = _grow(graph, cluster, kinds, room, (heaviest, keep_old), chance)
    return cluster, count


@lean
def _grow(
    graph: AtomGraph,
    cluster: IntArray,
    kinds: tuple[IntArray, IntArray, IntArray, IntArray],
    room: tuple[IntArray, FloatArray],
    limits: tuple[int, bool],
    chance: Chance,
) -> int:
    """Write the clusters, numbered by their first atom; returns how many."""
    weight, estate, old, size = kinds
    order, shared = room
    _shuffle(order, chance)
    for turn in range(len(order)):
        atom = order[turn]
        if size[cluster[atom]] > 1:
            continue
        best = _partner(graph, atom, cluster, kinds, shared, limits, chance)
        if best >= 0:
            cluster[atom] = best
            weight[best] += weight[atom]
            size[best] += 1
            estate[best] = max(estate[best], estate[atom])
            old[best] = max(old[best], old[atom])
    return _numbered(cluster, order)


@inlined
def _numbered(cluster: IntArray, number: IntArray) -> int:
    count = 0
    for atom in range(len(number)):
        number[atom] = -1
    for atom in range(len(number)):
        if number[cluster[atom]] < 0:
            number[cluster[atom]] = count
            count += 1
    for atom in range(len(number)):
        cluster[atom] = number[cluster[atom]]
    return count


@inlined
def _partner(
    graph: AtomGraph,
    atom: int,
    cluster: IntArray,
    kinds: tuple[IntArray, IntArray, IntArray, IntArray],
    shared: FloatArray,
    limits: tuple[int, bool],
    chance: Chance,
) -> int:
    """Neighbouring cluster that an atom by itself joins, -1 for none."""
    weight, estate, old, _ = kinds
    for edge in range(graph.indptr[atom], graph.indptr[atom + 1]):
        shared[cluster[graph.indices[edge]]] += graph.length[edge]
    best, most = -1, 0.0
    for edge in range(graph.indptr[atom], graph.indptr[atom + 1]):
        other = cluster[graph.indices[edge]]
        border, together = shared[other], weight[atom] + weight[other]
        shared[other] = 0.0
        if border <= 0.0 or together > limits[0] or _mixed(estate[atom], estate[other]):
            continue
        if limits[1] and _mixed(old[atom], old[other]):
            continue
        worth = border / (together + _WEIGHT_FLOOR) * (1.0 + _NOISE * unit(chance))
        if worth > most:
            best, most = other, worth
    return best


@kernel
def coarse_graph(graph: AtomGraph, pieces: Pieces, cluster: IntArray) -> AtomGraph:
    """The clusters, contracted to `pieces`, as a graph of their own."""
    count = len(pieces.weight)
    estate, old = np.full(count, -1, np.int64), np.full(count, -1, np.int64)
    for atom in range(len(cluster)):
        estate[cluster[atom]] = max(estate[cluster[atom]], graph.estate[atom])
        old[cluster[atom]] = max(old[cluster[atom]], graph.old[atom])
    block_ptr = np.zeros(count + 1, np.int64)
    block = np.empty(pieces.label_ptr[count], np.int64)
    blocks = 0
    for piece in range(count):
        for place in range(pieces.label_ptr[piece], pieces.label_ptr[piece + 1]):
            if pieces.label[place] < pieces.blocks:
                block[blocks] = pieces.label[place]
                blocks += 1
        block_ptr[piece + 1] = blocks
    return AtomGraph(
        pieces.indptr,
        pieces.indices,
        pieces.length,
        pieces.weight,
        block_ptr,
        block,
        estate,
        old,
        graph.blocks,
        graph.estates,
        graph.olds,
    )
