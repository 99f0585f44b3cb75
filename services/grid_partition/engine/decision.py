"""Whether a graph can be cut at all: a proof, a cut, or a cut of the tight places and a search."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.grid_partition.engine.arrays import IntArray
from services.grid_partition.engine.exact import Verdict
from services.grid_partition.engine.fill import fill_empty
from services.grid_partition.engine.graph import AtomGraph, induced
from services.grid_partition.engine.kernels.decide import decide
from services.grid_partition.engine.kernels.union import components
from services.grid_partition.engine.prices import prices_for
from services.grid_partition.engine.problem import Rules
from services.grid_partition.engine.relax import Relaxed, relax
from services.grid_partition.engine.search import first_within, possible_counts, restarts

__all__ = ["Decision", "decided"]

#: Larger graphs are loose somewhere, and a choice at every part would take long.
_ATOMS_MAX = 1500
_REST_TRIES = 3
_FEW_SETS = 400


@dataclass(frozen=True, eq=False)
class Decision:
    """IMPOSSIBLE (proved), COVERED with a feasible `label` per atom, or UNKNOWN."""

    verdict: Verdict
    label: IntArray | None = None


def decided(
    graph: AtomGraph, rules: Rules, steps: int, turns: int = 1, most: int = _FEW_SETS
) -> Decision:
    """Branch on the scarcest atom for `steps`; search what is loose, from up to `turns` beginnings.

    `most`: sets of one atom that are tried; an atom with more stands on loose ground.  The graph
    must be connected.
    """
    if len(graph.weight) > _ATOMS_MAX:
        return Decision(Verdict.UNKNOWN)
    relaxed = relax(graph)
    low, high = rules.min_households, rules.max_households
    for turn in range(turns):
        state, part = decide(relaxed.network, low, high, (most, steps), turn)
        if state == 0:
            return Decision(Verdict.IMPOSSIBLE)
        if (part < 0).all():
            break
        label = _completed(graph, relaxed, part, rules)
        if label is not None:
            return Decision(Verdict.COVERED, label)
        if state == 1:
            break
    return Decision(Verdict.UNKNOWN)


def _completed(graph: AtomGraph, relaxed: Relaxed, part: IntArray, rules: Rules) -> IntArray | None:
    """Labels of all atoms, every part connected and in range; None when that fails."""
    label = np.full(len(graph.weight), -1, dtype=np.int64)
    label[relaxed.atom] = part
    if (part >= 0).all():
        label[relaxed.atom] = np.unique(part, return_inverse=True)[1]
        return fill_empty(graph, label)
    if _pieces(graph, label) > len(np.unique(part[part >= 0])):
        return None
    return _searched(graph, label, rules)


def _pieces(graph: AtomGraph, label: IntArray) -> int:
    """Connected pieces of the labelled atoms."""
    row = np.repeat(np.arange(len(label)), np.diff(graph.indptr))
    same = (label[row] == label[graph.indices]) & (label[row] >= 0)
    piece = components(
        len(label), np.ascontiguousarray(row[same]), np.ascontiguousarray(graph.indices[same])
    )
    return len(np.unique(piece[label >= 0]))


def _searched(graph: AtomGraph, label: IntArray, rules: Rules) -> IntArray | None:
    """Cut every connected rest by the ordinary search."""
    label = label.copy()
    row = np.repeat(np.arange(len(label)), np.diff(graph.indptr))
    free = (label[row] < 0) & (label[graph.indices] < 0)
    piece = components(
        len(label), np.ascontiguousarray(row[free]), np.ascontiguousarray(graph.indices[free])
    )
    made = int(label.max()) + 1
    for number in np.unique(piece[label < 0]):
        atoms = np.flatnonzero((piece == number) & (label < 0))
        rest = induced(graph, atoms)
        total = int(rest.weight.sum())
        if total == 0:
            continue
        if not possible_counts(total, rules):
            return None
        plan = first_within(restarts(rest, total, rules, prices_for(rules), _REST_TRIES), 0)
        if plan.outside:
            return None
        label[atoms] = made + plan.label
        made += plan.parts
    used = np.unique(label[label >= 0])
    label[label >= 0] = np.searchsorted(used, label[label >= 0])
    return fill_empty(graph, label)
