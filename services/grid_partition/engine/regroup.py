"""Mends parts outside the range: they and a few neighbours are cut anew, by complete search.

Annealing comes within a few households of a tight range and stays there: what is missing is one
exact fit among thousands.  A few parts are small enough to go through all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import numpy as np

from services.grid_partition.engine.annealing import Plan, stirred, warm
from services.grid_partition.engine.arrays import IntArray
from services.grid_partition.engine.exact import examine
from services.grid_partition.engine.fill import fill_empty
from services.grid_partition.engine.graph import AtomGraph, induced
from services.grid_partition.engine.kernels.plan import Prices
from services.grid_partition.engine.prices import prices_for
from services.grid_partition.engine.problem import Rules

__all__ = ["mended", "regrouped"]

_GROUPS_TRIED = 8
_TURNS_OF_PAIRS = 6
_ATOMS_MAX = 64


def mended(graph: AtomGraph, plans: Iterator[Plan], rules: Rules) -> Iterator[Plan]:
    """The plans, those with parts outside the range with fewer of them if possible."""
    for turn, plan in enumerate(plans):
        yield plan if plan.outside == 0 else _mended(graph, plan, rules, turn)


def _mended(graph: AtomGraph, plan: Plan, rules: Rules, turn: int) -> Plan:
    prices, steps = prices_for(rules), rules.effort * len(graph.weight)
    plan = stirred(graph, plan, prices, steps, (rules.seed, 402, turn))
    if plan.outside == 0:
        return plan
    label = regrouped(graph, plan.label, prices, 2 + turn // _TURNS_OF_PAIRS)
    if (label == plan.label).all():
        return plan
    return warm(graph, replace(plan, label=label), prices, steps, (rules.seed, 403, turn))


def regrouped(graph: AtomGraph, label: IntArray, prices: Prices, together: int = 2) -> IntArray:
    """Labels with fewer parts outside the range where that is possible; their number stays.

    `together`: parts that are cut as one, at most.  Two take a hundredth of a second, three ten
    times that.  Every part of `label` must be connected; so is every part of the answer.
    """
    label = label.copy()
    weight = np.bincount(label, graph.weight).astype(np.int64)
    for part in np.argsort(-_outside(weight, prices), kind="stable"):
        if _outside(weight, prices)[part] == 0:
            continue
        beside = _beside(graph, label, len(weight))
        for group in islice(_groups(beside, weight, int(part), prices, together), _GROUPS_TRIED):
            if _cut_anew(graph, label, group, prices):
                weight = np.bincount(label, graph.weight).astype(np.int64)
                break
    return label


def _outside(weight: IntArray, prices: Prices) -> IntArray:
    miss: IntArray = np.maximum(prices.low - weight, 0) + np.maximum(weight - prices.high, 0)
    return miss


def _beside(graph: AtomGraph, label: IntArray, parts: int) -> list[set[int]]:
    """Parts that touch each part."""
    row = np.repeat(label, np.diff(graph.indptr))
    pairs = np.unique(row * parts + label[graph.indices])
    beside: list[set[int]] = [set() for _ in range(parts)]
    for first, second in zip((pairs // parts).tolist(), (pairs % parts).tolist(), strict=True):
        if first != second:
            beside[first].add(second)
    return beside


def _groups(
    beside: list[set[int]], weight: IntArray, part: int, prices: Prices, together: int
) -> Iterator[tuple[int, ...]]:
    """Connected groups around a part that have room for it, small ones first."""
    reached: set[tuple[int, ...]] = {(part,)}
    for size in range(2, together + 1):
        reached = {
            tuple(sorted((*group, other)))
            for group in reached
            for member in group
            for other in beside[member] - set(group)
        }
        for group in sorted(reached):
            total = int(weight[list(group)].sum())
            if size * prices.low <= total <= size * prices.high:
                yield group


def _cut_anew(graph: AtomGraph, label: IntArray, group: tuple[int, ...], prices: Prices) -> bool:
    """Cut the atoms of a group into as many parts in range; tells whether there is such a cut."""
    atoms = np.flatnonzero(np.isin(label, group))
    if len(atoms) > _ATOMS_MAX:
        return False
    rest = induced(graph, atoms)
    seen = examine(rest, prices, count=len(group))
    filled = None if seen.label is None else fill_empty(rest, seen.label)
    if filled is None:
        return False
    label[atoms] = np.array(group)[filled]
    return True
