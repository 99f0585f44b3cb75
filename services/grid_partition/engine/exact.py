"""Complete answers where the map is coarse enough: proofs, and covers of least cost.

Enumerates every connected set of atoms in range.  If some atom is in none, or no choice of sets
covers every atom once, no cut exists; else the cheapest choice is the best cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from services.grid_partition.engine.arrays import FloatArray, IntArray
from services.grid_partition.engine.graph import AtomGraph
from services.grid_partition.engine.kernels.cover import cheapest_cover, dual_prices
from services.grid_partition.engine.kernels.plan import Prices
from services.grid_partition.engine.kernels.sets import coverable, sets_in_range
from services.grid_partition.engine.relax import Relaxed, relax

__all__ = ["Examined", "Verdict", "covered", "examine", "first_prices", "part_range"]

_COLUMNS_MAX = 12_000
_STEPS_MAX = 100_000
_CERTIFICATE_STEPS = 20_000
_COVER_WORK = 3_000_000
_TURNS = 100


class Verdict(StrEnum):
    """What is known about cuts of a graph with every part in range."""

    IMPOSSIBLE = "impossible"
    COVERED = "covered"
    OPTIMAL = "optimal"
    UNKNOWN = "unknown"


@dataclass(frozen=True, eq=False)
class Examined:
    """`stuck`: atoms in no set in range.  `label`: part per atom, -1 for atoms without households.

    COVERED and OPTIMAL carry labels; OPTIMAL only where the graph has no atom without households.
    """

    verdict: Verdict
    stuck: IntArray
    columns: int = 0
    label: IntArray | None = None


def examine(
    graph: AtomGraph, prices: Prices, patience: int = 1, count: int | None = None
) -> Examined:
    """Decide by complete search, within fixed limits of work that `patience` multiplies.

    `count`: the number of parts, None for any.
    """
    relaxed = relax(graph)
    network = relaxed.network
    low, high = part_range(int(network.weight.sum()), prices, count)
    if low > high:
        return Examined(Verdict.IMPOSSIBLE, np.zeros(0, dtype=np.int64))
    held = coverable(network, low, high, _CERTIFICATE_STEPS * patience)
    stuck = relaxed.atom[held == 0]
    if len(stuck):
        return Examined(Verdict.IMPOSSIBLE, stuck)
    complete, pointer, members = sets_in_range(
        network, low, high, _COLUMNS_MAX * patience, _STEPS_MAX * patience
    )
    if not complete:
        return Examined(Verdict.UNKNOWN, stuck)
    return _covered(graph, prices, relaxed, (pointer, members), (patience, count or 0))


def part_range(total: int, prices: Prices, count: int | None) -> tuple[int, int]:
    """What a part may hold: with a fixed number of parts the others leave it less room.

    Empty (the first above the second) where no cut has that number of parts.
    """
    low, high = int(prices.low), int(prices.high)
    if count is None:
        return low, high
    if not count * low <= total <= count * high:
        return 1, 0
    return max(low, total - (count - 1) * high), min(high, total - (count - 1) * low)


def _covered(
    graph: AtomGraph,
    prices: Prices,
    relaxed: Relaxed,
    sets: tuple[IntArray, IntArray],
    bounds: tuple[int, int],
) -> Examined:
    pointer, members = sets
    patience, count = bounds
    none_stuck = np.zeros(0, dtype=np.int64)
    items, columns = len(relaxed.atom), len(pointer) - 1
    cost = _costs(graph, prices, relaxed.atom[members], pointer)
    first = first_prices(pointer, members, cost, items)
    aim = float(first.sum()) * 1.5 + 1000.0
    price = dual_prices(pointer, members, cost, first, aim, _TURNS)
    limits = (1e-6, _COVER_WORK * patience, count)
    complete, chosen = covered(items, pointer, members, cost, price, limits)
    if not len(chosen):
        verdict = Verdict.IMPOSSIBLE if complete else Verdict.UNKNOWN
        return Examined(verdict, none_stuck, columns)
    label = np.full(len(graph.weight), -1, dtype=np.int64)
    for part, column in enumerate(np.sort(chosen)):
        label[relaxed.atom[members[pointer[column] : pointer[column + 1]]]] = part
    verdict = Verdict.OPTIMAL if complete and relaxed.exact else Verdict.COVERED
    return Examined(verdict, none_stuck, columns, label)


def covered(
    items: int,
    pointer: IntArray,
    members: IntArray,
    cost: FloatArray,
    price: FloatArray,
    limits: tuple[float, int, int],
) -> tuple[bool, IntArray]:
    """Cheapest cover under feasible `price`.

    `limits`: least gain of interest, link operations, number of columns (0: any).
    """
    reduced = cost - np.add.reduceat(price[members], pointer[:-1])
    order = np.argsort(reduced, kind="stable")
    gain, work, count = limits
    return cheapest_cover(items, pointer, members, reduced, order, (1e300, gain, work, count))


def first_prices(pointer: IntArray, members: IntArray, cost: FloatArray, items: int) -> FloatArray:
    """Per atom the least cost per member over its columns: feasible prices to start from."""
    size = np.diff(pointer)
    each = np.repeat(cost / size, size)
    price = np.full(items, np.inf)
    np.minimum.at(price, members, each)
    return price


def _costs(graph: AtomGraph, prices: Prices, atoms: IntArray, pointer: IntArray) -> FloatArray:
    """J of each column on its own: half its border, its size, blocks, estates, moved households.

    Summed over a cover and less one block price a part this is J.
    """
    column = np.repeat(np.arange(len(pointer) - 1), np.diff(pointer))
    count = len(pointer) - 1
    weight = np.bincount(column, graph.weight[atoms], count)
    cost = 0.5 * _borders(graph, atoms, column, count)
    cost += prices.size * (weight - prices.target) ** 2 - prices.block
    cost += prices.block * _distinct(column, atoms, graph.block_ptr, graph.block, count)
    named = graph.estate[atoms] >= 0
    pairs = np.unique(column[named] * (graph.estates + 1) + graph.estate[atoms[named]])
    cost += prices.estate * np.bincount(pairs // (graph.estates + 1), minlength=count)
    if prices.move > 0 and graph.olds > 0:
        cost += prices.move * _moved(graph, atoms, column, count)
    return cost


def _moved(graph: AtomGraph, atoms: IntArray, column: IntArray, count: int) -> IntArray:
    """Households of each column that come from another old grid than most of it."""
    known = graph.old[atoms] >= 0
    pairs = column[known] * graph.olds + graph.old[atoms[known]]
    keys, inverse = np.unique(pairs, return_inverse=True)
    flow = np.bincount(inverse, graph.weight[atoms[known]], len(keys)).astype(np.int64)
    most = np.zeros(count, dtype=np.int64)
    np.maximum.at(most, keys // max(graph.olds, 1), flow)
    total = np.bincount(keys // max(graph.olds, 1), flow, count).astype(np.int64)
    return total - most


def _borders(graph: AtomGraph, atoms: IntArray, column: IntArray, count: int) -> FloatArray:
    """Open border between each column and everything else."""
    n = len(graph.weight)
    degree = np.diff(graph.indptr)[atoms]
    source = np.repeat(column, degree)
    begin = np.repeat(graph.indptr[atoms] - np.concatenate([[0], np.cumsum(degree)[:-1]]), degree)
    edge = begin + np.arange(len(begin))
    inside = np.isin(source * n + graph.indices[edge], column * n + atoms)
    border = np.bincount(source[~inside], graph.length[edge[~inside]], count)
    return border.astype(np.float64)


def _distinct(
    column: IntArray, atoms: IntArray, pointer: IntArray, block: IntArray, count: int
) -> IntArray:
    degree = np.diff(pointer)[atoms]
    begin = np.repeat(pointer[atoms] - np.concatenate([[0], np.cumsum(degree)[:-1]]), degree)
    slot = begin + np.arange(len(begin))
    width = int(block.max(initial=0)) + 1
    pairs = np.unique(np.repeat(column, degree) * width + block[slot])
    return np.bincount(pairs // width, minlength=count)
