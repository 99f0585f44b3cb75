"""Cuts a graph that somebody else made: for studies, benchmarks, and maps that are no maps."""

from __future__ import annotations

from dataclasses import dataclass

from services.grid_partition.engine.arrays import IntArray
from services.grid_partition.engine.decision import decided
from services.grid_partition.engine.exact import Verdict, examine
from services.grid_partition.engine.fill import fill_empty
from services.grid_partition.engine.graph import AtomGraph
from services.grid_partition.engine.prices import prices_for
from services.grid_partition.engine.problem import Rules
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
    O(effort * atoms) where the graph is too large to enumerate.
    """
    if count is not None and not 1 <= count <= len(graph.weight):
        raise ValueError(f"count must lie between 1 and {len(graph.weight)}, got {count}")
    prices = prices_for(rules)
    total = int(graph.weight.sum())
    seen = examine(graph, prices, count=count)
    label = None if seen.label is None else fill_empty(graph, seen.label)
    if label is not None:
        begun = Plan(label, int(label.max()) + 1, 0, 0.0)
        steps = 0 if seen.verdict is Verdict.OPTIMAL else rules.effort * len(label)
        plan = improve(graph, begun, prices, steps, (rules.seed, 400))
    else:
        hopeless = seen.verdict is Verdict.IMPOSSIBLE
        hopeless |= count not in (None, *possible_counts(total, rules))
        plans = restarts(graph, total, rules, prices, _TRIES, count)
        plan = next(plans)
        if plan.outside and not hopeless:
            plan = _tighter(graph, rules, count) or first_within(plans, 0, plan)
    verdict = seen.verdict
    if plan.outside == 0 and verdict is not Verdict.OPTIMAL:
        verdict = Verdict.COVERED
    return GraphCut(plan.label, plan.outside, plan.score_m, verdict)


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
