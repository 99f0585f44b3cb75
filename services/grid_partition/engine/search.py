"""Heuristic search on one graph: many hasty beginnings, merged into one plan, then annealed.

The first cuts decide which blocks and estates are divided, and annealing seldom undoes that; so it
is not one beginning that is annealed for long, but a dozen for an instant, each on another coarse
graph, and the best of all of them is put together exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from services.grid_partition.engine.annealing import Plan, cooled, improve, priced, warm
from services.grid_partition.engine.arrays import IntArray
from services.grid_partition.engine.graph import AtomGraph
from services.grid_partition.engine.kernels.bisect import bisect
from services.grid_partition.engine.kernels.chance import chance_of
from services.grid_partition.engine.kernels.coarsen import clusters, coarse_graph
from services.grid_partition.engine.kernels.pieces import pieces_of
from services.grid_partition.engine.kernels.plan import Prices
from services.grid_partition.engine.merging import merged_labels
from services.grid_partition.engine.problem import Rules

__all__ = [
    "best_count",
    "first_within",
    "least_outside",
    "possible_counts",
    "restarts",
    "start",
]

#: Beginnings for each unit of effort, coarse graphs they share, steps for each of their atoms.
_BEGINNINGS = 0.6
_BEGINNINGS_LEAST = 4
_COARSENINGS = 6
_COARSE_STEPS = 2
_FINE_STEPS = 1
#: An atom of a coarse graph holds at most so much of the target.
_CLUSTER_SHARE = 0.15
#: Smaller graphs get as many steps as one of this many atoms: they are searched in no time.
_SMALL_GRAPH = 100
_SMALL_BEGINNING = 50


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


def start(
    graph: AtomGraph,
    counts: Sequence[int],
    prices: Prices,
    effort: int,
    seed: tuple[int, ...],
) -> Plan:
    """Begin often, with each number of parts in `counts` by turns; merge as they come; anneal.

    With one number only, the plan has so many parts (fewer only where atoms run out).
    """
    coarse = _coarsened(graph, prices, seed)
    fixed = counts[0] if len(set(counts)) == 1 else None
    best: Plan | None = None
    for turn in range(max(_BEGINNINGS_LEAST, round(_BEGINNINGS * effort))):
        count = counts[turn % len(counts)]
        plan = _begun(graph, coarse[turn % len(coarse)], count, prices, (*seed, 10 + turn))
        best = plan if best is None else _merged(graph, best, plan, prices, fixed)
    if best is None:
        raise ValueError("no number of parts to begin with")
    steps = effort * max(len(graph.weight), _SMALL_GRAPH) // 2
    return cooled(graph, best, prices, steps, seed)


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
    for attempt in range(tries):
        off = (0, 0, 1, -1, 0, 2, -2, 0)[attempt % 8]
        wanted = count + off
        if off and wanted not in counts:
            wanted = count
        longer = min(1 + attempt // 2, 4)
        yield start(graph, (wanted,), prices, rules.effort * longer, (rules.seed, attempt))


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


def _coarsened(
    graph: AtomGraph, prices: Prices, seed: tuple[int, ...]
) -> list[tuple[AtomGraph, IntArray]]:
    """Coarse graphs, each with the cluster of every atom."""
    heaviest, keep_old = int(_CLUSTER_SHARE * prices.target), prices.move > 0.0
    found = []
    for turn in range(_COARSENINGS):
        cluster, count = clusters(graph, heaviest, keep_old, chance_of(*seed, 30 + turn))
        found.append((coarse_graph(graph, pieces_of(graph, cluster, count), cluster), cluster))
    return found


def _begun(
    graph: AtomGraph,
    coarse: tuple[AtomGraph, IntArray],
    count: int,
    prices: Prices,
    seed: tuple[int, ...],
) -> Plan:
    """One beginning: bisect the coarse graph and anneal, then anneal the graph itself, hastily."""
    rough, cluster = coarse
    label, parts = bisect(rough, int(count), prices, chance_of(*seed))
    steps = _COARSE_STEPS * max(len(rough.weight), _SMALL_BEGINNING)
    plan = improve(rough, Plan(label, parts, 0, 0.0), prices, steps, seed)
    fine = Plan(plan.label[cluster], parts, plan.outside, plan.score_m)
    steps = _FINE_STEPS * max(len(graph.weight), _SMALL_BEGINNING)
    return warm(graph, fine, prices, steps, (*seed, 1))


def _merged(graph: AtomGraph, first: Plan, second: Plan, prices: Prices, fixed: int | None) -> Plan:
    """The best of two plans, or of their common pieces."""
    best, other = sorted((first, second), key=Plan.rank)
    below = best.score_m if best.outside == 0 else np.inf
    label = merged_labels(graph, best.label, other.label, prices, fixed, below)
    return best if label is None else min(best, priced(graph, label, prices), key=Plan.rank)
