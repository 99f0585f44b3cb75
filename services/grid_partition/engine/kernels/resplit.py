"""Merge two touching parts and split them again along a random tree."""

from __future__ import annotations

import numpy as np

from services.grid_partition.engine.arrays import FloatArray, IntArray
from services.grid_partition.engine.graph import AtomGraph
from services.grid_partition.engine.kernels.chance import Chance, accepted, unit
from services.grid_partition.engine.kernels.jit import inlined, kernel
from services.grid_partition.engine.kernels.plan import (
    Plan,
    Prices,
    members_of,
    move,
    weight_price,
)
from services.grid_partition.engine.kernels.tree import Tree, grow_tree

__all__ = ["resplit"]

#: Tree cuts dearer than the cheapest by more than this many heats (and one block) are not counted
#: out exactly.
_WORTH_A_LOOK = 3.0


@kernel
def _labels_price(
    graph: AtomGraph, prices: Prices, atoms: IntArray, seen: IntArray, olds: IntArray
) -> float:
    """Block, estate and moving price of one set of atoms; seen[-1] is a clock."""
    seen[-1] += 1
    clock, price = seen[-1], 0.0
    for i in range(len(atoms)):
        atom = atoms[i]
        for slot in range(graph.block_ptr[atom], graph.block_ptr[atom + 1]):
            if seen[graph.block[slot]] != clock:
                seen[graph.block[slot]] = clock
                price += prices.block
        estate = graph.estate[atom]
        if estate >= 0 and seen[graph.blocks + estate] != clock:
            seen[graph.blocks + estate] = clock
            price += prices.estate
    if prices.move > 0.0 and graph.olds > 0:
        total, most = 0, 0
        for i in range(len(atoms)):
            old = graph.old[atoms[i]]
            if old >= 0:
                olds[old] += graph.weight[atoms[i]]
                total += graph.weight[atoms[i]]
                most = max(most, olds[old])
        for i in range(len(atoms)):
            if graph.old[atoms[i]] >= 0:
                olds[graph.old[atoms[i]]] = 0
        price += prices.move * (total - most)
    return price


@inlined
def _border(graph: AtomGraph, plan: Plan, first: int, second: int) -> float:
    """Open border between two parts."""
    border, atom = 0.0, plan.head[first]
    while atom >= 0:
        for edge in range(graph.indptr[atom], graph.indptr[atom + 1]):
            if plan.part[graph.indices[edge]] == second:
                border += graph.length[edge]
        atom = plan.after[atom]
    return border


@inlined
def _base_prices(prices: Prices, tree: Tree, size: int, base: FloatArray) -> float:
    """Cut and weight price of every tree edge; returns the least."""
    least = 1e300
    total = tree.weight[0]
    for place in range(1, size):
        weight = tree.weight[place]
        base[place] = tree.cut[place] + weight_price(prices, weight)
        base[place] += weight_price(prices, total - weight)
        least = min(least, base[place])
    return least


@inlined
def _choose(
    graph: AtomGraph,
    prices: Prices,
    tree: Tree,
    size: int,
    heat: float,
    chance: Chance,
    scratch: tuple[FloatArray, IntArray, IntArray, IntArray],
) -> tuple[int, float]:
    """Place of the tree edge to cut, by exact price less a random discount, and that price."""
    base, rest, seen, olds = scratch
    worth = _base_prices(prices, tree, size, base) + _WORTH_A_LOOK * heat + prices.block
    chosen, chosen_price, best = -1, 0.0, 1e300
    for place in range(1, size):
        if base[place] > worth:
            continue
        end = place + tree.size[place]
        for i in range(place):
            rest[i] = tree.atom[i]
        for i in range(end, size):
            rest[i - tree.size[place]] = tree.atom[i]
        price = base[place]
        price += _labels_price(graph, prices, tree.atom[place:end], seen, olds)
        price += _labels_price(graph, prices, rest[: size - tree.size[place]], seen, olds)
        noise = unit(chance)
        noisy = price - heat * noise * noise
        if noisy < best:
            chosen, chosen_price, best = place, price, noisy
    return chosen, chosen_price


@kernel
def resplit(
    graph: AtomGraph,
    plan: Plan,
    prices: Prices,
    pair: tuple[int, int],
    heat: float,
    chance: Chance,
    tree: Tree,
    scratch: tuple[FloatArray, IntArray, IntArray, IntArray],
) -> float:
    """Try a new border between the two parts; returns the change of price (0.0 when refused)."""
    first, second = pair
    members = np.empty(plan.size[first] + plan.size[second], np.int64)
    size = members_of(plan, second, members, members_of(plan, first, members, 0))
    if size < 3 or not grow_tree(graph, members, tree, chance):
        return 0.0
    place, price = _choose(graph, prices, tree, size, heat, chance, scratch)
    if place < 0:
        return 0.0
    half = plan.size[first]
    rise = price - _border(graph, plan, first, second)
    rise -= weight_price(prices, plan.weight[first]) + weight_price(prices, plan.weight[second])
    rise -= _labels_price(graph, prices, members[:half], scratch[2], scratch[3])
    rise -= _labels_price(graph, prices, members[half:], scratch[2], scratch[3])
    if not accepted(chance, rise, heat):
        return 0.0
    end = place + tree.size[place]
    for i in range(size):
        to = first if place <= i < end else second
        if plan.part[tree.atom[i]] != to:
            move(graph, plan, tree.atom[i], to)
    return rise
