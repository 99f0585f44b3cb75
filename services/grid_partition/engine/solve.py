"""From a surveyed community to labels of its cells, with what was proved on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from services.grid_partition.engine.adjust import adjusted, scored
from services.grid_partition.engine.annealing import Plan, improve
from services.grid_partition.engine.arrays import BoolArray, IntArray
from services.grid_partition.engine.closed import Closed, close
from services.grid_partition.engine.contraction import small_estates
from services.grid_partition.engine.decision import decided
from services.grid_partition.engine.estates import Opened, open_estates, settled
from services.grid_partition.engine.exact import (
    Examined,
    Verdict,
    certified,
    examine,
    perfected,
)
from services.grid_partition.engine.fill import fill_empty
from services.grid_partition.engine.graph import CellTable
from services.grid_partition.engine.last_resort import last_resort
from services.grid_partition.engine.prices import prices_for
from services.grid_partition.engine.problem import Rules
from services.grid_partition.engine.regroup import mended
from services.grid_partition.engine.search import (
    best_count,
    first_within,
    least_outside,
    possible_counts,
    restarts,
)
from services.grid_partition.engine.terrain import Terrain
from services.grid_partition.engine.windows import mend

__all__ = ["Found", "solve"]

_TRIES = 8
_DECISION_STEPS = 300_000
_DECISION_TURNS = 3
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
    closed = close(table, terrain.edges, whole, rules)
    group = closed.group
    if not possible_counts(total, rules):
        return Found(_nearest(closed)[group], _none_open(table), proof="arithmetic")
    found = _scratch(closed)
    near = adjusted(closed) if rules.move_price_m > 0 else None
    if near is None:
        return found
    if near.outside == 0 and _nobody_moves(table, near.label):
        # Where the grids in force will do, they stay, whatever a new cut would save.
        return replace(found, label=near.label, opened=near.opened, optimal=False, **_met(near))
    from_new = scored(closed, found.label)
    if (from_new.outside, from_new.plan.score_m) <= (near.outside, near.plan.score_m):
        return found
    return replace(found, label=near.label, opened=near.opened, optimal=False, **_met(near))


def _nearest(closed: Closed) -> IntArray:
    """Labels as near the range as some searches come, where the sum of households forbids it."""
    rules, total = closed.rules, closed.total
    floor = least_outside(total, best_count(total, rules), rules)
    tries = restarts(closed.graph, total, rules, prices_for(rules), _TRIES)
    return first_within(mended(closed.graph, tries, rules), floor).label


def _nobody_moves(table: CellTable, label: IntArray) -> bool:
    """Whether every grid holds households of one old grid only, and every old grid is one grid."""
    known = (table.old >= 0) & (table.households > 0)
    pairs = np.unique(np.column_stack([table.old[known], label[known]]), axis=0)
    return len(pairs) == len(np.unique(pairs[:, 0])) == len(np.unique(pairs[:, 1]))


def _met(near: Opened) -> dict[str, Any]:
    """What an answer without a grid outside makes of the reasons for one."""
    return {} if near.outside else {"proof": "", "stuck": _no_cells(), "columns": 0}


def _scratch(closed: Closed) -> Found:
    """The best cut found without regard to where a search began."""
    table, rules, graph, group = closed.table, closed.rules, closed.graph, closed.group
    total = closed.total
    prices = prices_for(rules)
    seen = certified(graph, prices)
    plan: Plan | None = None
    if seen.verdict is not Verdict.IMPOSSIBLE:
        tries = mended(graph, restarts(graph, total, rules, prices, _TRIES), rules)
        plan = next(tries)
        if plan.outside == 0:
            plan, optimal = perfected(graph, plan, prices, rules.effort)
            return Found(plan.label[group], _none_open(table), optimal=optimal)
        seen = examine(graph, prices)
    if seen.verdict is Verdict.OPTIMAL and seen.label is not None:
        return Found(seen.label[group], _none_open(table), optimal=True, columns=seen.columns)
    if plan is not None and seen.verdict is not Verdict.IMPOSSIBLE:
        plan, impossible = _searched(closed, seen, plan, tries)
        if plan.outside == 0:
            return Found(plan.label[group], _none_open(table), columns=seen.columns)
        if impossible:
            seen = replace(seen, verdict=Verdict.IMPOSSIBLE)
    return _without_whole_estates(closed, seen, plan)


def _searched(
    closed: Closed, seen: Examined, plan: Plan, tries: Iterator[Plan]
) -> tuple[Plan, bool]:
    """Best of a first search that failed, an exact cover, a decision, and further searches.

    Stops at the first that will do; the flag says that no cut is possible (proved).
    """
    graph, rules, impossible = closed.graph, closed.rules, False
    label = None if seen.label is None else fill_empty(graph, seen.label)
    if label is None:
        decision = decided(graph, rules, _DECISION_STEPS, _DECISION_TURNS)
        label, impossible = decision.label, decision.verdict is Verdict.IMPOSSIBLE
    if label is not None:
        begun = Plan(label, int(label.max()) + 1, 0, 0.0)
        steps = rules.effort * len(label)
        found = improve(graph, begun, prices_for(rules), steps, (rules.seed, 400))
        plan = min(plan, found, key=Plan.rank)
    if plan.outside and not impossible and best_count(closed.total, rules) <= _LARGE:
        plan = first_within(tries, 0, plan)
    return plan, impossible


def _without_whole_estates(closed: Closed, seen: Examined, plan: Plan | None) -> Found:
    """Open estates; where even that leaves grids outside the range, look for the reason.

    `plan`: the best with whole estates, None where none was looked for.
    """
    table, rules, group = closed.table, closed.rules, closed.group
    blocked = np.flatnonzero(np.isin(group, seen.stuck))
    impossible = seen.verdict is Verdict.IMPOSSIBLE
    freed = _freed(closed, seen, plan)
    label, opened, outside = freed.label, freed.opened, freed.outside
    if outside:
        last = last_resort(table, closed.edges, closed.whole, label, rules)
        group, seen = last.group, last.seen
        if last.outside < outside:
            label, outside = last.label, last.outside
            opened = closed.opened_by(label)
    joined = len(closed.divisible()) > 0
    found = Found(label, opened, impossible and joined, freed.least, blocked)
    if outside and seen.verdict is Verdict.IMPOSSIBLE:
        stuck = np.flatnonzero(np.isin(group, seen.stuck))
        proof = "" if len(stuck) else "enumeration" if seen.columns else "branching"
        return replace(found, stuck=stuck, proof=proof, columns=seen.columns)
    return found


def _freed(closed: Closed, seen: Examined, plan: Plan | None) -> Opened:
    """The cut with as few estates open as was found; in large communities only in windows."""
    rules, impossible = closed.rules, seen.verdict is Verdict.IMPOSSIBLE
    large = best_count(closed.total, rules) > _LARGE
    if not large and len(closed.divisible()):
        return open_estates(closed, seen.stuck, impossible)
    if plan is None:
        prices = prices_for(rules)
        plan = next(iter(restarts(closed.graph, closed.total, rules, prices, 1)))
    label = plan.label[closed.group]
    if not large:
        return Opened(label, plan.outside, closed.opened_by(label), 0, plan)
    return settled(
        closed, mend(closed.table, closed.edges, closed.whole, label, rules), int(impossible)
    )
