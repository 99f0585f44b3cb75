"""Mends large cuts where they are broken: only the bad part and the rings of parts around it.

A search that misses the range in one corner of a town is not repeated; the corner is.
"""

from __future__ import annotations

import numpy as np

from services.grid_partition.engine.arrays import BoolArray, IntArray
from services.grid_partition.engine.closed import Closed, close, rings_around
from services.grid_partition.engine.decision import decided
from services.grid_partition.engine.edges import CellEdges
from services.grid_partition.engine.estates import open_estates
from services.grid_partition.engine.exact import Verdict
from services.grid_partition.engine.graph import AtomGraph, CellTable, restricted
from services.grid_partition.engine.prices import prices_for
from services.grid_partition.engine.problem import Rules
from services.grid_partition.engine.search import first_within, possible_counts, restarts

__all__ = ["mend"]

_TRIES = 4
_STEPS = 300_000
_NONE = np.zeros(0, dtype=np.int64)
#: Windows tried for one bad part: rings of neighbours, and whether estates may be opened.
_WINDOWS = ((1, False), (2, False), (1, True), (2, True), (3, True))


def mend(
    table: CellTable, edges: CellEdges, whole: BoolArray, label: IntArray, rules: Rules
) -> IntArray:
    """Labels with fewer households outside the range, changed only near parts that miss it.

    `label`: a plan of the cells with connected parts 0..; parts may be added or taken away.
    """
    label = label.copy()
    given_up: set[int] = set()
    while True:
        bad = [p for p in _bad_parts(table, label, rules) if _first(label, p) not in given_up]
        if not bad:
            return np.unique(label, return_inverse=True)[1].astype(np.int64)
        if not _mended(table, edges, whole, label, bad[0], rules):
            given_up.add(_first(label, bad[0]))


def _first(label: IntArray, part: int) -> int:
    """A name for a part that outlives renumbering: its first cell."""
    return int(np.argmax(label == part))


def _bad_parts(table: CellTable, label: IntArray, rules: Rules) -> list[int]:
    weight = np.bincount(label, table.households)
    used = np.bincount(label) > 0
    bad = used & ((weight < rules.min_households) | (weight > rules.max_households))
    parts: list[int] = np.flatnonzero(bad).tolist()
    return parts


def _mended(
    table: CellTable,
    edges: CellEdges,
    whole: BoolArray,
    label: IntArray,
    part: int,
    rules: Rules,
) -> bool:
    """Re-cut growing windows around the part until one is feasible; changes `label` in place."""
    middle = np.zeros(int(label.max()) + 1, dtype=bool)
    middle[part] = True
    for rings, opening in _WINDOWS:
        cells = np.flatnonzero(rings_around(edges, label, middle, rings)[label])
        inside, within = restricted(table, edges, cells)
        if not possible_counts(int(inside.households.sum()), rules):
            continue
        inner = _recut(inside, within, whole, rules, opening)
        if inner is not None:
            label[cells] = int(label.max()) + 1 + inner
            return True
    return False


def _recut(
    inside: CellTable, within: CellEdges, whole: BoolArray, rules: Rules, opening: bool
) -> IntArray | None:
    """Labels of the cells of one window, every part in range; None when that fails."""
    closed = close(inside, within, whole, rules)
    if not opening:
        return _whole(closed, closed.graph, closed.group)
    if not len(closed.divisible()):
        return None
    loose, number = closed.opened(closed.divisible().tolist())
    if decided(loose, rules, _STEPS).verdict is Verdict.IMPOSSIBLE:
        return None
    seen = decided(closed.graph, rules, _STEPS)
    opened = open_estates(closed, _NONE, seen.verdict is Verdict.IMPOSSIBLE)
    return opened.label if opened.outside == 0 else _whole(closed, loose, number)


def _whole(closed: Closed, graph: AtomGraph, number: IntArray) -> IntArray | None:
    """A first search, a decision, and only where that leaves it open, further searches."""
    rules = closed.rules
    tries = restarts(graph, closed.total, rules, prices_for(rules), _TRIES)
    plan = next(tries)
    if plan.outside:
        decision = decided(graph, rules, _STEPS)
        if decision.verdict is Verdict.IMPOSSIBLE:
            return None
        if decision.label is not None:
            return decision.label[number]
        plan = first_within(tries, 0)
    return plan.label[number] if plan.outside == 0 else None
