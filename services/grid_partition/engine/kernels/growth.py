"""Grows a region inside a set of atoms, one atom at a time, and prices every stage of it.

Greedy graph growing (Karypis and Kumar, "A fast and high quality multilevel scheme", 1998): the
atom that lengthens the rim least joins next.  Every stage is a way to cut the set in two; noise and
the atom to begin with make each run another.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from services.grid_partition.engine.arrays import FloatArray, IntArray
from services.grid_partition.engine.graph import AtomGraph
from services.grid_partition.engine.kernels.chance import Chance, unit
from services.grid_partition.engine.kernels.jit import inlined, lean
from services.grid_partition.engine.kernels.plan import Prices

__all__ = ["Growth", "cheapest", "connected_rest", "grow_region", "new_growth"]

_OUTSIDE, _UNTOUCHED, _JOINED = -3, -2, -1
#: Part of the price of a barrier or an estate that holds the rim back before it.
_RELUCTANCE = 0.5


class Growth(NamedTuple):
    """Work space for sets of up to n atoms.

    After `grow_region`, by stage i (the first i + 1 atoms of `order` are the region): `price`, the
    open border of the region inside the set with the price of what it divides, and `weight`, its
    households.  `rim` and `key` are the atoms that could join next and what they cost; `slot` is an
    atom's place there, or negative; all outside between calls.
    """

    order: IntArray
    rim: IntArray
    slot: IntArray
    key: FloatArray
    touching: FloatArray
    whole: FloatArray
    price: FloatArray
    weight: IntArray
    held: IntArray
    total: IntArray
    old_held: IntArray
    old_left: IntArray


@inlined
def new_growth(graph: AtomGraph) -> Growth:
    """Allocate the work space once per run."""
    n = len(graph.weight)
    labels = graph.blocks + graph.estates
    return Growth(
        np.empty(n, np.int64),
        np.empty(n, np.int64),
        np.full(n, _OUTSIDE, np.int64),
        np.empty(n, np.float64),
        np.empty(n, np.float64),
        np.empty(n, np.float64),
        np.empty(n, np.float64),
        np.empty(n, np.int64),
        np.zeros(labels, np.int64),
        np.zeros(labels, np.int64),
        np.zeros(max(graph.olds, 1), np.int64),
        np.zeros(max(graph.olds, 1), np.int64),
    )


@inlined
def _enter(graph: AtomGraph, members: IntArray, growth: Growth) -> None:
    for i in range(len(members)):
        atom = members[i]
        growth.slot[atom] = _UNTOUCHED
        growth.touching[atom] = 0.0
        for place in range(graph.block_ptr[atom], graph.block_ptr[atom + 1]):
            growth.total[graph.block[place]] += 1
        if graph.estate[atom] >= 0:
            growth.total[graph.blocks + graph.estate[atom]] += 1
        if graph.old[atom] >= 0:
            growth.old_left[graph.old[atom]] += graph.weight[atom]
    for i in range(len(members)):
        atom = members[i]
        border = 0.0
        for edge in range(graph.indptr[atom], graph.indptr[atom + 1]):
            if growth.slot[graph.indices[edge]] != _OUTSIDE:
                border += graph.length[edge]
        growth.whole[atom] = border


@inlined
def _leave(graph: AtomGraph, members: IntArray, growth: Growth) -> None:
    for i in range(len(members)):
        atom = members[i]
        growth.slot[atom] = _OUTSIDE
        for place in range(graph.block_ptr[atom], graph.block_ptr[atom + 1]):
            growth.held[graph.block[place]] = 0
            growth.total[graph.block[place]] = 0
        if graph.estate[atom] >= 0:
            growth.held[graph.blocks + graph.estate[atom]] = 0
            growth.total[graph.blocks + graph.estate[atom]] = 0
        if graph.old[atom] >= 0:
            growth.old_held[graph.old[atom]] = 0
            growth.old_left[graph.old[atom]] = 0


@inlined
def _next(growth: Growth, rim: int) -> int:
    """Atom on the rim that costs least; -1 when the rim is empty."""
    best, least = -1, 1e300
    for place in range(rim):
        if growth.key[place] < least:
            best, least = place, growth.key[place]
    return growth.rim[best] if best >= 0 else -1


@inlined
def _cost_to_join(
    graph: AtomGraph, prices: Prices, growth: Growth, atom: int, noise: float
) -> float:
    """Growth of the rim, and half the price of the labels that the atom would divide or join."""
    key: float = growth.whole[atom] + noise
    if growth.held[graph.block[graph.block_ptr[atom]]] == 0:
        key += _RELUCTANCE * prices.block
    estate = graph.estate[atom]
    if estate >= 0 and growth.held[graph.blocks + estate] > 0:
        key -= _RELUCTANCE * prices.estate
    return key


@inlined
def _ease(graph: AtomGraph, prices: Prices, growth: Growth, atom: int, rim: int) -> None:
    """The first atom of a block or an estate has joined: the others of it on the rim may follow."""
    block, estate = graph.block[graph.block_ptr[atom]], graph.estate[atom]
    fresh_block = growth.held[block] == 1 and growth.total[block] > 1
    fresh_estate = estate >= 0 and growth.held[graph.blocks + estate] == 1
    if fresh_block or fresh_estate:
        for place in range(rim):
            other = growth.rim[place]
            if fresh_block and graph.block[graph.block_ptr[other]] == block:
                growth.key[place] -= _RELUCTANCE * prices.block
            if fresh_estate and graph.estate[other] == estate:
                growth.key[place] -= _RELUCTANCE * prices.estate


@inlined
def _divide(growth: Growth, label: int, price: float) -> float:
    """One more atom of the label in the region: change of what divided labels cost."""
    change = 0.0
    if growth.held[label] == 0:
        change += price
    growth.held[label] += 1
    if growth.held[label] == growth.total[label]:
        change -= price
    return change


@inlined
def _divided(graph: AtomGraph, prices: Prices, growth: Growth, atom: int) -> float:
    change = 0.0
    for place in range(graph.block_ptr[atom], graph.block_ptr[atom + 1]):
        change += _divide(growth, graph.block[place], prices.block)
    if graph.estate[atom] >= 0:
        change += _divide(growth, graph.blocks + graph.estate[atom], prices.estate)
    return change


@inlined
def _moved(graph: AtomGraph, growth: Growth, atom: int) -> int:
    """Households that the region and the rest take from others, the atom having joined."""
    if graph.old[atom] >= 0:
        growth.old_held[graph.old[atom]] += graph.weight[atom]
        growth.old_left[graph.old[atom]] -= graph.weight[atom]
    held, held_most, left, left_most = 0, 0, 0, 0
    for old in range(graph.olds):
        held += growth.old_held[old]
        held_most = max(held_most, growth.old_held[old])
        left += growth.old_left[old]
        left_most = max(left_most, growth.old_left[old])
    return held - held_most + left - left_most


@inlined
def _join(
    graph: AtomGraph,
    prices: Prices,
    growth: Growth,
    atom: int,
    rim: int,
    noise: tuple[float, Chance],
) -> int:
    """Take the atom off the rim and its neighbours onto it; returns the rim's new length."""
    place = growth.slot[atom]
    if place >= 0:
        rim -= 1
        last = growth.rim[rim]
        growth.rim[place], growth.key[place] = last, growth.key[rim]
        growth.slot[last] = place
    growth.slot[atom] = _JOINED
    _ease(graph, prices, growth, atom, rim)
    for edge in range(graph.indptr[atom], graph.indptr[atom + 1]):
        other = graph.indices[edge]
        if growth.slot[other] == _UNTOUCHED:
            growth.slot[other] = rim
            growth.rim[rim] = other
            growth.key[rim] = _cost_to_join(graph, prices, growth, other, noise[0] * unit(noise[1]))
            rim += 1
        if growth.slot[other] >= 0:
            growth.touching[other] += graph.length[edge]
            growth.key[growth.slot[other]] -= 2.0 * graph.length[edge]
    return rim


@lean
def grow_region(
    graph: AtomGraph,
    members: IntArray,
    begin: int,
    prices: Prices,
    noise_m: float,
    growth: Growth,
    chance: Chance,
) -> int:
    """Grow from the atom `begin` over all `members`; returns how many were reached.

    O(s * rim) for s members.
    """
    _enter(graph, members, growth)
    atom, rim, count, border, divided, weight = begin, 0, 0, 0.0, 0.0, 0
    while atom >= 0:
        border += growth.whole[atom] - 2.0 * growth.touching[atom]
        divided += _divided(graph, prices, growth, atom)
        weight += graph.weight[atom]
        growth.order[count] = atom
        growth.weight[count] = weight
        growth.price[count] = border + divided
        if prices.move > 0.0:
            growth.price[count] += prices.move * _moved(graph, growth, atom)
        count += 1
        rim = _join(graph, prices, growth, atom, rim, (noise_m, chance))
        atom = _next(growth, rim)
    _leave(graph, members, growth)
    return count


@inlined
def cheapest(values: FloatArray, size: int) -> int:
    """Stage with the least value below 1e300; the last one, which cuts nothing, for none.

    Starting from a literal -1 would make numba compile whoever gets the answer twice.
    """
    best, least = size - 1, 1e300
    for stage in range(size - 1):
        if values[stage] < least:
            best, least = stage, values[stage]
    return best


@lean
def connected_rest(graph: AtomGraph, growth: Growth, stage: int, count: int) -> bool:
    """Whether the atoms after a stage hold together."""
    for i in range(stage + 1, count):
        growth.slot[growth.order[i]] = _UNTOUCHED
    reached, done = 1, 0
    growth.rim[0] = growth.order[stage + 1]
    growth.slot[growth.rim[0]] = _JOINED
    while done < reached:
        atom = growth.rim[done]
        done += 1
        for edge in range(graph.indptr[atom], graph.indptr[atom + 1]):
            other = graph.indices[edge]
            if growth.slot[other] == _UNTOUCHED:
                growth.slot[other] = _JOINED
                growth.rim[reached] = other
                reached += 1
    for i in range(stage + 1, count):
        growth.slot[growth.order[i]] = _OUTSIDE
    return reached == count - stage - 1
