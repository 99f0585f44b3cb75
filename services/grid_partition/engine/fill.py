"""Gives the atoms without households a part, so that every part holds together."""

from __future__ import annotations

from collections import deque

import numpy as np

from services.grid_partition.engine.arrays import IntArray
from services.grid_partition.engine.graph import AtomGraph

__all__ = ["fill_empty"]


def fill_empty(graph: AtomGraph, label: IntArray) -> IntArray | None:
    """Label the atoms that have -1; None when some part cannot be joined through them.

    Parts that fall apart are joined first, each over the fewest free atoms; what is left goes to
    the neighbouring part with the longest common border.
    """
    filled = label.copy()
    for part in range(int(label.max()) + 1):
        if not _join(graph, filled, part):
            return None
    _spread(graph, filled)
    return filled


def _near(graph: AtomGraph, atom: int) -> list[int]:
    near: list[int] = graph.indices[graph.indptr[atom] : graph.indptr[atom + 1]].tolist()
    return near


def _join(graph: AtomGraph, label: IntArray, part: int) -> bool:
    members = np.flatnonzero(label == part).tolist()
    reached = _reach(graph, label, members[0], part)
    while len(reached) < len(members):
        path = _path(graph, label, reached, part)
        if path is None:
            return False
        label[path] = part
        members += path
        reached = _reach(graph, label, members[0], part)
    return True


def _reach(graph: AtomGraph, label: IntArray, begin: int, part: int) -> set[int]:
    seen, todo = {begin}, [begin]
    while todo:
        for other in _near(graph, todo.pop()):
            if label[other] == part and other not in seen:
                seen.add(other)
                todo.append(other)
    return seen


def _path(graph: AtomGraph, label: IntArray, reached: set[int], part: int) -> list[int] | None:
    """Free atoms on a shortest way from `reached` to the rest of the part."""
    came: dict[int, int] = dict.fromkeys(sorted(reached), -1)
    queue = deque(sorted(reached))
    while queue:
        here = queue.popleft()
        for other in _near(graph, here):
            if other in came:
                continue
            if label[other] == part:
                path = []
                while here not in reached:
                    path.append(here)
                    here = came[here]
                return path
            if label[other] == -1:
                came[other] = here
                queue.append(other)
    return None


def _spread(graph: AtomGraph, label: IntArray) -> None:
    free = np.flatnonzero(label == -1).tolist()
    while free:
        left = []
        for atom in free:
            edges = slice(graph.indptr[atom], graph.indptr[atom + 1])
            near = label[graph.indices[edges]]
            known = near >= 0
            if not known.any():
                left.append(atom)
                continue
            border = np.bincount(near[known], graph.length[edges][known])
            touching = np.unique(near[known])
            label[atom] = touching[int(np.argmax(border[touching]))]
        free = left
