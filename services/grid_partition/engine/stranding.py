"""Proves atoms unreachable that could be held, but only by cutting others off.

A set in range that holds an atom is useless when it leaves behind a connected rest whose households
no number of parts can divide.  An atom whose sets are all useless is in no cut whatever.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from services.grid_partition.engine.arrays import IntArray
from services.grid_partition.engine.graph import AtomGraph
from services.grid_partition.engine.problem import Rules
from services.grid_partition.engine.search import possible_counts

__all__ = ["stranding_atoms"]

_SETS_MAX = 3_000
_STEPS_MAX = 30_000


def stranding_atoms(graph: AtomGraph, rules: Rules, among: IntArray) -> IntArray:
    """Those of the atoms `among` that are proved to be in no cut, ascending.

    Gives an atom up beyond some thousand sets: what is not returned is merely not proved.
    """
    near = [
        graph.indices[graph.indptr[a] : graph.indptr[a + 1]].tolist()
        for a in range(len(graph.weight))
    ]
    weight = graph.weight.tolist()
    proved = [a for a in np.unique(among).tolist() if _is_stranding(near, weight, rules, a)]
    return np.array(proved, dtype=np.int64)


def _is_stranding(near: list[list[int]], weight: list[int], rules: Rules, atom: int) -> bool:
    for number, chosen in enumerate(_sets(near, weight, rules.max_households, atom)):
        if chosen is None or number >= _SETS_MAX:
            return False
        total = sum(weight[a] for a in chosen)
        if total >= rules.min_households and _leaves_good_rests(near, weight, rules, chosen):
            return False
    return True


def _sets(
    near: list[list[int]], weight: list[int], most: int, root: int
) -> Iterator[frozenset[int] | None]:
    """All connected sets up to `most` households that hold the root; None when it takes too long.

    Each appears once: a neighbour that was passed over is forbidden further down.
    """
    waiting: list[tuple[frozenset[int], int, frozenset[int]]] = []
    if weight[root] <= most:
        waiting.append((frozenset([root]), weight[root], frozenset()))
    steps = 0
    while waiting:
        chosen, total, passed = waiting.pop()
        yield chosen
        around = sorted({b for a in chosen for b in near[a]} - chosen - passed)
        for other in around:
            steps += 1
            if steps > _STEPS_MAX:
                yield None
                return
            if total + weight[other] <= most:
                waiting.append((chosen | {other}, total + weight[other], passed))
            passed = passed | {other}


def _leaves_good_rests(
    near: list[list[int]], weight: list[int], rules: Rules, chosen: frozenset[int]
) -> bool:
    """Whether every connected rest can be divided as far as arithmetic goes; large ones can."""
    seen, vast = set(chosen), set[int]()
    enough = 4 * rules.max_households
    for start in sorted({b for a in chosen for b in near[a]} - chosen):
        if start in seen or start in vast:
            continue
        piece, total = _piece(near, weight, start, seen, vast, enough)
        (vast if total < 0 else seen).update(piece)
        if total > 0 and not possible_counts(total, rules):
            return False
    return True


def _piece(
    near: list[list[int]],
    weight: list[int],
    start: int,
    seen: set[int],
    vast: set[int],
    enough: int,
) -> tuple[set[int], int]:
    """Connected rest around `start` and its households; -1 once it is vast or joins such a one."""
    piece, waiting, total = {start}, [start], 0
    while waiting:
        here = waiting.pop()
        total += weight[here]
        fresh = [b for b in near[here] if b not in seen and b not in piece]
        piece.update(fresh)
        waiting += fresh
        if total >= enough or not vast.isdisjoint(fresh):
            return piece, -1
    return piece, total
