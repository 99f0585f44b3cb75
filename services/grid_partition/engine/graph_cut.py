"""Cuts a graph that somebody else made: for studies, benchmarks, and maps that are no maps."""

from __future__ import annotations

from dataclasses import dataclass, replace

from services.grid_partition.engine.arrays import IntArray
from services.grid_partition.engine.decision import decided
from services.grid_partition.engine.exact import Verdict, examine, part_range
from services.grid_partition.engine.fill import fill_empty
from services.grid_partition.engine.graph import AtomGraph
from services.grid_partition.engine.prices import prices_for
from services.grid_partition.engine.problem import Rules
from services.grid_partition.engine.regroup import mended
from services.grid_partition.engine.search import (
    Plan,
    first_within,
    improve,
    possible_counts,
    restarts,
)

__all__ = ["GraphCut", "cut_graph"]

_TRIES = 12
_BRANCHES = 300_000
_TURNS = 2
#: Share of the maximum; and sets that branching tries in so narrow a range, beginnings it makes.
_NARROW = 0.04
_NARROW_STEPS = 80_000_000
_NARROW_TURNS = 4


@dataclass(frozen=True, eq=False)
class GraphCut:
    """Part of each atom, 0.. in no order.

    `outside`: households by which the parts miss the range, 0 when the cut is feasible.  `score_m`
    is J in metres.  `verdict`: OPTIMAL (no cut has a lower J), COVERED (feasible), IMPOSSIBLE
    (proved: no cut is feasible) or UNKNOWN (none was found, nothing is proved).
    """

    label: IntArray
    outside: int
    score_m: float
    verdict: Verdict


def cut_graph(graph: AtomGraph, rules: Rules, count: int | None = None) -> GraphCut:
    """Cut a connected graph into connected parts in range, `count` of them (None: as fits best).

    Atoms are never divided.  Raises ValueError for a count below 1 or above the number of atoms.
    O(effort * atoms) where the graph is too large to enumerate; where a fixed `count` leaves the
    parts a range narrower than 4 % of the maximum, some seconds of branching.
    """
    if count is not None and not 1 <= count <= len(graph.weight):
        raise ValueError(f"count must lie between 1 and {len(graph.weight)}, got {count}")
    prices = prices_for(rules)
    seen = examine(graph, prices, count=count)
    label = None if seen.label is None else fill_empty(graph, seen.label)
    verdict, steps = seen.verdict, rules.effort * len(graph.weight)
    low, high = part_range(int(graph.weight.sum()), prices, count)
    narrow = high - low <= _NARROW * rules.max_households
    if verdict is Verdict.UNKNOWN and narrow:
        verdict, label = _branched(graph, rules, low, high)
    if label is not None:
        begun = Plan(label, int(label.max()) + 1, 0, 0.0)
        steps = 0 if verdict is Verdict.OPTIMAL else steps
        plan = improve(graph, begun, prices, steps, (rules.seed, 400))
    else:
        plan = _searched(graph, rules, count, hopeless=verdict is Verdict.IMPOSSIBLE)
    if plan.outside == 0 and verdict is not Verdict.OPTIMAL:
        verdict = Verdict.COVERED
    return GraphCut(plan.label, plan.outside, plan.score_m, verdict)


def _branched(
    graph: AtomGraph, rules: Rules, low: int, high: int
) -> tuple[Verdict, IntArray | None]:
    """Decide a range so narrow that few sets of atoms fit into it: all of them may be tried."""
    narrow = replace(rules, min_households=low, max_households=high, target_households=low)
    found = decided(graph, narrow, _NARROW_STEPS, _NARROW_TURNS, _NARROW_STEPS)
    return found.verdict, found.label


def _searched(graph: AtomGraph, rules: Rules, count: int | None, *, hopeless: bool) -> Plan:
    """The first feasible plan of some restarts, else one by branching, else the best."""
    total, prices = int(graph.weight.sum()), prices_for(rules)
    hopeless |= count not in (None, *possible_counts(total, rules))
    plans = restarts(graph, total, rules, prices, _TRIES, count)
    if hopeless:
        return next(plans)
    plan = first_within(mended(graph, plans, rules), 0)
    if plan.outside:
        return _tighter(graph, rules, count) or plan
    return plan


def _tighter(graph: AtomGraph, rules: Rules, count: int | None) -> Plan | None:
    """A plan by branching where sets are scarce; None when it finds none with that count."""
    found = decided(graph, rules, _BRANCHES, _TURNS)
    if found.label is None:
        return None
    parts = int(found.label.max()) + 1
    if count not in (None, parts):
        return None
    steps = rules.effort * len(found.label)
    return improve(
        graph, Plan(found.label, parts, 0, 0.0), prices_for(rules), steps, (rules.seed, 401)
    )
