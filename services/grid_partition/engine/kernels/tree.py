"""Random spanning trees of a connected set of atoms, and the value of every cut of the tree.

Kruskal on random keys that favour long borders: what shares much border stays together, and the
edge that is cut is likely to lie along a barrier.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from services.grid_partition.engine.arrays import FloatArray, IntArray
from services.grid_partition.engine.graph import AtomGraph
from services.grid_partition.engine.kernels.chance import Chance, unit
from services.grid_partition.engine.kernels.jit import inlined, kernel
from services.grid_partition.engine.kernels.union import find

__all__ = ["Tree", "grow_tree", "new_tree"]

_BUCKETS = 64
_OPEN_BUCKETS = 48
_ESTATE_BUCKETS = 6
_HALF_LENGTH_M = 30.0


class Tree(NamedTuple):
    """Work space for trees of up to n atoms; after `grow_tree` the first s entries are valid.

    By position in preorder: `atom`, `parent` (position, smaller than its own), `size`, `weight` and
    `cut` (open border, metres) of the subtree.  The rest is scratch; `local` is -1 between calls.
    """

    atom: IntArray
    parent: IntArray
    size: IntArray
    weight: IntArray
    cut: FloatArray
    local: IntArray
    root: IntArray
    edge_a: IntArray
    edge_b: IntArray
    bucket: IntArray
    order: IntArray
    near: IntArray
    near_ptr: IntArray
    stack: IntArray
    position: IntArray


@inlined
def new_tree(graph: AtomGraph) -> Tree:
    """Allocate the work space once per run."""
    n = len(graph.weight)
    m = len(graph.indices) // 2 + 1
    return Tree(
        np.empty(n, np.int64),
        np.empty(n, np.int64),
        np.empty(n, np.int64),
        np.empty(n, np.int64),
        np.empty(n, np.float64),
        np.full(n, -1, np.int64),
        np.empty(n, np.int64),
        np.empty(m, np.int64),
        np.empty(m, np.int64),
        np.empty(m, np.int64),
        np.empty(m, np.int64),
        np.empty(2 * n, np.int64),
        np.empty(n + 1, np.int64),
        np.empty(n, np.int64),
        np.empty(n, np.int64),
    )


@inlined
def _key(graph: AtomGraph, a: int, b: int, length: float, chance: Chance) -> int:
    spread = unit(chance)
    if graph.estate[a] >= 0 and graph.estate[a] == graph.estate[b]:
        return int(spread * _ESTATE_BUCKETS)
    if length <= 0.0:
        return _OPEN_BUCKETS + int(spread * (_BUCKETS - _OPEN_BUCKETS))
    return int(spread * _OPEN_BUCKETS * _HALF_LENGTH_M / (_HALF_LENGTH_M + length))


@inlined
def _sorted_edges(graph: AtomGraph, members: IntArray, tree: Tree, chance: Chance) -> int:
    """Collect the edges inside the set, sorted by key with a counting sort; returns their count."""
    count = 0
    start = np.zeros(_BUCKETS + 1, np.int64)
    for i in range(len(members)):
        a = members[i]
        for edge in range(graph.indptr[a], graph.indptr[a + 1]):
            b = graph.indices[edge]
            if b > a and tree.local[b] >= 0:
                key = _key(graph, a, b, graph.length[edge], chance)
                tree.edge_a[count] = i
                tree.edge_b[count] = tree.local[b]
                tree.bucket[count] = key
                start[key + 1] += 1
                count += 1
    for key in range(_BUCKETS):
        start[key + 1] += start[key]
    for edge in range(count):
        key = tree.bucket[edge]
        tree.order[start[key]] = edge
        start[key] += 1
    return count


@inlined
def _kruskal(size: int, edges: int, tree: Tree) -> int:
    """Choose tree edges (the front of `order`); returns how many: size - 1 if connected."""
    chosen = 0
    for i in range(size):
        tree.root[i] = i
    for i in range(edges):
        edge = tree.order[i]
        a, b = find(tree.root, tree.edge_a[edge]), find(tree.root, tree.edge_b[edge])
        if a != b:
            tree.root[a] = b
            tree.order[chosen] = edge
            chosen += 1
            if chosen == size - 1:
                break
    return chosen


@inlined
def _link(size: int, chosen: int, tree: Tree) -> None:
    """Neighbour lists of the tree, by local index."""
    for i in range(size + 1):
        tree.near_ptr[i] = 0
    for i in range(chosen):
        edge = tree.order[i]
        tree.near_ptr[tree.edge_a[edge]] += 1
        tree.near_ptr[tree.edge_b[edge]] += 1
    total = 0
    for i in range(size):
        total += tree.near_ptr[i]
        tree.near_ptr[i] = total
    tree.near_ptr[size] = total
    for i in range(chosen):
        edge = tree.order[i]
        a, b = tree.edge_a[edge], tree.edge_b[edge]
        tree.near_ptr[a] -= 1
        tree.near[tree.near_ptr[a]] = b
        tree.near_ptr[b] -= 1
        tree.near[tree.near_ptr[b]] = a


@inlined
def _preorder(graph: AtomGraph, members: IntArray, tree: Tree) -> None:
    size = len(members)
    for i in range(size):
        tree.root[i] = -1
    tree.stack[0] = 0
    top, place = 1, 0
    while top > 0:
        top -= 1
        here = tree.stack[top]
        tree.position[here] = place
        tree.atom[place] = members[here]
        tree.parent[place] = tree.root[here]
        tree.size[place] = 1
        tree.weight[place] = graph.weight[members[here]]
        tree.cut[place] = 0.0
        for slot in range(tree.near_ptr[here], tree.near_ptr[here + 1]):
            child = tree.near[slot]
            if tree.root[child] < 0 and tree.parent[place] != tree.position[child]:
                tree.root[child] = place
                tree.stack[top] = child
                top += 1
        place += 1


@inlined
def _cut_values(graph: AtomGraph, members: IntArray, tree: Tree) -> None:
    """Open border of every subtree: ends add, the meeting point takes back, sums run upwards."""
    for i in range(len(members)):
        atom = members[i]
        for edge in range(graph.indptr[atom], graph.indptr[atom + 1]):
            other = graph.indices[edge]
            if other > atom and tree.local[other] >= 0 and graph.length[edge] > 0.0:
                a, b = tree.position[i], tree.position[tree.local[other]]
                tree.cut[a] += graph.length[edge]
                tree.cut[b] += graph.length[edge]
                while a != b:
                    if a > b:
                        a = tree.parent[a]
                    else:
                        b = tree.parent[b]
                tree.cut[a] -= 2.0 * graph.length[edge]
    for place in range(len(members) - 1, 0, -1):
        up = tree.parent[place]
        tree.cut[up] += tree.cut[place]
        tree.weight[up] += tree.weight[place]
        tree.size[up] += tree.size[place]


@kernel
def grow_tree(graph: AtomGraph, members: IntArray, tree: Tree, chance: Chance) -> bool:
    """Draw a random spanning tree of `members`; False when they are not connected.

    O(s log s) for s members of bounded degree.
    """
    for i in range(len(members)):
        tree.local[members[i]] = i
    edges = _sorted_edges(graph, members, tree, chance)
    chosen = _kruskal(len(members), edges, tree)
    connected = chosen == len(members) - 1
    if connected:
        _link(len(members), chosen, tree)
        for i in range(len(members)):
            tree.position[i] = -2
        _preorder(graph, members, tree)
        _cut_values(graph, members, tree)
    for i in range(len(members)):
        tree.local[members[i]] = -1
    return connected
