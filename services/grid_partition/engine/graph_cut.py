"""Cuts a graph that somebody else made: for studies, benchmarks, and maps that are no maps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from services.grid_partition.engine.annealing import Plan, improve
from services.grid_partition.engine.arrays import IntArray
from services.grid_partition.engine.decision import decided
from services.grid_partition.engine.exact import (
    Verdict,
    certified,
    examine,
    part_range,
    perfected,
)
from services.grid_partition.engine.fill import fill_empty
from services.grid_partition.engine.graph import AtomGraph
from services.grid_partition.engine.prices import prices_for
from services.grid_partition.engine.problem import Rules
from services.grid_partition.engine.regroup import mended
from services.grid_partition.engine.search import first_within, possible_counts, restarts
from services.grid_partition.engine.stranding import stranding_atoms

__all__ = ["GraphCut", "cut_graph"]

_TRIES = 12
_BRANCHES = 300_000
_TURNS = 2
#: Widths of the range as shares of the maximum: searching is in vain; sets in range are scarce.
_NARROW, _SCARCE = 0.04, 0.2
#: Sets that branching tries where they are scarce, and beginnings it makes.
_SCARCE_STEPS = 80_000_000
_SCARCE_TURNS = 4
_PATIENCE = 40


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
    total = int(graph.weight.sum())
    if count is None and not possible_counts(total, rules):
        plan = next(restarts(graph, total, rules, prices_for(rules), 1))
        return GraphCut(plan.label, plan.outside, plan.score_m, Verdict.IMPOSSIBLE)
    prices = prices_for(rules)
    low, high = part_range(total, prices, count)
    narrow = high - low <= _NARROW * rules.max_households
    plans = mended(graph, restarts(graph, total, rules, prices, _TRIES, count), rules)
    first: Plan | None = None
    if not narrow and certified(graph, prices, count).verdict is Verdict.UNKNOWN:
        first = next(plans)
        if first.outside == 0:
            best, optimal = perfected(graph, first, prices, rules.effort, count)
            verdict = Verdict.OPTIMAL if optimal else Verdict.COVERED
            return GraphCut(best.label, best.outside, best.score_m, verdict)
    known = _enumerated(graph, rules, count)
    if known.verdict is Verdict.UNKNOWN and narrow:
        known = _branched(graph, rules, count)
    if known.label is not None:
        return _polished(graph, rules, known.verdict, known.label)
    return _searched(graph, rules, count, known, (first, plans), insist=not narrow)


@dataclass(frozen=True, eq=False)
class _Known:
    """A verdict, with labels in range unless there are none; `listed`: all sets in range fit in."""

    verdict: Verdict
    label: IntArray | None = None
    listed: bool = False


def _polished(graph: AtomGraph, rules: Rules, verdict: Verdict, label: IntArray) -> GraphCut:
    """Anneal what was found, unless it is the best there is."""
    begun = Plan(label, int(label.max()) + 1, 0, 0.0)
    steps = 0 if verdict is Verdict.OPTIMAL else rules.effort * len(label)
    plan = improve(graph, begun, prices_for(rules), steps, (rules.seed, 400))
    return GraphCut(plan.label, plan.outside, plan.score_m, verdict)


def _searched(
    graph: AtomGraph,
    rules: Rules,
    count: int | None,
    known: _Known,
    begun: tuple[Plan | None, Iterator[Plan]],
    *,
    insist: bool,
) -> GraphCut:
    """The first feasible plan of some restarts; else decide with patience; else the best plan."""
    first, plans = begun
    impossible = known.verdict is Verdict.IMPOSSIBLE
    plan = first or next(plans)
    if not impossible:
        plan = first_within(plans, 0, plan)
    if plan.outside and insist and not impossible:
        known = _insisted(graph, rules, count, known)
        if known.label is not None:
            return _polished(graph, rules, known.verdict, known.label)
    verdict = known.verdict if plan.outside else Verdict.COVERED
    if verdict is Verdict.UNKNOWN and _strands(graph, rules, plan):
        verdict = Verdict.IMPOSSIBLE
    return GraphCut(plan.label, plan.outside, plan.score_m, verdict)


def _strands(graph: AtomGraph, rules: Rules, plan: Plan) -> bool:
    """Whether some atom of a part outside the range is proved to be in no cut at all."""
    weight = np.bincount(plan.label, graph.weight)
    off = (weight < rules.min_households) | (weight > rules.max_households)
    return len(stranding_atoms(graph, rules, np.flatnonzero(off[plan.label]))) > 0


def _enumerated(graph: AtomGraph, rules: Rules, count: int | None, patience: int = 1) -> _Known:
    """Decide by complete enumeration."""
    seen = examine(graph, prices_for(rules), patience, count)
    label = None if seen.label is None else fill_empty(graph, seen.label)
    verdict = seen.verdict
    if label is None and verdict is not Verdict.IMPOSSIBLE:
        verdict = Verdict.UNKNOWN  # Covered, but not with the atoms without households.
    return _Known(verdict, label, seen.columns > 0)


def _insisted(graph: AtomGraph, rules: Rules, count: int | None, known: _Known) -> _Known:
    """Look through the covers with patience where all sets are listed, else branch."""
    if known.listed:
        known = _enumerated(graph, rules, count, _PATIENCE)
    return _branched(graph, rules, count) if known.verdict is Verdict.UNKNOWN else known


def _branched(graph: AtomGraph, rules: Rules, count: int | None) -> _Known:
    """Decide by branching; where few sets of atoms fit into the range, all of them may be tried."""
    low, high = part_range(int(graph.weight.sum()), prices_for(rules), count)
    inner = replace(rules, min_households=low, max_households=high, target_households=low)
    if high - low > _SCARCE * rules.max_households:
        found = decided(graph, inner, _BRANCHES, _TURNS)
    else:
        found = decided(graph, inner, _SCARCE_STEPS, _SCARCE_TURNS, _SCARCE_STEPS)
    if found.label is not None and count not in (None, int(found.label.max()) + 1):
        return _Known(Verdict.UNKNOWN)
    return _Known(found.verdict, found.label)
