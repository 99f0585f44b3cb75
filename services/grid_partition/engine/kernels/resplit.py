"""Merge two touching parts and cut them again along the rim of a region grown in them."""

from __future__ import annotations

from services.grid_partition.engine.arrays import IntArray
from services.grid_partition.engine.graph import AtomGraph
from services.grid_partition.engine.kernels.chance import Chance, accepted, draw, unit
from services.grid_partition.engine.kernels.growth import (
    Growth,
    cheapest,
    connected_rest,
    grow_region,
)
from services.grid_partition.engine.kernels.jit import inlined, lean
from services.grid_partition.engine.kernels.plan import (
    Plan,
    Prices,
    members_of,
    move,
    moved,
    weight_price,
)

__all__ = ["resplit"]

_LOOKS = 3


@inlined
def _divided(graph: AtomGraph, plan: Plan, prices: Prices, first: int, second: int) -> float:
    """Open border between two parts, and the price of the blocks and estates both hold."""
    price, atom = 0.0, plan.head[first]
    while atom >= 0:
        for edge in range(graph.indptr[atom], graph.indptr[atom + 1]):
            if plan.part[graph.indices[edge]] == second:
                price += graph.length[edge]
        atom = plan.after[atom]
    for block in range(graph.blocks):
        if plan.in_block[first, block] > 0 and plan.in_block[second, block] > 0:
            price += prices.block
    for estate in range(graph.estates):
        if plan.in_estate[first, estate] > 0 and plan.in_estate[second, estate] > 0:
            price += prices.estate
    if prices.move > 0.0:
        price += prices.move * (moved(plan, first) + moved(plan, second))
    return price


@inlined
def _choose(
    graph: AtomGraph, prices: Prices, growth: Growth, size: int, heat: float, chance: Chance
) -> tuple[int, float]:
    """Stage to cut at, by price less a random discount, and that price; -1 when none holds."""
    total = growth.weight[size - 1]
    for stage in range(size - 1):
        weight = growth.weight[stage]
        growth.price[stage] += weight_price(prices, weight) + weight_price(prices, total - weight)
        noise = unit(chance)
        growth.key[stage] = growth.price[stage] - heat * noise * noise
    for _ in range(_LOOKS):
        chosen = cheapest(growth.key, size)
        if chosen == size - 1:
            break
        if connected_rest(graph, growth, chosen, size):
            return chosen, growth.price[chosen]
        growth.key[chosen] = 2e300
    return -1, 0.0


@lean
def resplit(
    graph: AtomGraph,
    plan: Plan,
    prices: Prices,
    pair: tuple[int, int],
    heat: float,
    chance: Chance,
    growth: Growth,
    members: IntArray,
) -> float:
    """Try a new border between the two parts; returns the change of price (0.0 when refused)."""
    first, second = pair
    size = members_of(plan, second, members, members_of(plan, first, members, 0))
    begin = members[draw(chance, size)]
    if size < 3 or grow_region(graph, members[:size], begin, prices, heat, growth, chance) < size:
        return 0.0
    stage, price = _choose(graph, prices, growth, size, heat, chance)
    if stage < 0:
        return 0.0
    rise = price - _divided(graph, plan, prices, first, second)
    rise -= weight_price(prices, plan.weight[first]) + weight_price(prices, plan.weight[second])
    if not accepted(chance, rise, heat):
        return 0.0
    stays = 0
    for i in range(stage + 1):
        stays += plan.part[growth.order[i]] == first
    if 2 * stays < stage + 1:
        first, second = second, first
    for i in range(size):
        to = first if i <= stage else second
        if plan.part[growth.order[i]] != to:
            move(graph, plan, growth.order[i], to)
    return rise
