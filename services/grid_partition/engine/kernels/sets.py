"""Enumerates connected sets of atoms whose households lie in a range."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from services.grid_partition.engine.arrays import IntArray
from services.grid_partition.engine.kernels.jit import inlined, kernel, lean

__all__ = ["Network", "coverable", "sets_in_range"]


class Network(NamedTuple):
    """Neighbours in compressed rows, and households, of atoms that all have some."""

    indptr: IntArray
    indices: IntArray
    weight: IntArray


class _Walk(NamedTuple):
    """Scratch of one walk: chosen atoms, candidates, their marks, and per depth where it stands."""

    chosen: IntArray
    candidate: IntArray
    marked: IntArray
    place: IntArray
    kept: IntArray


@inlined
def _new_walk(size: int) -> _Walk:
    return _Walk(
        np.empty(size + 1, np.int64),
        np.empty(size + 1, np.int64),
        np.zeros(size + 1, np.int64),
        np.empty(size + 2, np.int64),
        np.empty(size + 2, np.int64),
    )


@inlined
def _offer(network: Network, walk: _Walk, atom: int, above: int, end: int) -> int:
    """Append the atom's unmarked neighbours with number > above to the candidates."""
    for edge in range(network.indptr[atom], network.indptr[atom + 1]):
        other = network.indices[edge]
        if other > above and walk.marked[other] == 0:
            walk.marked[other] = 1
            walk.candidate[end] = other
            end += 1
    return end


@inlined
def _record(walk: _Walk, depth: int, limits: IntArray, found: tuple[IntArray, IntArray]) -> bool:
    """Append the chosen atoms as one more set; False when there is no room."""
    ends, members = found
    sets = ends[0]
    begin = ends[sets] if sets > 0 else 0
    if sets >= limits[2] or begin + depth + 1 > limits[3]:
        return False
    for i in range(depth + 1):
        members[begin + i] = walk.chosen[i]
    ends[0], ends[sets + 1] = sets + 1, begin + depth + 1
    return True


@lean
def _sets_from(
    network: Network,
    root: int,
    above: int,
    limits: IntArray,
    walk: _Walk,
    found: tuple[IntArray, IntArray],
    budget: IntArray,
) -> bool:
    """Write all sets of root and atoms > above into `found`; False when a limit was met.

    `limits`: low, high, most sets, most members in all.  `found`: ends (found[0][0] counts the
    sets), members.  `budget[0]`: steps left.  Each set appears once: a candidate that was passed
    over stays marked and cannot come back below.
    """
    low, high = limits[0], limits[1]
    walk.marked[root] = 1
    end = _offer(network, walk, root, above, 0)
    walk.chosen[0], walk.place[0], walk.kept[0] = root, 0, 0
    weight, depth, fresh, complete = network.weight[root], 0, True, True
    while depth >= 0:
        if fresh and weight >= low and not _record(walk, depth, limits, found):
            complete = False
            break
        fresh = False
        if walk.place[depth] < end:
            atom = walk.candidate[walk.place[depth]]
            walk.place[depth] += 1
            if weight + network.weight[atom] <= high:
                budget[0] -= 1
                if budget[0] < 0:
                    complete = False
                    break
                weight += network.weight[atom]
                depth += 1
                walk.chosen[depth], walk.kept[depth] = atom, end
                walk.place[depth] = walk.place[depth - 1]
                end = _offer(network, walk, atom, above, end)
                fresh = True
            continue
        weight -= network.weight[walk.chosen[depth]]
        for slot in range(walk.kept[depth], end):
            walk.marked[walk.candidate[slot]] = 0
        end = walk.kept[depth]
        depth -= 1
    for i in range(len(walk.marked)):
        walk.marked[i] = 0
    return complete


@kernel
def sets_in_range(
    network: Network, low: int, high: int, most: int, steps: int
) -> tuple[bool, IntArray, IntArray]:
    """All connected sets with low <= households <= high: complete?, pointer, members.

    Gives up (complete is False) beyond `most` sets or `steps` extensions.
    """
    n = len(network.weight)
    limits = np.array([low, high, most, 24 * most], np.int64)
    ends = np.zeros(most + 2, np.int64)
    members = np.empty(limits[3], np.int64)
    budget = np.array([steps], np.int64)
    walk = _new_walk(n)
    complete = True
    for root in range(n):
        if network.weight[root] <= high and complete:
            complete = _sets_from(network, root, root, limits, walk, (ends, members), budget)
    count = ends[0]
    ends[0] = 0
    return complete, ends[: count + 1].copy(), members[: ends[count]].copy()


@kernel
def coverable(network: Network, low: int, high: int, steps: int) -> IntArray:
    """Per atom: 1 some connected set in range holds it, 0 none does (proved), -1 not known.

    At most `steps` extensions an atom.
    """
    n = len(network.weight)
    limits = np.array([low, high, 1, n + 1], np.int64)
    ends, members = np.zeros(3, np.int64), np.empty(n + 1, np.int64)
    budget = np.empty(1, np.int64)
    walk = _new_walk(n)
    answer = np.zeros(n, np.int64)
    for root in range(n):
        if answer[root] == 1 or network.weight[root] > high:
            continue
        ends[0] = 0
        budget[0] = steps
        complete = _sets_from(network, root, root - n, limits, walk, (ends, members), budget)
        if ends[0] > 0:
            for i in range(ends[1]):
                answer[members[i]] = 1
        elif not complete:
            answer[root] = -1
    return answer
