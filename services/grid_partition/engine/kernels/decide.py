"""Decides whether a network can be cut into connected parts in range, without listing every part.

Takes the atom that fewest sets can hold, tries each of its sets, and goes on with what is left.
What fails is explained by the earlier choices that stood in the way; the search jumps back to the
latest of them (Prosser's conflict-directed backjumping), so a proof stays where the obstacle is and
does not repeat for every cut of the far end of the map.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from services.grid_partition.engine.arrays import IntArray, IntTable
from services.grid_partition.engine.kernels.jit import inlined, kernel, lean
from services.grid_partition.engine.kernels.sets import Network

__all__ = ["decide"]

#: Sets of one atom that are counted at first, and steps for it; more only where no atom has fewer.
_FEW_SETS = 400
_SETS_ROOM = 60_000
_MEMBERS_ROOM = 1_000_000


class _Search(NamedTuple):
    """`level[a]`: choice that took atom a, -1 while it is free.

    `why[d, e]`: choice e explains why choice d ran out; its last column stands for doubt.
    `ends`, `members`: sets of all choices one after the other; `first`, `at`, `past` are the
    choice's range of them and its place in it.  `walk` is scratch of the enumeration, rows: chosen,
    candidate, marked, place, kept.  `now`: steps left, choice at hand (-1 while only counting).
    """

    level: IntArray
    why: IntTable
    ends: IntArray
    members: IntArray
    first: IntArray
    at: IntArray
    past: IntArray
    walk: IntTable
    queue: IntTable
    now: IntArray


@inlined
def _new_search(atoms: int, choices: int, steps: int) -> _Search:
    return _Search(
        np.full(atoms, -1, np.int64),
        np.zeros((choices + 1, choices + 1), np.int64),
        np.zeros(_SETS_ROOM + 2, np.int64),
        np.empty(_MEMBERS_ROOM, np.int64),
        np.zeros(choices + 2, np.int64),
        np.zeros(choices + 2, np.int64),
        np.zeros(choices + 2, np.int64),
        np.zeros((5, atoms + 2), np.int64),
        np.zeros((2, atoms + 1), np.int64),
        np.array([steps, 0], np.int64),
    )


@inlined
def _offer(network: Network, search: _Search, atom: int, room: int, end: int, depth: int) -> int:
    """Append free unmarked neighbours; note which choices took those that would have fitted."""
    for edge in range(network.indptr[atom], network.indptr[atom + 1]):
        other = network.indices[edge]
        if search.level[other] >= 0:
            if depth >= 0 and network.weight[other] <= room:
                search.why[depth, search.level[other]] = 1
        elif search.walk[2, other] == 0:
            search.walk[2, other] = 1
            search.walk[1, end] = other
            end += 1
    return end


@inlined
def _write(search: _Search, depth: int, count: int, deep: int) -> bool:
    """Add the chosen atoms to the sets of the choice; False when there is no room."""
    if depth < 0:
        return True
    slot = search.first[depth] + count
    begin = search.ends[slot]
    if begin + deep + 1 > _MEMBERS_ROOM or slot >= _SETS_ROOM:
        return False
    for i in range(deep + 1):
        search.members[begin + i] = search.walk[0, i]
    search.ends[slot + 1] = begin + deep + 1
    return True


@inlined
def _forget(search: _Search, begin: int, end: int) -> None:
    """Unmark candidates that are taken off the list."""
    for place in range(begin, end):
        search.walk[2, search.walk[1, place]] = 0


@lean
def _sets_of(
    network: Network, search: _Search, root: int, limits: tuple[int, int, int, int]
) -> tuple[int, bool]:
    """Number of sets in range of free atoms that hold root, and whether that is all of them.

    `limits`: low, high, most sets, most steps.  While `now[1]` names a choice the sets are written
    behind those of the choice before, with the choices that stood in the way; at -1 they are only
    counted.
    """
    low, high, most, steps = limits
    depth = search.now[1]
    walk, count, complete = search.walk, 0, True
    weight = network.weight[root]
    if weight > high:
        return 0, True
    walk[2, root] = 1
    end = _offer(network, search, root, high - weight, 0, depth)
    walk[0, 0], walk[3, 0], walk[4, 0] = root, 0, 0
    deep, fresh = 0, True
    while deep >= 0 and complete:
        if fresh and weight >= low:
            complete = count < most and _write(search, depth, count, deep)
            if complete:
                count += 1
        fresh = False
        if walk[3, deep] == end:
            weight -= network.weight[walk[0, deep]]
            _forget(search, walk[4, deep], end)
            end = walk[4, deep]
            deep -= 1
            continue
        atom = walk[1, walk[3, deep]]
        walk[3, deep] += 1
        if weight + network.weight[atom] <= high:
            steps -= 1
            search.now[0] -= 1
            complete = complete and steps >= 0 and search.now[0] >= 0
            weight += network.weight[atom]
            deep += 1
            walk[0, deep], walk[4, deep] = atom, end
            walk[3, deep] = walk[3, deep - 1]
            end = _offer(network, search, atom, high - weight, end, depth)
            fresh = True
    _forget(search, 0, end)
    walk[2, root] = 0
    return count, complete


@inlined
def _flood(network: Network, search: _Search, start: int) -> tuple[int, int]:
    """Walk the connected rest around a free atom: its atoms into `queue[1]`, households."""
    seen, queue = search.queue[0], search.queue[1]
    queue[0], seen[start] = start, 1
    done, end, weight = 0, 1, 0
    while done < end:
        here = queue[done]
        done += 1
        weight += network.weight[here]
        for edge in range(network.indptr[here], network.indptr[here + 1]):
            other = network.indices[edge]
            if search.level[other] < 0 and seen[other] == 0:
                seen[other] = 1
                queue[end] = other
                end += 1
    return end, weight


@inlined
def _blame(network: Network, search: _Search, count: int, depth: int) -> None:
    """Note the choices that took atoms beside the rest that was walked last."""
    for i in range(count):
        atom = search.queue[1, i]
        for edge in range(network.indptr[atom], network.indptr[atom + 1]):
            level = search.level[network.indices[edge]]
            if level >= 0:
                search.why[depth, level] = 1


@lean
def _hopeless_rest(network: Network, search: _Search, low: int, high: int) -> bool:
    """Whether some connected rest has households that no number of parts can hold; notes why."""
    n = len(network.weight)
    for atom in range(n):
        search.queue[0, atom] = 0
    for start in range(n):
        if search.level[start] < 0 and search.queue[0, start] == 0:
            count, weight = _flood(network, search, start)
            if -(-weight // high) * low > weight:
                _blame(network, search, count, search.now[1])
                return True
    return False


@inlined
def _beside(network: Network, search: _Search, atom: int) -> bool:
    for edge in range(network.indptr[atom], network.indptr[atom + 1]):
        if search.level[network.indices[edge]] >= 0:
            return True
    return False


@lean
def _scarcest_of(
    network: Network, search: _Search, limits: tuple[int, int, int], beside: bool
) -> int:
    """Free atom that fewest sets hold (perhaps only beside taken ones); -1 when all have more."""
    low, high, few = limits
    best, least = -1, few + 1
    for atom in range(len(network.weight)):
        if search.level[atom] >= 0 or (beside and not _beside(network, search, atom)):
            continue
        count, complete = _sets_of(network, search, atom, (low, high, least, few))
        if complete and count < least:
            best, least = atom, count
            if least == 0:
                break
    return best


@lean
def _scarcest(network: Network, search: _Search, low: int, high: int, most: int) -> int:
    """Free atom that fewest sets hold, first of those beside what is taken; -1 when none is free.

    Where all have more than `most` sets, any free atom.
    """
    search.now[1] = -1
    few = min(_FEW_SETS, most)
    while True:
        for turn in range(2):
            best = _scarcest_of(network, search, (low, high, few), turn == 0)
            if best >= 0:
                return best
        if few >= most:
            break
        few = most
    for atom in range(len(network.weight)):
        if search.level[atom] < 0:
            return atom
    return -1


@inlined
def _take(search: _Search, depth: int, taken: int) -> None:
    """Mark the atoms of the choice's present set as taken (its depth) or free (-1)."""
    slot = search.at[depth]
    for place in range(search.ends[slot], search.ends[slot + 1]):
        search.level[search.members[place]] = taken


@lean
def _enter(network: Network, search: _Search, low: int, high: int, most: int) -> int:
    """Prepare a choice: 1 when there is none to make, 0 ready (perhaps without sets), -1 loose."""
    depth = search.now[1]
    for other in range(search.why.shape[1]):
        search.why[depth, other] = 0
    search.first[depth] = search.past[depth - 1] if depth > 0 else 0
    search.at[depth] = search.past[depth] = search.first[depth]
    if _hopeless_rest(network, search, low, high):
        return 0
    root = _scarcest(network, search, low, high, most)
    if root < 0:
        return 1
    search.now[1] = depth
    limits = (low, high, most, search.now[0])
    count, complete = _sets_of(network, search, root, limits)
    search.past[depth] = search.first[depth] + count
    if not complete:
        search.why[depth, search.why.shape[1] - 1] = 1
        return -1
    return 0


@inlined
def _give_up(search: _Search, depth: int) -> None:
    """Pass over a loose rest: every choice had a hand in it, and nothing is proved."""
    search.at[depth] = search.past[depth]
    for other in range(depth):
        search.why[depth, other] = 1
    search.why[depth, search.why.shape[1] - 1] = 1


@inlined
def _back(search: _Search, depth: int) -> int:
    """Undo the choices that had no hand in the failure and the latest that had; -1 when none."""
    back = depth - 1
    while back >= 0 and search.why[depth, back] == 0:
        _take(search, back, -1)
        back -= 1
    if back >= 0:
        _take(search, back, -1)
        search.at[back] += 1
        for other in range(search.why.shape[1]):
            if other != back and search.why[depth, other] == 1:
                search.why[back, other] = 1
    return back


@kernel
def decide(
    network: Network, low: int, high: int, limits: tuple[int, int], skip: int
) -> tuple[int, IntArray]:
    """Verdict and part per atom: 1 cut found, 0 impossible (proved), -1 not known.

    With -1 the parts are those of the tight places, and -1 is the part of every atom of the loose
    rest; `skip` passes over so many such answers.  `limits`: sets of one atom that are tried (what
    has more is loose), extensions of sets in all.
    """
    most, steps = limits
    total = 0
    for atom in range(len(network.weight)):
        total += network.weight[atom]
    search = _new_search(len(network.weight), total // max(low, 1) + 1, steps)
    depth, state, fresh = 0, 0, True
    while search.now[0] > 0:
        if fresh:
            search.now[1] = depth
            state = _enter(network, search, low, high, most)
            fresh = False
        if state == 1:
            return 1, search.level
        if state == -1:
            if skip == 0:
                return -1, search.level
            skip -= 1
            _give_up(search, depth)
        if search.at[depth] < search.past[depth]:
            _take(search, depth, depth)
            depth, fresh = depth + 1, True
            continue
        back = _back(search, depth)
        if back < 0:
            doubt = search.why[depth, search.why.shape[1] - 1]
            return -doubt, search.level
        depth, state = back, 0
    return -1, np.full(len(network.weight), -1, np.int64)
