"""A cut that moves few households: every old grid is split on its own, then the whole is annealed.

An old grid in range stays one part, so a small repair of a good plan starts from that plan.
"""

from __future__ import annotations

import numpy as np

from services.grid_partition.engine.arrays import IntArray
from services.grid_partition.engine.fill import fill_empty
from services.grid_partition.engine.graph import AtomGraph, induced
from services.grid_partition.engine.kernels.bisect import bisect
from services.grid_partition.engine.kernels.chance import chance_of
from services.grid_partition.engine.kernels.union import components
from services.grid_partition.engine.prices import prices_for
from services.grid_partition.engine.problem import Rules
from services.grid_partition.engine.search import Plan, best_count, possible_counts, warm

__all__ = ["from_old_grids"]


def from_old_grids(graph: AtomGraph, total: int, rules: Rules) -> Plan:
    """Anneal gently from the old grids, each cut into as many parts as its households ask for."""
    piece = _pieces(graph, rules)
    counts = _counts(np.bincount(piece[piece >= 0], graph.weight[piece >= 0]), total, rules)
    label = np.full(len(piece), -1, dtype=np.int64)
    parts = 0
    for number, count in enumerate(counts.tolist()):
        atoms = np.flatnonzero(piece == number)
        inner, made = bisect(
            induced(graph, atoms), count, prices_for(rules), chance_of(rules.seed, 500, number)
        )
        label[atoms] = parts + inner
        parts += made
    filled = fill_empty(graph, label)
    if filled is None:
        filled, parts = np.zeros(len(label), dtype=np.int64), 1
    begun = Plan(filled, parts, 0, 0.0)
    return warm(graph, begun, prices_for(rules), 2 * rules.effort * len(label), (rules.seed, 501))


def _pieces(graph: AtomGraph, rules: Rules) -> IntArray:
    """Connected piece of an old grid each atom lies in; -1 where the piece is too small to stay."""
    row = np.repeat(np.arange(len(graph.weight)), np.diff(graph.indptr))
    same = (graph.old[row] == graph.old[graph.indices]) & (graph.old[row] >= 0)
    piece = components(
        len(graph.weight),
        np.ascontiguousarray(row[same]),
        np.ascontiguousarray(graph.indices[same]),
    )
    weight = np.bincount(piece, graph.weight)
    kept = (2 * weight >= rules.min_households)[piece] & (graph.old >= 0)
    if not kept.any():
        return np.zeros(len(piece), dtype=np.int64)
    piece[~kept] = -1
    piece[kept] = np.unique(piece[kept], return_inverse=True)[1]
    return piece


def _counts(weight: IntArray, total: int, rules: Rules) -> IntArray:
    """Parts per piece near weight / target, at least one each, adding up to a possible number."""
    counts = np.maximum(np.rint(weight / rules.target_households).astype(np.int64), 1)
    possible = possible_counts(total, rules) or range(
        best_count(total, rules), best_count(total, rules) + 1
    )
    wanted = min(max(int(counts.sum()), possible[0]), possible[-1])
    while counts.sum() < wanted:
        counts[int(np.argmax(weight / counts))] += 1
    while counts.sum() > wanted and (counts > 1).any():
        spare = np.where(counts > 1, weight / counts, np.inf)
        counts[int(np.argmin(spare))] -= 1
    return counts
