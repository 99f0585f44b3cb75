"""Heuristic search on one graph: bisection, annealing, restarts with other seeds and counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from services.grid_partition.engine.arrays import IntArray
from services.grid_partition.engine.graph import AtomGraph
from services.grid_partition.engine.kernels.anneal import anneal
from services.grid_partition.engine.kernels.bisect import bisect
from services.grid_partition.engine.kernels.chance import chance_of
from services.grid_partition.engine.kernels.plan import Prices
from services.grid_partition.engine.problem import Rules

__all__ = [
    "Plan",
    "best_count",
    "first_within",
    "improve",
    "least_outside",
    "possible_counts",
    "restarts",
    "start",
    "stirred",
    "warm",
]

#: Smaller graphs get as many steps as one of this many atoms: they are searched in no time.
_SMALL_GRAPH = 200
_STIRRING_M = 60.0
_HOT_M = 30.0
_WARM_M = 15.0
_COLD_M = 4.0
#: Cuts to begin with, and what part of the steps shows which of them is best.
_BEGINNINGS = 3
_GLANCE = 8


@dataclass(frozen=True, eq=False)
class Plan:
    """Labels of the atoms, the households outside the range, and J in metres."""

    label: IntArray
    parts: int
    outside: int
    score_m: float

    def rank(self) -> tuple[int, float]:
        """Less is better: households outside, then J."""
        return self.outside, self.score_m


def possible_counts(total: int, rules: Rules) -> range:
    """Numbers of grids that could hold `total` households in range; may be empty."""
    return range(-(-total // rules.max_households), total // rules.min_households + 1)


def best_count(total: int, rules: Rules) -> int:
    """Number of grids nearest the target size; where none is possible, the least outside."""
    counts = possible_counts(total, rules)
    if counts:
        wanted = (2 * total + rules.target_households) // (2 * rules.target_households)
        return min(max(wanted, counts[0]), counts[-1])
    few = max(1, total // rules.max_households)
    near = [few, few + 1]
    return min(near, key=lambda count: (least_outside(total, count, rules), count))


def least_outside(total: int, count: int, rules: Rules) -> int:
    """Households that must stay outside the range with this number of grids."""
    short = count * rules.min_households - total
    return max(0, short, total - count * rules.max_households)


def improve(
    graph: AtomGraph, begin: Plan, prices: Prices, steps: int, seed: tuple[int, ...]
) -> Plan:
    """Anneal from a plan; the answer is never worse under the same prices."""
    return _annealed(graph, begin.label, begin.parts, prices, steps, seed, _HOT_M)


def warm(graph: AtomGraph, begin: Plan, prices: Prices, steps: int, seed: tuple[int, ...]) -> Plan:
    """Like `improve`, from a lower heat: stays near the plan it begins with."""
    return _annealed(graph, begin.label, begin.parts, prices, steps, seed, _WARM_M)


def stirred(
    graph: AtomGraph, begin: Plan, prices: Prices, steps: int, seed: tuple[int, ...]
) -> Plan:
    """Like `improve`, from a heat that takes apart what holds a part a few households off."""
    return _annealed(graph, begin.label, begin.parts, prices, steps, seed, _STIRRING_M)


def start(graph: AtomGraph, count: int, prices: Prices, steps: int, seed: tuple[int, ...]) -> Plan:
    """Bisect into about `count` parts a few times, anneal each a little and the best for `steps`.

    The first cuts decide which blocks and estates are divided; annealing seldom undoes that.
    """
    begun = []
    for turn in range(_BEGINNINGS):
        label, parts = bisect(graph, int(count), prices, chance_of(*seed, 10 + turn))
        begun.append(
            _annealed(graph, label, parts, prices, steps // _GLANCE, (*seed, 10 + turn), _WARM_M)
        )
    best = min(begun, key=lambda plan: plan.score_m + prices.range_each * plan.outside)
    return _annealed(graph, best.label, best.parts, prices, steps, seed, _HOT_M)


def restarts(
    graph: AtomGraph,
    total: int,
    rules: Rules,
    prices: Prices,
    tries: int,
    fixed: int | None = None,
) -> Iterator[Plan]:
    """Plans of independent searches: two with the best count, then its neighbours by turns.

    With a `fixed` number of parts, all with that.
    """
    count, counts = best_count(total, rules), possible_counts(total, rules)
    if fixed is not None:
        count, counts = fixed, range(fixed, fixed + 1)
    steps = rules.effort * max(len(graph.weight), _SMALL_GRAPH)
    for attempt in range(tries):
        off = (0, 0, 1, -1, 0, 2, -2, 0)[attempt % 8]
        wanted = count + off
        if off and wanted not in counts:
            wanted = count
        longer = min(1 + attempt // 2, 4)
        yield start(graph, wanted, prices, steps * longer, (rules.seed, attempt))


def first_within(plans: Iterator[Plan], outside: int, best: Plan | None = None) -> Plan:
    """First plan with at most `outside` households outside the range; else the best of all.

    `best`: a plan that is there already.
    """
    best = best or next(plans)
    while best.outside > outside:
        if (plan := next(plans, None)) is None:
            break
        best = min(best, plan, key=Plan.rank)
    return best


def _annealed(
    graph: AtomGraph,
    label: IntArray,
    parts: int,
    prices: Prices,
    steps: int,
    seed: tuple[int, ...],
    hot_m: float,
) -> Plan:
    rounds = max(steps // 64, 1)
    fade = round((_COLD_M / hot_m) ** (1.0 / rounds), 9)
    best, outside, score = anneal(
        graph,
        np.ascontiguousarray(label, dtype=np.int64),
        int(parts),
        prices,
        int(steps),
        (float(hot_m), float(fade)),
        chance_of(*seed, 2),
    )
    return Plan(best, int(parts), int(outside), float(score))
