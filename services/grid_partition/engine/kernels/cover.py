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

__all__ = ["Aim", "best_cover"]

_GAIN_M = 1e-6
#: A cost above the optimum, where nobody knows one: so much more than the first bound below it.
_AIM_FACTOR, _AIM_M = 1.5, 1000.0


class Aim(NamedTuple):
    """What a cover must be, and the work allowed.

    `columns`: how many (0: any).  `below_m`: what it must cost less than.  `turns` of the bound
    from below, `work` link operations of the search.
    """

    turns: int
    work: int
    columns: int
    below_m: float


class _Links(NamedTuple):
    """Four-way links; headers 1..n are the atoms, 0 is the root, the rest members."""

    left: IntArray
    right: IntArray
    up: IntArray
    down: IntArray
    header: IntArray
    column: IntArray
    size: IntArray
    work: IntArray


@inlined
def _links(items: int, pointer: IntArray, members: IntArray, order: IntArray) -> _Links:
    total = items + 1 + len(members)
    links = _Links(
        np.arange(-1, total - 1),
        np.arange(1, total + 1),
        np.arange(total),
        np.arange(total),
        np.arange(total),
        np.full(total, -1, np.int64),
        np.zeros(items + 1, np.int64),
        np.zeros(1, np.int64),
    )
    links.left[0], links.right[items] = items, 0
    node = items + 1
    for place in range(len(order)):
        column = order[place]
        first = node
        for slot in range(pointer[column], pointer[column + 1]):
            header = members[slot] + 1
            links.header[node], links.column[node] = header, column
            links.up[node], links.down[node] = links.up[header], header
            links.down[links.up[header]] = node
            links.up[header] = node
            links.size[header] += 1
            links.left[node], links.right[node] = node - 1, node + 1
            node += 1
        links.left[first], links.right[node - 1] = node - 1, first
    return links


@lean
def _hide(links: _Links, header: int) -> None:
    links.right[links.left[header]] = links.right[header]
    links.left[links.right[header]] = links.left[header]
    row = links.down[header]
    while row != header:
        node = links.right[row]
        while node != row:
            links.down[links.up[node]] = links.down[node]
            links.up[links.down[node]] = links.up[node]
            links.size[links.header[node]] -= 1
            links.work[0] += 1
            node = links.right[node]
        row = links.down[row]


@lean
def _show(links: _Links, header: int) -> None:
    row = links.up[header]
    while row != header:
        node = links.left[row]
        while node != row:
            links.size[links.header[node]] += 1
            links.down[links.up[node]] = node
            links.up[links.down[node]] = node
            node = links.left[node]
        row = links.up[row]
    links.right[links.left[header]] = header
    links.left[links.right[header]] = header


@inlined
def _scarcest(links: _Links) -> int:
    best, least = 0, 1 << 60
    header = links.right[0]
    while header != 0:
        if links.size[header] < least:
            best, least = header, links.size[header]
        header = links.right[header]
    return best


@inlined
def _use(links: _Links, row: int) -> None:
    node = links.right[row]
    while node != row:
        _hide(links, links.header[node])
        node = links.right[node]


@inlined
def _drop(links: _Links, row: int) -> None:
    node = links.left[row]
    while node != row:
        _show(links, links.header[node])
        node = links.left[node]


@inlined
def _complete(links: _Links, depth: int, count: int) -> bool:
    return links.right[0] == 0 and count in (0, depth)


@inlined
def _at_leaf(links: _Links, depth: int, count: int) -> bool:
    return links.right[0] == 0 or (count > 0 and depth == count)


@lean
def _cheapest_cover(
    links: _Links,
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
            header = _scarcest(links)
            _hide(links, header)
            row = links.down[header]
        else:
            if depth == 0:
                return True, found
            depth -= 1
            row = rows[depth]
            used -= reduced[links.column[row]]
            _drop(links, row)
            row = links.down[row]
        # Columns of an atom stand in order of reduced cost: the first too dear ends the row.
        header = links.header[row]
        descend = row != header and used + reduced[links.column[row]] < slack
        if descend:
            rows[depth] = row
            used += reduced[links.column[row]]
            depth += 1
            _use(links, row)
        else:
            _show(links, header)
    return False, found


@inlined
def _reduced(
    price: FloatArray, cost: FloatArray, pointer: IntArray, members: IntArray, out: FloatArray
) -> None:
    for column in range(len(cost)):
        out[column] = cost[column]
        for slot in range(pointer[column], pointer[column + 1]):
            out[column] -= price[members[slot]]


@inlined
def _columns_of(
    items: int, pointer: IntArray, members: IntArray, begin: IntArray, columns: IntArray
) -> None:
    """Columns of every item, in compressed rows."""
    for slot in range(len(members)):
        begin[members[slot]] += 1
    total = 0
    for item in range(items + 1):
        total += begin[item]
        begin[item] = total
    for column in range(len(pointer) - 2, -1, -1):
        for slot in range(pointer[column], pointer[column + 1]):
            begin[members[slot]] -= 1
            columns[begin[members[slot]]] = column


@lean
def _settle(
    price: FloatArray,
    cost: FloatArray,
    pointer: IntArray,
    members: IntArray,
    room: tuple[FloatArray, IntArray, IntArray],
) -> None:
    """Lower the prices until no column costs less than its atoms, then raise each to its limit."""
    reduced, begin, holder = room
    columns = len(cost)
    for column in range(columns):
        gap = cost[column]
        for slot in range(pointer[column], pointer[column + 1]):
            gap -= price[members[slot]]
        if gap < 0.0:
            share = gap / (pointer[column + 1] - pointer[column])
            for slot in range(pointer[column], pointer[column + 1]):
                price[members[slot]] += share
    _reduced(price, cost, pointer, members, reduced)
    _columns_of(len(price), pointer, members, begin, holder)
    for item in range(len(price)):
        rise = 1e300
        for slot in range(begin[item], begin[item + 1]):
            rise = min(rise, reduced[holder[slot]])
        if rise < 1e299:
            price[item] += rise
            for slot in range(begin[item], begin[item + 1]):
                reduced[holder[slot]] -= rise


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


@lean
def _climb(
    pointer: IntArray,
    members: IntArray,
    cost: FloatArray,
    best: FloatArray,
    room: tuple[FloatArray, FloatArray, FloatArray],
    aim: float,
    turns: int,
) -> None:
    """Put into `best` the best prices of `turns` steps along the subgradient from there."""
    price, slope, reduced = room
    best_value, scale, stale = -1e300, 1.0, 0
    _copy(best, price)
    for _ in range(turns):
        _reduced(price, cost, pointer, members, reduced)
        value = _bound(price, reduced, pointer, members, slope)
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
        if value >= aim or norm == 0.0:
            break
        for item in range(len(price)):
            price[item] += slope[item] * (scale * max(aim - value, 1.0) / norm)


@inlined
def _copy(values: FloatArray, out: FloatArray) -> None:
    for item in range(len(out)):
        out[item] = values[item]


@inlined
def _bound(
    price: FloatArray, reduced: FloatArray, pointer: IntArray, members: IntArray, slope: FloatArray
) -> float:
    """What a cover costs at least under these prices; writes where to go from them."""
    value = 0.0
    for item in range(len(price)):
        slope[item] = 1.0
        value += price[item]
    for column in range(len(reduced)):
        if reduced[column] < 0.0:
            value += reduced[column]
            for slot in range(pointer[column], pointer[column + 1]):
                slope[members[slot]] -= 1.0
    return value


@inlined
def _dual_prices(
    pointer: IntArray,
    members: IntArray,
    cost: FloatArray,
    price: FloatArray,
    aim: float,
    turns: int,
) -> FloatArray:
    """Feasible prices near the best, by `turns` steps along the subgradient from `price`.

    `aim`: a cost above the optimum, sets the step length.  Every atom must be in some column.
    """
    best, reduced = price.copy(), np.empty(len(cost))
    _climb(pointer, members, cost, best, (price.copy(), price.copy(), reduced), aim, turns)
    begin, holder = np.zeros(len(price) + 1, np.int64), np.empty(len(members), np.int64)
    _settle(best, cost, pointer, members, (reduced, begin, holder))
    return best


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
    price = _first_prices(items, pointer, members, cost)
    unknown = aim.below_m >= 1e299
    above = float(price.sum()) * _AIM_FACTOR + _AIM_M if unknown else aim.below_m
    price = _dual_prices(pointer, members, cost, price, above, aim.turns)
    gap = aim.below_m - price.sum()
    if gap <= _GAIN_M:
        return True, np.zeros(0, np.int64)
    reduced = np.empty(len(cost), np.float64)
    _reduced(price, cost, pointer, members, reduced)
    kept = np.empty(len(cost), np.int64)
    count = 0
    for column in range(len(cost)):
        if reduced[column] < gap:
            kept[count] = column
            count += 1
    order = kept[:count]
    _sort(order, reduced)
    links = _links(items, pointer, members, order)
    rows, chosen = np.empty(items + 1, np.int64), np.empty(items + 1, np.int64)
    limits = (gap, aim.work, aim.columns)
    complete, found = _cheapest_cover(links, reduced, rows, chosen, limits)
    chosen = chosen[:found]
    _sort(chosen, np.zeros(len(cost), np.float64))
    return complete, chosen
