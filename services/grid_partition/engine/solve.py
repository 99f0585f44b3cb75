"""From a surveyed community to labels of its cells, with what was proved on the way."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from services.grid_partition.engine.adjust import from_old_grids
from services.grid_partition.engine.arrays import BoolArray, IntArray
from services.grid_partition.engine.contraction import contract_estates, small_estates
from services.grid_partition.engine.estates import cut_estates, open_estates, settled
from services.grid_partition.engine.exact import Examined, Verdict, examine
from services.grid_partition.engine.fill import fill_empty
from services.grid_partition.engine.graph import AtomGraph, CellTable
from services.grid_partition.engine.last_resort import last_resort
from services.grid_partition.engine.prices import prices_for
from services.grid_partition.engine.problem import Rules
from services.grid_partition.engine.search import (
    Plan,
    best_count,
    first_within,
    improve,
    least_outside,
    possible_counts,
    restarts,
)
from services.grid_partition.engine.terrain import Terrain
from services.grid_partition.engine.windows import mend

__all__ = ["Found", "solve"]

_TRIES = 8
#: With more grids than this a failed search is mended in windows, not repeated.
_LARGE = 40


def _no_cells() -> IntArray:
    return np.zeros(0, dtype=np.int64)


def _none_open(table: CellTable) -> BoolArray:
    return np.zeros(int(table.estate.max(initial=-1)) + 1, dtype=bool)


@dataclass(frozen=True, eq=False)
class Found:
    """Labels of the cells (0.. in no order yet) and the verdict.

    `opened[e]`: estate e had to be opened; `whole_impossible`: it is proved that the estates cannot
    all stay whole, `least_pieces` that so many extra pieces are needed; `blocked` are cells that
    whole estates leave stuck.  `stuck`: cells that no contiguous set in range can hold.  `proof`:
    why some grid must stay outside the range ("" when none does, or when nothing is proved).
    `optimal`: no cut has a lower J.
    """

    label: IntArray
    opened: BoolArray
    whole_impossible: bool = False
    least_pieces: int = 0
    blocked: IntArray = field(default_factory=_no_cells)
    stuck: IntArray = field(default_factory=_no_cells)
    proof: str = ""
    columns: int = 0
    optimal: bool = False


def solve(terrain: Terrain, rules: Rules) -> Found:
    """Cut whole estates if possible, else open as few as the search can."""
    table = terrain.table
    total = int(table.households.sum())
    if total < rules.min_households:
        label = np.zeros(len(table.block), dtype=np.int64)
        return Found(label, _none_open(table), proof="arithmetic")
    whole = small_estates(table, rules.max_households) & rules.keep_estates
    graph, group = contract_estates(table, terrain.edges, whole)
    if not possible_counts(total, rules):
        plan = _searched(graph, total, rules, None)
        return Found(plan.label[group], _none_open(table), proof="arithmetic")
    seen = examine(graph, prices_for(rules))
    if seen.verdict is Verdict.OPTIMAL and seen.label is not None and not rules.move_price_m:
        return Found(seen.label[group], _none_open(table), optimal=True, columns=seen.columns)
    if seen.verdict is not Verdict.IMPOSSIBLE:
        plan = _searched(graph, total, rules, seen)
        if plan.outside == 0:
            return Found(plan.label[group], _none_open(table), columns=seen.columns)
    else:
        plan = next(iter(restarts(graph, total, rules, prices_for(rules), 1)))
    return _without_whole_estates(terrain, rules, whole, group, seen, plan)


def _searched(graph: AtomGraph, total: int, rules: Rules, seen: Examined | None) -> Plan:
    """Best of an exact cover (annealed), of the old grids, and of restarts until one will do."""
    prices = prices_for(rules)
    floor = 0
    if not possible_counts(total, rules):
        floor = least_outside(total, best_count(total, rules), rules)
    tries = 1 if best_count(total, rules) > _LARGE else _TRIES
    plans = [first_within(restarts(graph, total, rules, prices, tries), floor)]
    filled = None if seen is None or seen.label is None else fill_empty(graph, seen.label)
    if filled is not None:
        begun = Plan(filled, int(filled.max()) + 1, 0, 0.0)
        plans.append(improve(graph, begun, prices, rules.effort * len(filled), (rules.seed, 400)))
    if rules.move_price_m > 0 and graph.olds > 0:
        plans.append(from_old_grids(graph, total, rules))
    return min(plans, key=Plan.rank)


def _without_whole_estates(
    terrain: Terrain,
    rules: Rules,
    whole: BoolArray,
    group: IntArray,
    seen: Examined,
    plan: Plan,
) -> Found:
    """Open estates; where even that leaves grids outside the range, look for the reason."""
    table = terrain.table
    impossible = seen.verdict is Verdict.IMPOSSIBLE
    blocked = np.flatnonzero(np.isin(group, seen.stuck))
    label, opened, outside, least = plan.label[group], _none_open(table), plan.outside, 0
    joined, whole_group = len(np.unique(group)) < len(group), group
    if best_count(int(table.households.sum()), rules) > _LARGE:
        label = mend(table, terrain.edges, whole, label, rules)
        freed = settled(table, terrain.edges, whole, group, label, int(impossible), rules)
        label, opened, outside, least = freed.label, freed.opened, freed.outside, freed.least
    elif joined:
        freed = open_estates(table, terrain.edges, whole, label, rules)
        label, opened, outside, least = freed.label, freed.opened, freed.outside, freed.least
    if outside:
        last = last_resort(table, terrain.edges, whole, label, rules)
        group, seen = last.group, last.seen
        if last.outside < outside:
            label, outside = last.label, last.outside
            opened = cut_estates(label, whole_group, table.estate, len(whole))
    found = Found(label, opened, impossible and joined, least, blocked)
    if outside and seen.verdict is Verdict.IMPOSSIBLE:
        stuck = np.flatnonzero(np.isin(group, seen.stuck))
        proof = "" if len(stuck) else "enumeration"
        return replace(found, stuck=stuck, proof=proof, columns=seen.columns)
    return found
