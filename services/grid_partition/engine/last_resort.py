"""What is tried before a cut is given up: patient proof, windows, and long searches.

All of it works on single buildings, estates open.  It runs only where nothing else led to grids in
range, so it may take a hundred times as long as an ordinary search.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from services.grid_partition.engine.annealing import Plan, improve
from services.grid_partition.engine.arrays import BoolArray, IntArray
from services.grid_partition.engine.contraction import contract_estates
from services.grid_partition.engine.decision import decided
from services.grid_partition.engine.edges import CellEdges
from services.grid_partition.engine.exact import Examined, Verdict, examine
from services.grid_partition.engine.fill import fill_empty
from services.grid_partition.engine.graph import AtomGraph, CellTable
from services.grid_partition.engine.prices import prices_for
from services.grid_partition.engine.problem import Rules
from services.grid_partition.engine.search import first_within, restarts
from services.grid_partition.engine.stranding import stranding_atoms
from services.grid_partition.engine.windows import mend

__all__ = ["Resort", "last_resort"]

_PATIENCE = 8
_STEPS = 5_000_000
_TURNS = 12
_SETS_OF_ONE = 20_000
_EFFORT = 6
_TRIES = 8
#: Above this many atoms a long search over everything costs more than it can bring.
_ATOMS_MAX = 1500


@dataclass(frozen=True, eq=False)
class Resort:
    """Best labels of the cells, households outside, and what was proved about loose buildings.

    `group`: atom of each cell in the graph that `seen` speaks of.
    """

    label: IntArray
    outside: int
    seen: Examined
    group: IntArray


def last_resort(
    table: CellTable, edges: CellEdges, whole: BoolArray, label: IntArray, rules: Rules
) -> Resort:
    """Prove that no cut is possible, or find one, or hand back the best that was seen."""
    graph, group = contract_estates(table, edges, np.zeros_like(whole))
    seen, filled = _judged(graph, rules)
    best = Resort(label, _outside(table, label, rules), seen, group)
    if filled is not None:
        begun = Plan(filled, int(filled.max()) + 1, 0, 0.0)
        steps = rules.effort * len(filled)
        plan = improve(graph, begun, prices_for(rules), steps, (rules.seed, 600))
        return replace(best, label=plan.label[group], outside=plan.outside)
    mended = mend(table, edges, whole, label, rules)
    if (outside := _outside(table, mended, rules)) < best.outside:
        best = replace(best, label=mended, outside=outside)
    if best.outside and seen.verdict is not Verdict.IMPOSSIBLE:
        best = replace(best, seen=_stranded(graph, table, best, rules))
    if best.outside and best.seen.verdict is not Verdict.IMPOSSIBLE:
        best = _searched_long(graph, best, rules)
    return best


def _judged(graph: AtomGraph, rules: Rules) -> tuple[Examined, IntArray | None]:
    """What is proved about single buildings, and labels of a cut where one was found."""
    seen = examine(graph, prices_for(rules), _PATIENCE)
    filled = None if seen.label is None else fill_empty(graph, seen.label)
    if seen.verdict is Verdict.IMPOSSIBLE or filled is not None:
        return seen, filled
    decision = decided(graph, rules, _STEPS, _TURNS, _SETS_OF_ONE)
    if decision.verdict is Verdict.IMPOSSIBLE:
        seen = replace(seen, verdict=decision.verdict, columns=0)
    return seen, decision.label


def _searched_long(graph: AtomGraph, best: Resort, rules: Rules) -> Resort:
    """The best, or what patient searches over everything found beyond it."""
    if len(graph.weight) > _ATOMS_MAX:
        return best
    long = replace(rules, effort=rules.effort * _EFFORT, seed=(rules.seed + 1) % 2**31)
    total = int(graph.weight.sum())
    plan = first_within(restarts(graph, total, long, prices_for(rules), _TRIES), 0)
    if plan.outside >= best.outside:
        return best
    return replace(best, label=plan.label[best.group], outside=plan.outside)


def _stranded(graph: AtomGraph, table: CellTable, best: Resort, rules: Rules) -> Examined:
    """What was seen, or the proof that atoms of the parts out of range always strand others."""
    weight = np.bincount(best.label, table.households)
    off = (weight < rules.min_households) | (weight > rules.max_households)
    stuck = stranding_atoms(graph, rules, np.unique(best.group[off[best.label]]))
    return replace(best.seen, verdict=Verdict.IMPOSSIBLE, stuck=stuck) if len(stuck) else best.seen


def _outside(table: CellTable, label: IntArray, rules: Rules) -> int:
    """Households by which the parts miss the range."""
    weight = np.bincount(label, table.households).astype(np.int64)
    short, over = rules.min_households - weight, weight - rules.max_households
    return int(np.maximum(np.maximum(short, over), 0).sum())
