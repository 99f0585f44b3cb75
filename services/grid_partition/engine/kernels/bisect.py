"""A first plan by recursive bisection along the rims of growing regions."""

from __future__ import annotations

import numpy as np

from services.grid_partition.engine.arrays import IntArray
from services.grid_partition.engine.graph import AtomGraph
from services.grid_partition.engine.kernels.chance import Chance, draw
from services.grid_partition.engine.kernels.growth import (
    Growth,
    cheapest,
    connected_rest,
    grow_region,
    new_growth,
)
from services.grid_partition.engine.kernels.jit import inlined, kernel
from services.grid_partition.engine.kernels.plan import Prices

__all__ = ["bisect"]

_TRIES = 1
_TRIES_MOST = 24
_LOOKS = 4
_OFF_RANGE_M = 2000.0
_HALVING_M = 120.0


@inlined
def _side(prices: Prices, weight: int, parts: int, mean: float, off_m: float) -> float:
    share = weight / parts
    price = off_m * (share - mean) * (share - mean)
    if share < prices.low or share > prices.high:
        price += _OFF_RANGE_M
    return price


@inlined
def _score_stages(growth: Growth, size: int, parts: int, prices: Prices, off_m: float) -> None:
    """Turn the price of every stage into the score of a cut there."""
    total = growth.weight[size - 1]
    mean = total / parts
    for stage in range(size - 1):
        weight = growth.weight[stage]
        below = _parts_of(weight, total, parts)
        growth.price[stage] += _side(prices, weight, below, mean, off_m)
        growth.price[stage] += _side(prices, total - weight, parts - below, mean, off_m)
        growth.price[stage] -= _HALVING_M * min(below, parts - below) / parts


@inlined
def _parts_of(weight: int, total: int, parts: int) -> int:
    return min(max(int(weight * parts / max(total, 1) + 0.5), 1), parts - 1)


@inlined
def _best_stage(graph: AtomGraph, growth: Growth, size: int, least: float) -> int:
    """Cheapest stage below `least` whose rest holds together; -1 for none."""
    for _ in range(_LOOKS):
        best = cheapest(growth.price, size)
        if best == size - 1 or growth.price[best] >= least:
            return -1
        if connected_rest(graph, growth, best, size):
            return best
        growth.price[best] = 1e300
    return -1


@inlined
def _split(
    graph: AtomGraph,
    members: IntArray,
    parts: int,
    prices: Prices,
    manner: tuple[float, float],
    growth: Growth,
    chance: Chance,
) -> tuple[int, int]:
    """Reorder `members` so that one side comes first; returns its size and its parts."""
    front, front_parts, least = 0, 0, 1e300
    size = len(members)
    ordered = np.empty(size, np.int64)
    for turn in range(_TRIES_MOST):
        if turn >= _TRIES and front > 0:
            break
        begin = members[draw(chance, size)]
        if grow_region(graph, members, begin, prices, manner[0], growth, chance) < size:
            break
        _score_stages(growth, size, parts, prices, manner[1])
        stage = _best_stage(graph, growth, size, least)
        if stage >= 0:
            least, front = growth.price[stage], stage + 1
            front_parts = _parts_of(growth.weight[stage], growth.weight[size - 1], parts)
            for i in range(size):
                ordered[i] = growth.order[i]
    for i in range(size):
        if front > 0:
            members[i] = ordered[i]
    return front, front_parts


@kernel
def bisect(
    graph: AtomGraph, parts: int, prices: Prices, manner: tuple[float, float], chance: Chance
) -> tuple[IntArray, int]:
    """Labels of about `parts` connected parts, and how many there are (fewer when atoms run out).

    The graph must be connected.  O(tries m log parts).
    """
    n = len(graph.weight)
    label = np.zeros(n, np.int64)
    atoms = np.arange(n)
    stack = np.zeros((parts + 2, 3), np.int64)
    stack[0, 1], stack[0, 2] = n, parts
    growth = new_growth(graph)
    top, made = 1, 0
    while top > 0:
        top -= 1
        low, high, wanted = stack[top, 0], stack[top, 1], stack[top, 2]
        front, below = 0, 0
        if wanted > 1 and high - low > 1:
            front, below = _split(graph, atoms[low:high], wanted, prices, manner, growth, chance)
        if front == 0:
            for i in range(low, high):
                label[atoms[i]] = made
            made += 1
            continue
        stack[top, 0], stack[top, 1], stack[top, 2] = low, low + front, below
        stack[top + 1, 0], stack[top + 1, 1], stack[top + 1, 2] = low + front, high, wanted - below
        top += 2
    return label, made
