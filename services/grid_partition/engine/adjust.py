"""A cut that moves few households: begins with the grids in force and leaves alone what is good.

An old grid in range stays as it is; one above it is cut on its own, estates whole where that goes.
Only what lies within two rings of an old grid outside the range is annealed, at the price of moving
and with estates open at the price of a piece.  A grid outside the range always costs more.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from services.grid_partition.engine.annealing import Plan, improve, warm
from services.grid_partition.engine.arrays import BoolArray, IntArray
from services.grid_partition.engine.closed import Closed, close, rings_around
from services.grid_partition.engine.decision import decided
from services.grid_partition.engine.estates import Opened, open_estates
from services.grid_partition.engine.exact import Verdict
from services.grid_partition.engine.graph import AtomGraph, induced, restricted
from services.grid_partition.engine.kernels.union import components
from services.grid_partition.engine.prices import moving_prices, prices_for
from services.grid_partition.engine.problem import Rules
from services.grid_partition.engine.search import possible_counts, restarts

__all__ = ["adjusted", "scored"]

_RINGS = 2
_EFFORT = 4
_STEPS = 100_000
_TURNS = 4
_TURNS_MAX = 12


def adjusted(closed: Closed) -> Opened | None:
    """The best cut found near the old grids; None where nobody says what grids there were."""
    piece = _pieces(closed)
    if piece is None:
        return None
    label, bad = _begun(closed, piece)
    tried = []
    for turn in range(_TURNS_MAX):
        near = rings_around(closed.edges, label, bad, _RINGS + turn // _TURNS)[label]
        tried.append(scored(closed, _annealed(closed, label, near, turn)))
        if turn + 1 >= _TURNS and min(tried, key=_rank).outside == 0:
            break
    return min(tried, key=_rank)


def scored(closed: Closed, label: IntArray) -> Opened:
    """Judge labels of the cells over single cells, where every cut has its full price."""
    every = np.flatnonzero(closed.whole).tolist()
    graph, number = closed.opened(every)
    begun = Plan(_atom_labels(label, number), int(label.max()) + 1, 0, 0.0)
    plan = improve(graph, begun, prices_for(closed.rules), 0, (closed.rules.seed, 0))
    return Opened(label, plan.outside, closed.opened_by(label), 0, plan)


def _rank(found: Opened) -> tuple[int, float]:
    return found.outside, found.plan.score_m


def _pieces(closed: Closed) -> IntArray | None:
    """Connected piece of an old grid each cell lies in, small ones and strangers with a neighbour.

    None without old grids.
    """
    table, edges = closed.table, closed.edges
    if not (table.old >= 0).any():
        return None
    firm = ~edges.bridge
    same = firm & (table.old[edges.low] == table.old[edges.high]) & (table.old[edges.low] >= 0)
    piece = components(len(table.old), edges.low[same], edges.high[same])
    weight = np.bincount(piece, table.households)
    lost = (table.old < 0) | (2 * weight < closed.rules.min_households)[piece]
    if lost.all():
        return None
    return _joined(closed, np.where(lost, -1, piece))


def _joined(closed: Closed, piece: IntArray) -> IntArray:
    """Give every cell without a piece to a neighbouring one, the longest border first."""
    piece, edges = piece.copy(), closed.edges
    while (piece < 0).any():
        a = np.concatenate([edges.low, edges.high])
        b = np.concatenate([edges.high, edges.low])
        border = np.concatenate([edges.border_m, edges.border_m])
        ready = (piece[a] < 0) & (piece[b] >= 0)
        order = np.lexsort((-piece[b[ready]], border[ready]))
        # The last writer wins: the longest border, the smaller piece on a tie.
        piece[a[ready][order]] = piece[b[ready][order]]
    return np.unique(piece, return_inverse=True)[1].astype(np.int64)


def _begun(closed: Closed, piece: IntArray) -> tuple[IntArray, BoolArray]:
    """Labels of the cells, every piece cut on its own; and which parts come from a bad piece."""
    rules = closed.rules
    weight = np.bincount(piece, closed.table.households)
    label = np.zeros(len(piece), dtype=np.int64)
    bad: list[bool] = []
    for number in range(len(weight)):
        cells = np.flatnonzero(piece == number)
        fits = rules.min_households <= weight[number] <= rules.max_households
        inner = np.zeros(len(cells), dtype=np.int64) if fits else _cut(closed, cells)
        label[cells] = len(bad) + inner
        bad += [not fits] * (int(inner.max()) + 1)
    return label, np.array(bad)


def _cut(closed: Closed, cells: IntArray) -> IntArray:
    """Cut one old grid alone: whole estates, else few opened, else whatever comes nearest."""
    rules = replace(closed.rules, move_price_m=0.0)
    inside, within = restricted(closed.table, closed.edges, cells)
    alone = close(inside, within, closed.whole, rules)
    if alone.total < 2 * rules.min_households:
        return np.zeros(len(cells), dtype=np.int64)
    plan = next(restarts(alone.graph, alone.total, rules, prices_for(rules), 1))
    if plan.outside and possible_counts(alone.total, rules):
        decision = decided(alone.graph, rules, _STEPS)
        if decision.label is not None:
            return decision.label[alone.group]
        if len(alone.divisible()):
            proved = decision.verdict is Verdict.IMPOSSIBLE
            opened = open_estates(alone, np.zeros(0, dtype=np.int64), proved)
            if opened.outside == 0:
                return opened.label
    return plan.label[alone.group]


def _annealed(closed: Closed, label: IntArray, near: BoolArray, seed: int) -> IntArray:
    """Labels after annealing the cells in `near`; once more with only the cut estates open."""
    rules = closed.rules
    for loose in (True, False):
        estates = closed.divisible() if loose else np.flatnonzero(closed.opened_by(label))
        graph, number = closed.opened(estates.tolist())
        label = _anneal_near(graph, rules, label, number, near, (seed, int(loose)))
    return label


def _anneal_near(
    graph: AtomGraph,
    rules: Rules,
    label: IntArray,
    number: IntArray,
    near: BoolArray,
    seed: tuple[int, int],
) -> IntArray:
    """Anneal each connected piece of the near cells' atoms on its own."""
    atom_label = _atom_labels(label, number)
    inside = np.zeros(len(graph.weight), dtype=bool)
    inside[number[near]] = True
    row = np.repeat(np.arange(len(inside)), np.diff(graph.indptr))
    both = inside[row] & inside[graph.indices]
    piece = components(
        len(inside), np.ascontiguousarray(row[both]), np.ascontiguousarray(graph.indices[both])
    )
    for place in np.unique(piece[inside]):
        atoms = np.flatnonzero((piece == place) & inside)
        used, inner = np.unique(atom_label[atoms], return_inverse=True)
        begun = Plan(inner.reshape(-1).astype(np.int64), len(used), 0, 0.0)
        steps = _EFFORT * rules.effort * len(atoms)
        prices = moving_prices(rules)
        search = improve if seed[0] % 2 else warm
        plan = search(induced(graph, atoms), begun, prices, steps, (rules.seed, 501, *seed))
        atom_label[atoms] = used[plan.label]
    return atom_label[number]


def _atom_labels(cell_label: IntArray, group: IntArray) -> IntArray:
    label = np.zeros(int(group.max()) + 1, dtype=np.int64)
    label[group] = cell_label
    return label
