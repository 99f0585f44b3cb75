"""Exact cover at least cost: every atom in exactly one column.

Knuth's dancing links, columns in order of reduced cost, pruned by a dual bound: with prices u per
atom such that no column costs less than the sum over its atoms, a partial cover can at best reach
(all prices) + (reduced costs of the columns it already uses).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from services.grid_partition.engine.arrays import FloatArray, IntArray
from services.grid_partition.engine.kernels.jit import inlined, kernel, lean
from services.grid_partition.engine.kernels.links import (
    Links,
    Live,
    drop,
    hide,
    new_links,
    scarcest,
    show,
    use,
)

__all__ = ["Aim", "best_cover"]

_GAIN_M = 1e-6
#: A cost above the optimum, where nobody knows one: so much more than the first bound below it.
_AIM_FACTOR, _AIM_M = 1.5, 1000.0
#: After so many steps of the bound the columns are looked through for some to drop.
_DROP_EACH = 8


class Aim(NamedTuple):
    """What a cover must be, and the work allowed.

    `columns`: how many (0: any).  `below_m`: what it must cost less than.  `turns` of the bound
    from below, `work` link operations of the search.
    """

    turns: int
    work: int
    columns: int
    below_m: float


@inlined
def _complete(links: Links, depth: int, count: int) -> bool:
    return links.right[0] == 0 and count in (0, depth)


@inlined
def _at_leaf(links: Links, depth: int, count: int) -> bool:
    return links.right[0] == 0 or (count > 0 and depth == count)


@lean
def _cheapest_cover(
    links: Links,
    reduced: FloatArray,
    rows: IntArray,
    best: IntArray,
    limits: tuple[float, int, int],
) -> tuple[bool, int]:
    """Write the columns of the cover with the least sum of reduced costs into `best`.

    `limits`: the sum must stay below this; most link operations; the number of columns (0: any).
    Returns whether the search was complete, and how many columns there are (0: none found).
    """
    slack, work, count = limits
    depth, used, descend, found = 0, 0.0, True, 0
    while links.work[0] < work:
        if descend and _complete(links, depth, count):
            found = depth
            for i in range(depth):
                best[i] = links.column[rows[i]]
            slack = used - _GAIN_M
        if descend and _at_leaf(links, depth, count):
            descend = False
        if descend:
            header = scarcest(links)
            hide(links, header)
            row = links.down[header]
        else:
            if depth == 0:
                return True, found
            depth -= 1
            row = rows[depth]
            used -= reduced[links.column[row]]
            drop(links, row)
            row = links.down[row]
        # Columns of an atom stand in order of reduced cost: the first too dear ends the row.
        header = links.header[row]
        descend = row != header and used + reduced[links.column[row]] < slack
        if descend:
            rows[depth] = row
            used += reduced[links.column[row]]
            depth += 1
            use(links, row)
        else:
            show(links, header)
    return False, found


@inlined
def _reduced(price: FloatArray, live: Live, count: int, out: FloatArray) -> None:
    for column in range(count):
        out[column] = live.cost[column]
        for slot in range(live.pointer[column], live.pointer[column + 1]):
            out[column] -= price[live.members[slot]]


@lean
def _settle(
    price: FloatArray,
    live: Live,
    count: int,
    room: tuple[FloatArray, IntArray, IntArray],
) -> None:
    """Lower the prices until no column costs less than its atoms, then raise each to its limit."""
    reduced, begin, holder = room
    for column in range(count):
        gap = live.cost[column]
        for slot in range(live.pointer[column], live.pointer[column + 1]):
            gap -= price[live.members[slot]]
        if gap < 0.0:
            share = gap / (live.pointer[column + 1] - live.pointer[column])
            for slot in range(live.pointer[column], live.pointer[column + 1]):
                price[live.members[slot]] += share
    _reduced(price, live, count, reduced)
    _columns_of(live, count, begin, holder)
    for item in range(len(price)):
        rise = 1e300
        for slot in range(begin[item], begin[item + 1]):
            rise = min(rise, reduced[holder[slot]])
        if rise < 1e299:
            price[item] += rise
            for slot in range(begin[item], begin[item + 1]):
                reduced[holder[slot]] -= rise


@inlined
def _columns_of(live: Live, count: int, begin: IntArray, columns: IntArray) -> None:
    """Columns of every item, in compressed rows."""
    end = live.pointer[count]
    for slot in range(end):
        begin[live.members[slot]] += 1
    total = 0
    for item in range(len(begin)):
        total += begin[item]
        begin[item] = total
    for column in range(count - 1, -1, -1):
        for slot in range(live.pointer[column], live.pointer[column + 1]):
            begin[live.members[slot]] -= 1
            columns[begin[live.members[slot]]] = column


@lean
def _sort(columns: IntArray, key: FloatArray) -> None:
    """Sort by key, then by number, in place (Shell's sort; numpy's compiles for a second each)."""
    gap = len(columns) // 2
    while gap > 0:
        for end in range(gap, len(columns)):
            column, place = columns[end], end
            while place >= gap:
                before = columns[place - gap]
                if key[before] < key[column] or (key[before] == key[column] and before < column):
                    break
                columns[place] = before
                place -= gap
            columns[place] = column
        gap = gap // 2 if gap != 2 else 1


@inlined
def _drop_dear(live: Live, count: int, reduced: FloatArray, gap: float) -> int:
    """Keep the columns of less reduced cost than the gap; returns how many they are."""
    kept, end = 0, 0
    for column in range(count):
        if reduced[column] < gap:
            begin = live.pointer[column]
            length = live.pointer[column + 1] - begin
            for slot in range(length):
                live.members[end + slot] = live.members[begin + slot]
            end += length
            live.cost[kept], live.name[kept] = live.cost[column], live.name[column]
            kept += 1
            # The end of this column is the beginning of the next, which is read before it is lost.
            live.pointer[kept - 1] = end - length
            reduced[kept - 1] = reduced[column]
    live.pointer[kept] = end
    return kept


@lean
def _climb(
    live: Live,
    best: FloatArray,
    room: tuple[FloatArray, FloatArray, FloatArray],
    aim: float,
    turns: int,
) -> int:
    """Put into `best` the best prices of `turns` steps along the subgradient from there.

    On the way columns that no cover cheaper than `aim` can hold are dropped (fixing by reduced
    cost), unless `turns` is negative, for as many steps; returns how many are left.
    """
    price, slope, reduced = room
    count = len(live.cost)
    best_value, scale, stale = -1e300, 1.0, 0
    _copy(best, price)
    for turn in range(abs(turns)):
        _reduced(price, live, count, reduced)
        value = _bound(price, live, count, reduced, slope)
        stale += 1
        if value > best_value:
            best_value, stale = value, 0
            _copy(price, best)
        elif stale > 8:
            scale, stale = scale * 0.6, 0
        norm = 0.0
        for item in range(len(price)):
            norm += slope[item] * slope[item]
        # Above the aim nothing is of interest any more; without a slope this is the optimum.
        if norm == 0.0 or (value >= aim and turns > 0):
            break
        if turns > 0 and turn % _DROP_EACH == _DROP_EACH - 1:
            count = _drop_dear(live, count, reduced, aim - value)
        for item in range(len(price)):
            price[item] += slope[item] * (scale * max(aim - value, 1.0) / norm)
    return count


@inlined
def _copy(values: FloatArray, out: FloatArray) -> None:
    for item in range(len(out)):
        out[item] = values[item]


@inlined
def _bound(
    price: FloatArray, live: Live, count: int, reduced: FloatArray, slope: FloatArray
) -> float:
    """What a cover costs at least under these prices; writes where to go from them."""
    value = 0.0
    for item in range(len(price)):
        slope[item] = 1.0
        value += price[item]
    for column in range(count):
        if reduced[column] < 0.0:
            value += reduced[column]
            for slot in range(live.pointer[column], live.pointer[column + 1]):
                slope[live.members[slot]] -= 1.0
    return value


@inlined
def _first_prices(items: int, pointer: IntArray, members: IntArray, cost: FloatArray) -> FloatArray:
    """Per item the least cost per member over its columns: feasible prices to start from."""
    price = np.full(items, 1e300, np.float64)
    for column in range(len(cost)):
        each = cost[column] / (pointer[column + 1] - pointer[column])
        for slot in range(pointer[column], pointer[column + 1]):
            price[members[slot]] = min(price[members[slot]], each)
    return price


@kernel
def best_cover(
    items: int, pointer: IntArray, members: IntArray, cost: FloatArray, aim: Aim
) -> tuple[bool, IntArray]:
    """Columns of the cheapest cover of the items 0..items - 1, ascending; empty: none was found.

    The flag says whether all were considered, so that an empty answer is a proof.  Columns whose
    reduced cost closes the gap between the bound from below and `below_m` are in no such cover.
    Every item must be in some column; costs are 0 or more.
    """
    none = np.zeros(0, np.int64)
    live = Live(pointer.copy(), members.copy(), cost.copy(), np.arange(len(cost)))
    price = _first_prices(items, pointer, members, cost)
    unknown = aim.below_m >= 1e299
    above = float(price.sum()) * _AIM_FACTOR + _AIM_M if unknown else aim.below_m
    reduced = np.empty(len(cost), np.float64)
    # Without a known cover the aim is a guess, and no ground to drop a column.
    turns = aim.turns if not unknown else -aim.turns
    count = _climb(live, price, (price.copy(), price.copy(), reduced), above, turns)
    begin, holder = np.zeros(items + 1, np.int64), np.empty(len(members), np.int64)
    _settle(price, live, count, (reduced, begin, holder))
    gap = aim.below_m - price.sum()
    if gap <= _GAIN_M:
        return True, none
    _reduced(price, live, count, reduced)
    count = _drop_dear(live, count, reduced, gap)
    if count == 0:
        return True, none
    order = np.arange(count)
    _sort(order, reduced)
    links = new_links(items, live, order)
    rows, chosen = np.empty(items + 1, np.int64), np.empty(items + 1, np.int64)
    limits = (gap, aim.work, aim.columns)
    complete, found = _cheapest_cover(links, reduced, rows, chosen, limits)
    chosen = live.name[chosen[:found]]
    _sort(chosen, np.zeros(len(cost), np.float64))
    return complete, chosen
