"""Opens as few estates as a feasible cut needs.

Where whole estates admit no cut, single buildings are searched under a price per opened estate;
then every estate that stayed whole is closed again, and each opened one is put to the test.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from services.grid_partition.engine.arrays import BoolArray, IntArray
from services.grid_partition.engine.contraction import contract_estates
from services.grid_partition.engine.edges import CellEdges
from services.grid_partition.engine.exact import Verdict, examine
from services.grid_partition.engine.fill import fill_empty
from services.grid_partition.engine.graph import AtomGraph, CellTable, restricted
from services.grid_partition.engine.openings import Openings, fewest_openings
from services.grid_partition.engine.prices import prices_for, repair_prices
from services.grid_partition.engine.problem import Rules
from services.grid_partition.engine.search import Plan, first_within, improve, restarts, start

__all__ = ["Opened", "cut_estates", "open_estates", "settled", "split_estates"]

_ROUNDS = 6
_LOOSE_TRIES = 16
_REPAIR_SEEDS = 3
_REPAIR_EFFORT = 2
_PRUNE_TRIES = 3
_GROUP_TRIES = 4
_GROUP_EFFORT = 3


@dataclass(frozen=True, eq=False)
class Opened:
    """Labels of the cells, households outside the range, and which estates were opened.

    `least`: extra estate pieces that no cut can do without (proved).
    """

    label: IntArray
    outside: int
    opened: BoolArray
    least: int
    plan: Plan

    def rank(self) -> tuple[int, int, float]:
        """Less is better: households outside, opened estates, J."""
        return self.outside, int(self.opened.sum()), self.plan.score_m


def split_estates(label: IntArray, estate: IntArray, count: int) -> BoolArray:
    """Which of `count` estates (by canonical label) lie in more than one part."""
    known = estate >= 0
    low = np.full(count, np.iinfo(np.int64).max)
    high = np.full(count, -1, dtype=np.int64)
    np.minimum.at(low, estate[known], label[known])
    np.maximum.at(high, estate[known], label[known])
    return np.asarray(low < high)


def cut_estates(label: IntArray, group: IntArray, estate: IntArray, count: int) -> BoolArray:
    """Which estates have an atom (cells of one `group`) that the labels cut.

    Unlike `split_estates` this leaves out estates whose cells never touched in the first place.
    """
    cut = split_estates(label, group, int(group.max(initial=-1)) + 1)[group]
    opened = np.zeros(count, dtype=bool)
    opened[estate[cut & (estate >= 0)]] = True
    return opened


def open_estates(
    table: CellTable,
    edges: CellEdges,
    whole: BoolArray,
    begin: IntArray,
    rules: Rules,
) -> Opened:
    """Open estates until the cut is feasible, as few as the search can.

    `begin`: labels of the cells of the best plan with the estates in `whole` in one piece.  The
    answer is feasible where the search found a way, else the least outside it saw.
    """
    graph, group = contract_estates(table, edges, whole)
    needed = fewest_openings(graph, prices_for(rules))
    grouped = _from_groups(table, edges, whole, graph, group, needed, rules)
    if grouped is not None and int(grouped.opened.sum()) <= needed.least:
        return grouped
    tried = [] if grouped is None else [grouped]
    for label in _candidates(table, edges, graph, group, begin, rules):
        found = settled(table, edges, whole, group, label, needed.least, rules)
        if found.outside == 0 and found.opened.sum() > needed.least:
            found = _pruned(table, edges, whole, group, found, rules)
        tried.append(found)
        if found.outside == 0:
            break
    return min(tried, key=Opened.rank)


def _candidates(
    table: CellTable,
    edges: CellEdges,
    graph: AtomGraph,
    group: IntArray,
    begin: IntArray,
    rules: Rules,
) -> Iterator[IntArray]:
    """Labels of the cells: repaired from `begin`, from other plans, then of loose buildings."""
    total = int(table.households.sum())
    yield _repaired(table, edges, begin, rules, 0)
    for turn, plan in enumerate(restarts(graph, total, rules, prices_for(rules), _ROUNDS)):
        yield _repaired(table, edges, plan.label[group], rules, turn + 1)
    loose, number = contract_estates(table, edges, np.zeros(_estates(table), dtype=bool))
    for plan in restarts(loose, total, rules, prices_for(rules), _LOOSE_TRIES):
        yield plan.label[number]


def settled(
    table: CellTable,
    edges: CellEdges,
    whole: BoolArray,
    group: IntArray,
    label: IntArray,
    least: int,
    rules: Rules,
) -> Opened:
    """Close every estate that the labels leave whole, and anneal at ordinary prices.

    `group`: atoms of the cells with every estate in `whole` closed.
    """
    opened = cut_estates(label, group, table.estate, len(whole))
    graph, number = contract_estates(table, edges, whole & ~opened)
    begun = Plan(_atom_labels(label, number), int(label.max()) + 1, 0, 0.0)
    steps = rules.effort * len(graph.weight)
    plan = improve(graph, begun, prices_for(rules), steps, (rules.seed, 200))
    label = plan.label[number]
    opened = cut_estates(label, group, table.estate, len(whole))
    return Opened(label, plan.outside, opened, least, plan)


def _from_groups(
    table: CellTable,
    edges: CellEdges,
    whole: BoolArray,
    graph: AtomGraph,
    group: IntArray,
    needed: Openings,
    rules: Rules,
) -> Opened | None:
    """Cut each group of a cheapest cover into its parts; None when some group resists."""
    filled = None if needed.group is None else fill_empty(graph, needed.group)
    if filled is None:
        return None
    cell_group = filled[group]
    label = np.zeros(len(cell_group), dtype=np.int64)
    parts = 0
    for number in range(int(filled.max()) + 1):
        cells = np.flatnonzero(cell_group == number)
        inner = _cut_group(table, edges, cells, rules)
        if inner is None:
            return None
        label[cells] = parts + inner
        parts += int(inner.max()) + 1
    return settled(table, edges, whole, group, label, needed.least, rules)


def _cut_group(
    table: CellTable, edges: CellEdges, cells: IntArray, rules: Rules
) -> IntArray | None:
    """Labels of the cells of one group, in as few parts in range as it can have."""
    inside, within = restricted(table, edges, cells)
    total = int(inside.households.sum())
    count = -(-total // rules.max_households)
    if count == 1:
        return np.zeros(len(cells), dtype=np.int64)
    graph, _ = contract_estates(inside, within, np.zeros(_estates(inside), dtype=bool))
    prices = repair_prices(rules)
    seen = examine(graph, prices)
    if seen.verdict is Verdict.IMPOSSIBLE:
        return None
    filled = None if seen.label is None else fill_empty(graph, seen.label)
    if filled is not None:
        return filled
    steps = _GROUP_EFFORT * rules.effort * len(cells)
    plans = (
        start(graph, count, prices, steps, (rules.seed, 300 + attempt))
        for attempt in range(_GROUP_TRIES)
    )
    best = min(plans, key=Plan.rank)
    return best.label if best.outside == 0 else None


def _repaired(
    table: CellTable, edges: CellEdges, begin: IntArray, rules: Rules, turn: int
) -> IntArray:
    """Best of several searches over single cells, each from `begin`."""
    graph, group = contract_estates(table, edges, np.zeros(_estates(table), dtype=bool))
    prices = repair_prices(rules)
    steps = _REPAIR_EFFORT * rules.effort * len(graph.weight)
    begun = Plan(_atom_labels(begin, group), int(begin.max()) + 1, 0, 0.0)
    plans = (
        improve(graph, begun, prices, steps, (rules.seed, 100 + 10 * turn + attempt))
        for attempt in range(_REPAIR_SEEDS)
    )
    return min(plans, key=Plan.rank).label[group]


def _pruned(
    table: CellTable,
    edges: CellEdges,
    whole: BoolArray,
    group: IntArray,
    found: Opened,
    rules: Rules,
) -> Opened:
    """Close one opened estate at a time, wherever a search still finds a feasible cut."""
    total = int(table.households.sum())
    for estate in np.flatnonzero(found.opened):
        if not found.opened[estate] or found.opened.sum() <= found.least:
            continue
        tried = found.opened.copy()
        tried[estate] = False
        graph, number = contract_estates(table, edges, whole & ~tried)
        plan = first_within(restarts(graph, total, rules, prices_for(rules), _PRUNE_TRIES), 0)
        if plan.outside == 0:
            label = plan.label[number]
            opened = cut_estates(label, group, table.estate, len(whole))
            found = Opened(label, 0, opened, found.least, plan)
    return found


def _estates(table: CellTable) -> int:
    return int(table.estate.max(initial=-1)) + 1


def _atom_labels(cell_label: IntArray, group: IntArray) -> IntArray:
    label = np.zeros(int(group.max()) + 1, dtype=np.int64)
    label[group] = cell_label
    return label
