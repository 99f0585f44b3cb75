"""A first plan by recursive bisection along random trees."""

from __future__ import annotations

import numpy as np

from services.grid_partition.engine.arrays import IntArray
from services.grid_partition.engine.graph import AtomGraph
from services.grid_partition.engine.kernels.chance import Chance
from services.grid_partition.engine.kernels.jit import inlined, kernel
from services.grid_partition.engine.kernels.plan import Prices
from services.grid_partition.engine.kernels.tree import Tree, grow_tree, new_tree

__all__ = ["bisect"]

_TRIES = 6
_OFF_TARGET = 0.02
_OFF_RANGE_M = 2000.0
_HALVING_M = 120.0


@inlined
def _side(prices: Prices, weight: int, parts: int, mean: float) -> float:
    share = weight / parts
    price = _OFF_TARGET * (share - mean) * (share - mean)
    if share < prices.low or share > prices.high:
        price += _OFF_RANGE_M
    return price


@inlined
def _best_edge(tree: Tree, size: int, parts: int, prices: Prices) -> tuple[int, int, float]:
    """Tree edge to cut: place, parts below it, score."""
    total = tree.weight[0]
    mean = total / parts
    best, best_parts, least = -1, 0, 1e300
    for place in range(1, size):
        weight = tree.weight[place]
        below = int(weight * parts / max(total, 1) + 0.5)
        below = min(max(below, 1), parts - 1)
        score = tree.cut[place] + _side(prices, weight, below, mean)
        score += _side(prices, total - weight, parts - below, mean)
        score -= _HALVING_M * min(below, parts - below) / parts
        if score < least:
            best, best_parts, least = place, below, score
    return best, best_parts, least


@inlined
def _split(
    graph: AtomGraph, members: IntArray, parts: int, prices: Prices, tree: Tree, chance: Chance
) -> tuple[int, int]:
    """Reorder `members` so that one side comes first; returns its size and its parts."""
    front, front_parts, least = 0, 0, 1e300
    size = len(members)
    ordered = np.empty(size, np.int64)
    for i in range(size):
        ordered[i] = members[i]
    for _ in range(_TRIES):
        if not grow_tree(graph, members, tree, chance):
            return 0, 0
        place, below, score = _best_edge(tree, size, parts, prices)
        if place > 0 and score < least:
            least, front, front_parts = score, tree.size[place], below
            for i in range(front):
                ordered[i] = tree.atom[place + i]
            for i in range(place):
                ordered[front + i] = tree.atom[i]
            for i in range(place + front, size):
                ordered[i] = tree.atom[i]
    for i in range(size):
        members[i] = ordered[i]
    return front, front_parts


@kernel
def bisect(graph: AtomGraph, parts: int, prices: Prices, chance: Chance) -> tuple[IntArray, int]:
    """Labels of about `parts` connected parts, and how many there are (fewer when atoms run out).

    The graph must be connected.  O(tries m log parts).
    """
    n = len(graph.weight)
    label = np.zeros(n, np.int64)
    atoms = np.arange(n)
    stack = np.zeros((parts + 2, 3), np.int64)
    stack[0, 1], stack[0, 2] = n, parts
    tree = new_tree(graph)
    top, made = 1, 0
    while top > 0:
        top -= 1
        low, high, wanted = stack[top, 0], stack[top, 1], stack[top, 2]
        front, below = 0, 0
        if wanted > 1 and high - low > 1:
            front, below = _split(graph, atoms[low:high], wanted, prices, tree, chance)
        if front == 0:
            for i in range(low, high):
                label[atoms[i]] = made
            made += 1
            continue
        stack[top, 0], stack[top, 1], stack[top, 2] = low, low + front, below
        stack[top + 1, 0], stack[top + 1, 1], stack[top + 1, 2] = low + front, high, wanted - below
        top += 2
    return label, made
