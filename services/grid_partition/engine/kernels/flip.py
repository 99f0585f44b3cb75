"""Moves of single atoms: flip one over a border, or swap two."""

from __future__ import annotations

from services.grid_partition.engine.graph import AtomGraph
from services.grid_partition.engine.kernels.chance import Chance, accepted
from services.grid_partition.engine.kernels.jit import inlined, lean
from services.grid_partition.engine.kernels.plan import Plan, Prices, move, moved, weight_price

__all__ = ["flip", "flip_rise", "removable", "swap"]


@lean
def removable(graph: AtomGraph, plan: Plan, atom: int) -> bool:
    """Whether the rest of the atom's part stays connected without it (and is not empty).

    Walks from one neighbour until the others are seen; stops early, O(part) at worst.
    """
    part = plan.part[atom]
    if plan.size[part] < 2:
        return False
    clock = len(plan.stamp) - 1
    plan.stamp[clock] += 2
    wanted, seen = plan.stamp[clock], plan.stamp[clock] + 1
    missing, start = 0, -1
    for edge in range(graph.indptr[atom], graph.indptr[atom + 1]):
        other = graph.indices[edge]
        if plan.part[other] == part:
            plan.stamp[other] = wanted
            missing += 1
            start = other
    if missing <= 1:
        return missing == 1
    plan.stamp[atom] = seen
    plan.stamp[start] = seen
    missing -= 1
    plan.queue[0] = start
    done, end = 0, 1
    while done < end:
        here = plan.queue[done]
        done += 1
        for edge in range(graph.indptr[here], graph.indptr[here + 1]):
            other = graph.indices[edge]
            if plan.part[other] == part and plan.stamp[other] != seen:
                if plan.stamp[other] == wanted:
                    missing -= 1
                    if missing == 0:
                        return True
                plan.stamp[other] = seen
                plan.queue[end] = other
                end += 1
    return False


@inlined
def _label_rise(graph: AtomGraph, plan: Plan, prices: Prices, atom: int, to: int) -> float:
    """Change of the block and estate prices if the atom went over."""
    part, rise = plan.part[atom], 0.0
    for slot in range(graph.block_ptr[atom], graph.block_ptr[atom + 1]):
        block = graph.block[slot]
        if plan.in_block[part, block] == 1:
            rise -= prices.block
        if plan.in_block[to, block] == 0:
            rise += prices.block
    estate = graph.estate[atom]
    if estate >= 0:
        if plan.in_estate[part, estate] == 1:
            rise -= prices.estate
        if plan.in_estate[to, estate] == 0:
            rise += prices.estate
    return rise


@inlined
def _moved_rise(graph: AtomGraph, plan: Plan, prices: Prices, atom: int, to: int) -> float:
    old, part, weight = graph.old[atom], plan.part[atom], graph.weight[atom]
    if prices.move <= 0.0 or old < 0:
        return 0.0
    before = moved(plan, part) + moved(plan, to)
    plan.from_old[part, old] -= weight
    plan.from_old[to, old] += weight
    after = moved(plan, part) + moved(plan, to)
    plan.from_old[part, old] += weight
    plan.from_old[to, old] -= weight
    return prices.move * (after - before)


@lean
def flip_rise(graph: AtomGraph, plan: Plan, prices: Prices, atom: int, to: int) -> float:
    """Change of the total price if the atom went over to part `to`."""
    part, weight = plan.part[atom], graph.weight[atom]
    rise = weight_price(prices, plan.weight[part] - weight)
    rise -= weight_price(prices, plan.weight[part])
    rise += weight_price(prices, plan.weight[to] + weight)
    rise -= weight_price(prices, plan.weight[to])
    for edge in range(graph.indptr[atom], graph.indptr[atom + 1]):
        other = plan.part[graph.indices[edge]]
        if other == part:
            rise += graph.length[edge]
        elif other == to:
            rise -= graph.length[edge]
    rise += _label_rise(graph, plan, prices, atom, to)
    return rise + _moved_rise(graph, plan, prices, atom, to)


@inlined
def flip(
    graph: AtomGraph, plan: Plan, prices: Prices, atom: int, to: int, heat: float, chance: Chance
) -> float:
    """Try to move one atom; returns the change of price (0.0 when refused)."""
    rise = flip_rise(graph, plan, prices, atom, to)
    if not accepted(chance, rise, heat) or not removable(graph, plan, atom):
        return 0.0
    move(graph, plan, atom, to)
    return rise


@inlined
def _touches(graph: AtomGraph, plan: Plan, atom: int, part: int) -> bool:
    for edge in range(graph.indptr[atom], graph.indptr[atom + 1]):
        if plan.part[graph.indices[edge]] == part:
            return True
    return False


@inlined
def _best_return(graph: AtomGraph, plan: Plan, prices: Prices, atom: int, to: int) -> int:
    """Atom of the same part, other than `atom`, whose move to `to` is cheapest; -1 for none."""
    best, best_rise = -1, 1e300
    other = plan.head[plan.part[atom]]
    while other >= 0:
        if other != atom and _touches(graph, plan, other, to):
            rise = flip_rise(graph, plan, prices, other, to)
            if rise < best_rise and removable(graph, plan, other):
                best, best_rise = other, rise
        other = plan.after[other]
    return best


@lean
def swap(
    graph: AtomGraph, plan: Plan, prices: Prices, atom: int, to: int, heat: float, chance: Chance
) -> float:
    """Move one atom over and the best-fitting one back; returns the change (0.0 when refused)."""
    if not removable(graph, plan, atom):
        return 0.0
    part = plan.part[atom]
    rise = flip_rise(graph, plan, prices, atom, to)
    move(graph, plan, atom, to)
    back = _best_return(graph, plan, prices, atom, part)
    if back >= 0:
        rise += flip_rise(graph, plan, prices, back, part)
        if accepted(chance, rise, heat):
            move(graph, plan, back, part)
            return rise
    move(graph, plan, atom, part)
    return 0.0
