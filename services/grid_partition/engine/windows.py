"""Mends large cuts where they are broken: only the bad part and the rings of parts around it.

A search that misses the range in one corner of a town is not repeated; the corner is.
"""

from __future__ import annotations

import numpy as np

from services.grid_partition.engine.arrays import BoolArray, IntArray
from services.grid_partition.engine.closed import close
from services.grid_partition.engine.edges import CellEdges
from services.grid_partition.engine.estates import open_estates
from services.grid_partition.engine.exact import Verdict, examine
from services.grid_partition.engine.graph import CellTable, restricted
from services.grid_partition.engine.prices import prices_for
from services.grid_partition.engine.problem import Rules
from services.grid_partition.engine.search import first_within, possible_counts, restarts

__all__ = ["mend"]

_TRIES = 8
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
    for rings, opening in _WINDOWS:
        cells = np.flatnonzero(_near(edges, label, part, rings)[label])
        inside, within = restricted(table, edges, cells)
        if not possible_counts(int(inside.households.sum()), rules):
            continue
        inner = _recut(inside, within, whole, rules, opening)
        if inner is not None:
            label[cells] = int(label.max()) + 1 + inner
            return True
    return False


def _near(edges: CellEdges, label: IntArray, part: int, rings: int) -> BoolArray:
    near = np.zeros(int(label.max()) + 1, dtype=bool)
    near[part] = True
    first, second = label[edges.low], label[edges.high]
    for _ in range(rings):
        reached = near[first] | near[second]
        near[first[reached]] = True
        near[second[reached]] = True
    return near


def _recut(
    inside: CellTable, within: CellEdges, whole: BoolArray, rules: Rules, opening: bool
) -> IntArray | None:
    closed = close(inside, within, whole, rules)
    graph, total = closed.graph, closed.total
    tries = 1 if opening else _TRIES
    plan = first_within(restarts(graph, total, rules, prices_for(rules), tries), 0)
    if plan.outside == 0:
        return plan.label[closed.group]
    if not opening or not len(closed.divisible()):
        return None
    seen = examine(graph, prices_for(rules))
    opened = open_estates(closed, seen.stuck, seen.verdict is Verdict.IMPOSSIBLE)
    return opened.label if opened.outside == 0 else None
