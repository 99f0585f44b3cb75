"""Chooses sets that cover every atom once, at least cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.grid_partition.engine.arrays import FloatArray, IntArray
from services.grid_partition.engine.kernels.cover import cheapest_cover, dual_prices

__all__ = ["Columns", "Covering", "cover"]

_GAIN_M = 1e-6
#: A cost above the optimum, where nobody knows one: so much more than the first bound below it.
_AIM_FACTOR, _AIM_M = 1.5, 1000.0


@dataclass(frozen=True, eq=False)
class Columns:
    """Sets members[pointer[c]:pointer[c + 1]] of the items 0..items - 1, and their `cost` >= 0.

    Every item is in some set.
    """

    pointer: IntArray
    members: IntArray
    cost: FloatArray
    items: int


@dataclass(frozen=True)
class Covering:
    """What a cover must be (`count` sets, 0: any; cheaper than `below_m`), and the work allowed."""

    turns: int
    work: int
    count: int = 0
    below_m: float = np.inf


def cover(columns: Columns, asked: Covering) -> tuple[bool, IntArray]:
    """Sets of the cheapest cover, ascending; empty when none was found.

    The flag says whether all were considered, so that an empty answer is a proof.  Sets whose
    reduced cost closes the gap between the bound from below and `below_m` are in no such cover.
    """
    pointer, members, cost = columns.pointer, columns.members, columns.cost
    first = _first_prices(columns)
    known = np.isfinite(asked.below_m)
    aim = asked.below_m if known else float(first.sum()) * _AIM_FACTOR + _AIM_M
    price = dual_prices(pointer, members, cost, first, aim, asked.turns)
    reduced = cost - np.add.reduceat(price[members], pointer[:-1])
    gap = float(asked.below_m - price.sum()) if known else 1e300
    if gap <= _GAIN_M:
        return True, np.zeros(0, dtype=np.int64)
    order = np.argsort(reduced, kind="stable")
    order = order[: int(np.searchsorted(reduced[order], gap))]
    limits = (gap, _GAIN_M, asked.work, asked.count)
    complete, chosen = cheapest_cover(columns.items, pointer, members, reduced, order, limits)
    return complete, np.sort(chosen)


def _first_prices(columns: Columns) -> FloatArray:
    """Per item the least cost per member over its sets: feasible prices to start from."""
    size = np.diff(columns.pointer)
    each = np.repeat(columns.cost / size, size)
    price = np.full(columns.items, np.inf)
    np.minimum.at(price, columns.members, each)
    return price
