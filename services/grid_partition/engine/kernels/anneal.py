"""Simulated annealing over contiguous plans: flips, swaps and re-splits of pairs."""

from __future__ import annotations

import numpy as np

from services.grid_partition.engine.arrays import IntArray
from services.grid_partition.engine.graph import AtomGraph
from services.grid_partition.engine.kernels.chance import Chance, draw, unit
from services.grid_partition.engine.kernels.flip import flip, swap
from services.grid_partition.engine.kernels.growth import Growth, new_growth
from services.grid_partition.engine.kernels.jit import inlined, kernel, lean
from services.grid_partition.engine.kernels.plan import (
    Plan,
    Prices,
    new_plan,
    objective,
    outside,
    range_price,
)
from services.grid_partition.engine.kernels.resplit import resplit

__all__ = ["anneal"]

#: Shares of the moves.  Swaps help where a part is a few households outside the range, else little.
_SWAP_SHARE = 0.02
_SWAP_SHARE_OUTSIDE = 0.10
_RESPLIT_SHARE = 0.20
_FLIP, _SWAP, _RESPLIT = 0, 1, 2
#: While a part is outside the range, every fourth move tries to begin in such a part.
_EACH = 4
_DRAWS = 16


@inlined
def _miss(plan: Plan, prices: Prices, first: int, second: int) -> int:
    return outside(prices, plan.weight[first]) + outside(prices, plan.weight[second])


@inlined
def _neighbour(graph: AtomGraph, plan: Plan, atom: int, chance: Chance) -> int:
    """Part of a random neighbour of the atom (perhaps its own), -1 without neighbours."""
    degree = graph.indptr[atom + 1] - graph.indptr[atom]
    if degree == 0:
        return -1
    slot = graph.indptr[atom] + draw(chance, degree)
    return int(plan.part[graph.indices[slot]])


@inlined
def _kind_of_move(chance: Chance, miss: int) -> int:
    share = unit(chance)
    if share > 1.0 - _RESPLIT_SHARE:
        return _RESPLIT
    if share < _SWAP_SHARE or (miss > 0 and share < _SWAP_SHARE_OUTSIDE):
        return _SWAP
    return _FLIP


@inlined
def _atom_to_move(plan: Plan, prices: Prices, miss: int, step: int, chance: Chance) -> int:
    """Any atom; now and then one of a part outside the range, if a few draws find one."""
    atom = draw(chance, len(plan.part))
    if miss > 0 and step % _EACH == 0:
        for _ in range(_DRAWS):
            if outside(prices, plan.weight[plan.part[atom]]) > 0:
                break
            atom = draw(chance, len(plan.part))
    return atom


@inlined
def _keep(plan: Plan, best: IntArray) -> None:
    """Copy what moved since the last call into `best`."""
    end = len(plan.trail) - 1
    for i in range(plan.trail[end]):
        atom = plan.trail[i]
        best[atom] = plan.part[atom]
        plan.on_trail[atom] = 0
    plan.trail[end] = 0


@kernel
def anneal(
    graph: AtomGraph,
    part: IntArray,
    parts: int,
    prices: Prices,
    steps: int,
    heats: tuple[float, float],
    chance: Chance,
) -> tuple[IntArray, int, float]:
    """Improve the plan `part`; returns the best one, its households outside, and its J.

    Best is fewest households outside the range, then least J.  Every part of `part` must be
    connected and not empty; so is every part of the answer.  `heats`: metres at the start, factor
    after each 64 of the `steps` moves.  About 0.5 microseconds a flip, 0.3 per atom a re-split.
    """
    n = len(graph.weight)
    plan = new_plan(graph, part, parts)
    best = part.copy()
    if parts < 2 or n < 2:
        miss, cost = objective(graph, plan, prices)
        return best, miss, cost
    growth, members = new_growth(graph), np.empty(n, np.int64)
    miss, cost = _searched(graph, plan, prices, steps, heats, (growth, members, best), chance)
    return best, miss, cost


@lean
def _searched(
    graph: AtomGraph,
    plan: Plan,
    prices: Prices,
    steps: int,
    heats: tuple[float, float],
    room: tuple[Growth, IntArray, IntArray],
    chance: Chance,
) -> tuple[int, float]:
    """Anneal; writes the best labels into room[2], returns their households outside and J."""
    growth, members, best = room
    miss, cost = objective(graph, plan, prices)
    best_miss, best_cost = miss, cost
    heat = heats[0]
    for step in range(steps):
        if step % 64 == 63:
            heat *= heats[1]
        atom = _atom_to_move(plan, prices, miss, step, chance)
        to, here = _neighbour(graph, plan, atom, chance), plan.part[atom]
        if to < 0 or to == here:
            continue
        kind = _kind_of_move(chance, miss)
        miss -= _miss(plan, prices, here, to)
        cost += range_price(prices, plan.weight[here], plan.weight[to])
        if kind == _SWAP:
            cost += swap(graph, plan, prices, atom, to, heat, chance)
        elif kind == _RESPLIT:
            cost += resplit(graph, plan, prices, (here, to), heat, chance, growth, members)
        else:
            cost += flip(graph, plan, prices, atom, to, heat, chance)
        cost -= range_price(prices, plan.weight[here], plan.weight[to])
        miss += _miss(plan, prices, here, to)
        if miss < best_miss or (miss == best_miss and cost < best_cost - 1e-6):
            best_miss, best_cost = miss, cost
            _keep(plan, best)
    return best_miss, best_cost
