"""Complete answers where the map is coarse enough: proofs, and covers of least cost.

Enumerates every connected set of atoms in range.  If some atom is in none, or no choice of sets
covers every atom once, no cut exists; else the cheapest choice is the best cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from services.grid_partition.engine.annealing import Plan, priced
from services.grid_partition.engine.arrays import IntArray
from services.grid_partition.engine.graph import AtomGraph
from services.grid_partition.engine.kernels.cover import Aim, best_cover
from services.grid_partition.engine.kernels.pieces import Pieces, column_costs, pieces_of
from services.grid_partition.engine.kernels.plan import Prices
from services.grid_partition.engine.kernels.sets import Network, coverable, sets_in_range
from services.grid_partition.engine.relax import Relaxed, relax

__all__ = ["Examined", "Verdict", "certified", "examine", "part_range", "perfected"]

_COLUMNS_MAX = 12_000
_STEPS_MAX = 100_000
_CERTIFICATE_STEPS = 20_000
_COVER_WORK = 3_000_000
_TURNS = 100
#: Limits of a proof that a plan is the best, for each unit of effort.
_COLUMNS_EACH, _STEPS_EACH = 600, 5_000
#: Graphs with more atoms, and more atoms to a part, have too many sets to begin listing them.
_FINE_ATOMS, _FINE_PARTS = 40, 10


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
    seen = _certified(relaxed, low, high, patience)
    if seen.verdict is Verdict.IMPOSSIBLE or _fine(network.weight, prices, patience):
        return seen
    complete, pointer, members = sets_in_range(
        network, low, high, _COLUMNS_MAX * patience, _STEPS_MAX * patience
    )
    if not complete:
        return seen
    return _covered(graph, prices, relaxed, (pointer, members), (patience, count or 0))


def certified(graph: AtomGraph, prices: Prices, count: int | None = None) -> Examined:
    """The quick half of `examine`: IMPOSSIBLE where some atom is in no set in range."""
    relaxed = relax(graph)
    low, high = part_range(int(relaxed.network.weight.sum()), prices, count)
    return _certified(relaxed, low, high, 1)


def _certified(relaxed: Relaxed, low: int, high: int, patience: int) -> Examined:
    if low > high:
        return Examined(Verdict.IMPOSSIBLE, np.zeros(0, dtype=np.int64))
    held = coverable(relaxed.network, low, high, _CERTIFICATE_STEPS * patience)
    stuck = relaxed.atom[held == 0]
    return Examined(Verdict.IMPOSSIBLE if len(stuck) else Verdict.UNKNOWN, stuck)


def perfected(
    graph: AtomGraph, plan: Plan, prices: Prices, effort: int, count: int | None = None
) -> tuple[Plan, bool]:
    """The best plan there is, and True; where sets are too many to list, the same plan, and False.

    `plan`: every part in range.  Only what is cheaper is looked for, so that a good plan makes the
    proof short.  `effort` is that of the rules: how many sets are too many.
    """
    weight = graph.weight
    if _fine(weight, prices, 1):
        return plan, False
    low, high = part_range(int(weight.sum()), prices, count)
    network = Network(graph.indptr, graph.indices, weight)
    complete, pointer, members = sets_in_range(
        network, low, high, _COLUMNS_EACH * effort, _STEPS_EACH * effort
    )
    if not complete:
        return plan, False
    cost = column_costs(_single(graph), prices, pointer, members)
    estates = len(np.unique(graph.estate[graph.estate >= 0]))
    below = plan.score_m + prices.estate * estates
    aim = Aim(_TURNS, _COVER_WORK, count or 0, below)
    complete, chosen = best_cover(len(weight), pointer, members, cost, aim)
    if not len(chosen):
        return plan, complete
    label = np.empty(len(weight), dtype=np.int64)
    for part, column in enumerate(chosen):
        label[members[pointer[column] : pointer[column + 1]]] = part
    return min(priced(graph, label, prices), plan, key=Plan.rank), complete


def _fine(weight: IntArray, prices: Prices, patience: int) -> bool:
    each = prices.target * len(weight) / max(int(weight.sum()), 1)
    return len(weight) > _FINE_ATOMS * patience and each > _FINE_PARTS


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
    cost = column_costs(_single(graph), prices, pointer, relaxed.atom[members])
    aim = Aim(_TURNS, _COVER_WORK * patience, count, 1e300)
    complete, chosen = best_cover(len(relaxed.atom), pointer, members, cost, aim)
    if not len(chosen):
        verdict = Verdict.IMPOSSIBLE if complete else Verdict.UNKNOWN
        return Examined(verdict, none_stuck, len(cost))
    label = np.full(len(graph.weight), -1, dtype=np.int64)
    for part, column in enumerate(chosen):
        label[relaxed.atom[members[pointer[column] : pointer[column + 1]]]] = part
    verdict = Verdict.OPTIMAL if complete and relaxed.exact else Verdict.COVERED
    return Examined(verdict, none_stuck, len(cost), label)


def _single(graph: AtomGraph) -> Pieces:
    """Every atom a piece of its own."""
    return pieces_of(graph, np.arange(len(graph.weight)), len(graph.weight))
