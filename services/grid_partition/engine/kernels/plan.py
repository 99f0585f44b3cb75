"""The state of a search: which part each atom is in, kept with everything a move needs to know."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from services.grid_partition.engine.arrays import IntArray, IntTable
from services.grid_partition.engine.graph import AtomGraph
from services.grid_partition.engine.kernels.jit import inlined, inner, lean

__all__ = [
    "Plan",
    "Prices",
    "members_of",
    "move",
    "moved",
    "new_plan",
    "objective",
    "outside",
    "range_price",
    "weight_price",
]


class Prices(NamedTuple):
    """What things cost, in metres of border; `low`, `high`, `target` are households.

    `range_fixed` + `range_each` per household is the price of a part outside low..high; it must
    exceed `move` per household, or the search would rather stay outside.
    """

    low: int
    high: int
    target: float
    block: float
    estate: float
    size: float
    move: float
    range_fixed: float
    range_each: float


class Plan(NamedTuple):
    """Parts of the atoms; `head`, `after`, `before` are doubly linked member lists.

    `in_block[p, b]`, `in_estate[p, e]`: atoms of part p there; `from_old[p, o]`: households.
    `stamp`, `queue` are scratch for the contiguity walk, stamp[n] is its clock.  `trail` lists the
    atoms moved since it was last emptied, once each (`on_trail`); trail[n] is its length.
    """

    part: IntArray
    head: IntArray
    after: IntArray
    before: IntArray
    size: IntArray
    weight: IntArray
    in_block: IntTable
    in_estate: IntTable
    from_old: IntTable
    stamp: IntArray
    queue: IntArray
    trail: IntArray
    on_trail: IntArray


@inner
def new_plan(graph: AtomGraph, part: IntArray, parts: int) -> Plan:
    """Count everything from the labels `part` (0..parts - 1, copied)."""
    n = len(graph.weight)
    plan = Plan(
        part.copy(),
        np.full(parts, -1, np.int64),
        np.full(n, -1, np.int64),
        np.full(n, -1, np.int64),
        np.zeros(parts, np.int64),
        np.zeros(parts, np.int64),
        np.zeros((parts, max(graph.blocks, 1)), np.int64),
        np.zeros((parts, max(graph.estates, 1)), np.int64),
        np.zeros((parts, max(graph.olds, 1)), np.int64),
        np.zeros(n + 1, np.int64),
        np.empty(n + 1, np.int64),
        np.zeros(n + 1, np.int64),
        np.zeros(n, np.int64),
    )
    for atom in range(n):
        _enter(graph, plan, atom, part[atom])
    return plan


@inlined
def _enter(graph: AtomGraph, plan: Plan, atom: int, part: int) -> None:
    plan.part[atom] = part
    plan.before[atom] = -1
    plan.after[atom] = plan.head[part]
    if plan.head[part] >= 0:
        plan.before[plan.head[part]] = atom
    plan.head[part] = atom
    _count(graph, plan, atom, part, 1)


@inlined
def _count(graph: AtomGraph, plan: Plan, atom: int, part: int, sign: int) -> None:
    plan.size[part] += sign
    plan.weight[part] += sign * graph.weight[atom]
    for slot in range(graph.block_ptr[atom], graph.block_ptr[atom + 1]):
        plan.in_block[part, graph.block[slot]] += sign
    if graph.estate[atom] >= 0:
        plan.in_estate[part, graph.estate[atom]] += sign
    if graph.old[atom] >= 0:
        plan.from_old[part, graph.old[atom]] += sign * graph.weight[atom]


@lean
def move(graph: AtomGraph, plan: Plan, atom: int, part: int) -> None:
    """Take the atom out of its part and put it into another."""
    left = plan.part[atom]
    if plan.before[atom] >= 0:
        plan.after[plan.before[atom]] = plan.after[atom]
    else:
        plan.head[left] = plan.after[atom]
    if plan.after[atom] >= 0:
        plan.before[plan.after[atom]] = plan.before[atom]
    if plan.on_trail[atom] == 0:
        end = len(plan.trail) - 1
        plan.on_trail[atom] = 1
        plan.trail[plan.trail[end]] = atom
        plan.trail[end] += 1
    _count(graph, plan, atom, left, -1)
    _enter(graph, plan, atom, part)


@inlined
def members_of(plan: Plan, part: int, out: IntArray, start: int) -> int:
    """Write the part's atoms into out[start:]; returns the end."""
    atom = plan.head[part]
    while atom >= 0:
        out[start] = atom
        start += 1
        atom = plan.after[atom]
    return start


@inlined
def outside(prices: Prices, weight: int) -> int:
    """Households by which a part misses low..high."""
    if weight < prices.low:
        return prices.low - weight
    if weight > prices.high:
        return weight - prices.high
    return 0


@lean
def weight_price(prices: Prices, weight: int) -> float:
    """Price of a part's households: off target, and outside the range."""
    off = weight - prices.target
    price = prices.size * off * off
    miss = outside(prices, weight)
    if miss > 0:
        price += prices.range_fixed + prices.range_each * miss
    return price


@lean
def range_price(prices: Prices, first: int, second: int) -> float:
    """Only the part of two weights' price that comes from missing the range."""
    price = 0.0
    for weight in (first, second):
        miss = outside(prices, weight)
        if miss > 0:
            price += prices.range_fixed + prices.range_each * miss
    return price


@lean
def moved(plan: Plan, part: int) -> int:
    """Households of a part that come from another old grid than most of it."""
    total, most = 0, 0
    for old in range(plan.from_old.shape[1]):
        total += plan.from_old[part, old]
        most = max(most, plan.from_old[part, old])
    return total - most


@lean
def objective(graph: AtomGraph, plan: Plan, prices: Prices) -> tuple[int, float]:
    """Households outside the range over all parts, and J in metres (without the range price)."""
    miss, cost = 0, 0.0
    for atom in range(len(graph.weight)):
        for edge in range(graph.indptr[atom], graph.indptr[atom + 1]):
            if graph.indices[edge] > atom and plan.part[graph.indices[edge]] != plan.part[atom]:
                cost += graph.length[edge]
    for part in range(len(plan.weight)):
        miss += outside(prices, plan.weight[part])
        off = plan.weight[part] - prices.target
        cost += prices.size * off * off + prices.move * moved(plan, part)
        for block in range(plan.in_block.shape[1]):
            if plan.in_block[part, block] > 0:
                cost += prices.block
        cost -= prices.block
    for estate in range(graph.estates):
        pieces = 0
        for part in range(len(plan.weight)):
            pieces += plan.in_estate[part, estate] > 0
        cost += prices.estate * max(pieces - 1, 0)
    return miss, cost
