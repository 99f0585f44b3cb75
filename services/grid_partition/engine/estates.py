"""Opens as few estates as a feasible cut needs.

Only estates that can release what is stuck are worth opening, so only they fall into buildings for
a first search, under a price per opened estate.  Then fewer are tried, set by set in order, down to
the number that is proved: the cut of fewest openings is the answer, its border the second thought.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from services.grid_partition.engine.annealing import Plan, improve
from services.grid_partition.engine.arrays import BoolArray, IntArray
from services.grid_partition.engine.closed import Closed, split_estates
from services.grid_partition.engine.decision import decided
from services.grid_partition.engine.exact import Verdict
from services.grid_partition.engine.graph import AtomGraph
from services.grid_partition.engine.prices import prices_for, repair_prices
from services.grid_partition.engine.releases import Releases, releases_of
from services.grid_partition.engine.search import best_count, start

__all__ = ["Opened", "open_estates", "settled", "split_estates"]

_SEARCHES = 4
_SEARCH_EFFORT = 2
_SMALL_GRAPH = 100
#: Sets of estates that are tried in the hope of opening fewer.
_SETS_TRIED = 60
_SIZE_MAX = 4
#: Sets of one size whose cuts are compared; with more cells than this the first will do.
_SETS_COMPARED = 4
_CELLS_COMPARED = 400
_STEPS = 200_000


@dataclass(frozen=True, eq=False)
class Opened:
    """Labels of the cells, households outside the range, and which estates were opened.

    `least`: estates that every feasible cut must divide (proved).
    """

    label: IntArray
    outside: int
    opened: BoolArray
    least: int
    plan: Plan

    def rank(self) -> tuple[int, int, float]:
        """Less is better: households outside, opened estates, J."""
        return self.outside, int(self.opened.sum()), self.plan.score_m

    @property
    def count(self) -> int:
        """Estates opened."""
        return int(self.opened.sum())


def open_estates(closed: Closed, stuck: IntArray, impossible: bool) -> Opened:
    """Open estates until the cut is feasible, as few as the search can.

    `stuck`: atoms that no set of whole atoms can hold; `impossible`: it is proved that whole
    estates admit no cut.  The answer is feasible where the search found a way, else the least
    outside it saw.
    """
    releases = releases_of(closed, stuck)
    near, least = releases.candidates(), int(impossible)
    # Where nothing is stuck any estate may help, and a search finds one sooner than a list of all.
    first = None if len(stuck) else _searched(closed, near, least)
    if first is not None and first.outside == 0 and first.count <= 1:
        return first
    found, least = _fewest(closed, releases, least)
    if found is None:
        found = replace(first, least=least) if first else _searched(closed, near, least)
    return found


def _searched(closed: Closed, near: IntArray, least: int) -> Opened:
    """First feasible of several searches with ever more estates open at a price."""
    rules, prices = closed.rules, repair_prices(closed.rules)
    count, divisible = best_count(closed.total, rules), closed.divisible()
    found = []
    for turn in range(_SEARCHES):
        graph, number = closed.opened((divisible if turn else near).tolist())
        effort = _SEARCH_EFFORT * rules.effort
        plan = start(graph, (count,), prices, effort, (rules.seed, 700 + turn))
        found.append(settled(closed, plan.label[number], least))
        if found[-1].outside == 0:
            break
    return min(found, key=Opened.rank)


def settled(closed: Closed, label: IntArray, least: int) -> Opened:
    """Close every estate that the labels leave whole, and anneal at ordinary prices."""
    rules = closed.rules
    graph, number = closed.opened(np.flatnonzero(closed.opened_by(label)).tolist())
    begun = Plan(_atom_labels(label, number), int(label.max()) + 1, 0, 0.0)
    steps = rules.effort * len(graph.weight)
    plan = improve(graph, begun, prices_for(rules), steps, (rules.seed, 200))
    return _opened(closed, plan, number, least)


def _opened(closed: Closed, plan: Plan, number: IntArray, least: int) -> Opened:
    label = plan.label[number]
    return Opened(label, plan.outside, closed.opened_by(label), least, plan)


def _fewest(closed: Closed, releases: Releases, least: int) -> tuple[Opened | None, int]:
    """Best of the smallest sets of estates that will do; and how many are proved needed."""
    tried, compared = 0, _SETS_COMPARED if len(closed.group) <= _CELLS_COMPARED else 1
    for size in range(max(least, 1), _SIZE_MAX + 1):
        refuted = size == least
        found: list[Opened] = []
        for estates in releases.sets(size):
            tried += 1
            if tried > _SETS_TRIED or len(found) == compared:
                break
            graph, number = closed.opened(estates)
            decision = decided(graph, closed.rules, _STEPS, 2)
            if decision.label is not None:
                found.append(_polished(closed, graph, number, decision.label))
            refuted &= decision.verdict is Verdict.IMPOSSIBLE
        if found:
            return replace(min(found, key=Opened.rank), least=least), least
        if refuted and size <= 2 and tried <= _SETS_TRIED:
            least = size + 1
    return None, least


def _polished(closed: Closed, graph: AtomGraph, number: IntArray, label: IntArray) -> Opened:
    """Anneal labels of the atoms with no further estate open."""
    rules, prices = closed.rules, prices_for(closed.rules)
    steps = rules.effort * max(len(label), _SMALL_GRAPH)
    begun = Plan(label, int(label.max()) + 1, 0, 0.0)
    return _opened(closed, improve(graph, begun, prices, steps, (rules.seed, 200)), number, 0)


def _atom_labels(cell_label: IntArray, group: IntArray) -> IntArray:
    label = np.zeros(int(group.max()) + 1, dtype=np.int64)
    label[group] = cell_label
    return label
