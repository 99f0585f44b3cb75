"""Which opened estates release the atoms that whole estates leave stuck, and how few must open.

A stuck atom is in no connected set in range while every estate is whole.  So the part that holds it
in any feasible cut holds a piece of an opened estate as well, and that estate is within reach: the
atoms on the way from one to the other have at most the maximum of households.  Estates that
together release every stuck atom are found by complete search, one and two at a time.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from services.grid_partition.engine.arrays import IntArray
from services.grid_partition.engine.closed import Closed
from services.grid_partition.engine.graph import AtomGraph
from services.grid_partition.engine.kernels.sets import coverable
from services.grid_partition.engine.relax import relax

__all__ = ["Releases", "releases_of"]

_STEPS = 20_000
#: Sets of estates looked at for one size before the count is left unproved.
_SETS_MAX = 4000


@dataclass(frozen=True, eq=False)
class Releases:
    """`frees[e]`: stuck atoms (by place) that opening estate e alone releases; ascending in e.

    `near[a]`: estates that could share a part with stuck atom a if one more estate were open.
    """

    closed: Closed
    stuck: IntArray
    frees: dict[int, frozenset[int]]
    near: tuple[frozenset[int], ...]

    def sets(self, size: int) -> Iterator[tuple[int, ...]]:
        """Sets of `size` estates that release everything that is stuck, the likely ones first.

        Complete for sizes 1 and 2; for more, every set of such estates that release something.
        """
        wanted = frozenset(range(len(self.stuck)))
        chosen = sorted(self.frees)
        for estates in itertools.combinations(chosen, size):
            freed = frozenset().union(*(self.frees[e] for e in estates))
            if freed == wanted:
                yield estates
        if size == 2 and self.near:
            yield from self._with_others(wanted)
            yield from self._pairs(wanted)

    def _with_others(self, wanted: frozenset[int]) -> Iterator[tuple[int, ...]]:
        """Pairs of an estate that releases everything with one that releases nothing."""
        for other in self.closed.divisible().tolist():
            for estate in sorted(self.frees):
                if other not in self.frees and self.frees[estate] == wanted:
                    yield min(estate, other), max(estate, other)

    def _pairs(self, wanted: frozenset[int]) -> Iterator[tuple[int, ...]]:
        """Pairs that release only together what neither releases alone."""
        none: frozenset[int] = frozenset()
        reached = sorted(frozenset().union(*self.near))
        for pair in itertools.combinations(reached, 2):
            left = wanted - self.frees.get(pair[0], none) - self.frees.get(pair[1], none)
            reach = left and all(self.near[a].issuperset(pair) for a in left)
            if reach and _freed(self.closed, self.stuck, pair) == wanted:
                yield pair

    def candidates(self) -> IntArray:
        """Estates that release something, ascending."""
        return np.array(sorted(self.frees), dtype=np.int64)


def releases_of(closed: Closed, stuck: IntArray) -> Releases:
    """Look at every estate within reach of a stuck atom; at all of them where nothing is stuck."""
    divisible = closed.divisible()
    if not len(stuck):
        return Releases(closed, stuck, {int(e): frozenset() for e in divisible}, ())
    atoms = {int(e): closed.atoms_of(int(e)) for e in divisible}
    owner: dict[int, int] = {int(a): e for e, held in atoms.items() for a in held}
    near = [_near(closed, int(atom), owner, 0) for atom in stuck]
    frees: dict[int, frozenset[int]] = {}
    for estate in sorted(frozenset().union(*near)):
        if freed := _freed(closed, stuck, (estate,)):
            frees[estate] = freed
    wide = tuple(_near(closed, int(atom), owner, 1) for atom in stuck)
    return Releases(closed, stuck, frees, wide)


def _freed(closed: Closed, stuck: IntArray, estates: tuple[int, ...]) -> frozenset[int]:
    graph, number = closed.opened(estates)
    relaxed = relax(graph)
    rules = closed.rules
    held = coverable(relaxed.network, rules.min_households, rules.max_households, _STEPS)
    still = np.zeros(len(graph.weight), dtype=bool)
    still[relaxed.atom[held == 0]] = True
    kept = np.zeros(len(closed.graph.weight), dtype=bool)
    kept[closed.group[still[number]]] = True
    return frozenset(np.flatnonzero(~kept[stuck]).tolist())


def _near(closed: Closed, atom: int, owner: dict[int, int], passes: int) -> frozenset[int]:
    """Estates with a way to the atom that leaves room for one household of theirs.

    On the way up to `passes` estates count for nothing, because they may be open as well.
    """
    graph, room = closed.graph, closed.rules.max_households
    found = {owner[atom]} if atom in owner else set()
    queue = [(int(graph.weight[atom]), atom, passes)]
    if atom in owner and passes:
        queue.append((0, atom, passes - 1))
    best = {(a, left): cost for cost, a, left in queue}
    heapq.heapify(queue)
    while queue:
        cost, here, left = heapq.heappop(queue)
        if cost > best[here, left]:
            continue
        for other in _neighbours(graph, here):
            if other in owner and cost < room:
                found.add(owner[other])
            for step in _steps(graph, owner, (cost, other, left)):
                if step[0] < min(room, best.get(step[1:], room)):
                    best[step[1:]] = step[0]
                    heapq.heappush(queue, step)
    return frozenset(found)


def _steps(
    graph: AtomGraph, owner: dict[int, int], reached: tuple[int, int, int]
) -> list[tuple[int, int, int]]:
    """Ways to go on to an atom: with all its households, or through it as an open estate."""
    cost, atom, left = reached
    steps = [(cost + int(graph.weight[atom]), atom, left)]
    if left and atom in owner:
        steps.append((cost, atom, left - 1))
    return steps


def _neighbours(graph: AtomGraph, atom: int) -> list[int]:
    near: list[int] = graph.indices[graph.indptr[atom] : graph.indptr[atom + 1]].tolist()
    return near
