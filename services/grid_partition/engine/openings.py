"""How few estates must be opened, by complete search over groups of whole atoms.

Parts that share an opened estate form a group; a group of m parts is a connected set of whole atoms
with m * min to m * max households, and it opens estates into at least m - 1 extra pieces.  So the
cheapest exact cover by such groups bounds the extra pieces of every cut from below, and its groups
tell where to open.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.grid_partition.engine.arrays import FloatArray, IntArray
from services.grid_partition.engine.exact import covered, first_prices
from services.grid_partition.engine.graph import AtomGraph
from services.grid_partition.engine.kernels.cover import dual_prices
from services.grid_partition.engine.kernels.plan import Prices
from services.grid_partition.engine.kernels.sets import sets_in_range
from services.grid_partition.engine.relax import relax

__all__ = ["Openings", "fewest_openings"]

_LARGEST_GROUP = 4
_SETS_MAX = 60_000
_STEPS_MAX = 2_000_000
_TURNS = 60
_WORK = 4_000_000


@dataclass(frozen=True, eq=False)
class Openings:
    """`least`: no cut has fewer extra pieces (proved).  `pieces`: what the groups need.

    `group[a]`: group of atom a, -1 for atoms without households; None when no cover was found.
    """

    least: int
    pieces: int
    group: IntArray | None


def fewest_openings(graph: AtomGraph, prices: Prices) -> Openings:
    """Groups with the fewest extra pieces that a bounded search finds.

    The graph must be proved to have no cut with whole atoms, so at least one piece is needed.
    """
    relaxed = relax(graph)
    network, low, high = relaxed.network, int(prices.low), int(prices.high)
    best = Openings(1, 0, None)
    for largest in range(2, _LARGEST_GROUP + 1):
        complete, pointer, members = sets_in_range(
            network, low, high * largest, _SETS_MAX, _STEPS_MAX
        )
        if not complete:
            break
        pointer, members, extra = _groups(network.weight, pointer, members, low, high)
        proved, chosen, floor = _cover(len(relaxed.atom), pointer, members, extra)
        if not len(chosen):
            # Without a cover by small groups some group is larger, so it has `largest` pieces.
            best = Openings(max(best.least, largest if proved else 1), 0, None)
            continue
        pieces = round(float(extra[chosen].sum()))
        least = max(best.least, min(pieces if proved else floor, largest))
        if best.group is None or pieces < best.pieces:
            group = np.full(len(graph.weight), -1, dtype=np.int64)
            for number, column in enumerate(np.sort(chosen)):
                group[relaxed.atom[members[pointer[column] : pointer[column + 1]]]] = number
            best = Openings(least, pieces, group)
        else:
            best = Openings(least, best.pieces, best.group)
        if best.pieces <= best.least:
            break
    return best


def _groups(
    weight: IntArray, pointer: IntArray, members: IntArray, low: int, high: int
) -> tuple[IntArray, IntArray, FloatArray]:
    """Keep the sets that some number of parts in range adds up to; with their extra pieces."""
    size = np.diff(pointer)
    total = np.add.reduceat(weight[members], pointer[:-1])
    parts = -(-total // high)
    fits = total >= parts * low
    ends = np.zeros(int(fits.sum()) + 1, dtype=np.int64)
    np.cumsum(size[fits], out=ends[1:])
    return ends, members[np.repeat(fits, size)], (parts[fits] - 1).astype(np.float64)


def _cover(
    items: int, pointer: IntArray, members: IntArray, extra: FloatArray
) -> tuple[bool, IntArray, int]:
    """Complete?, columns of the best cover, and a lower bound in whole pieces."""
    first = first_prices(pointer, members, extra, items)
    if np.isinf(first).any():
        return True, np.zeros(0, dtype=np.int64), 0
    price = dual_prices(pointer, members, extra, first, float(first.sum()) + 3.0, _TURNS)
    floor = int(np.ceil(price.sum() - 1e-6))
    complete, chosen = covered(items, pointer, members, extra, price, (1.0 - 1e-6, _WORK))
    return complete, chosen, floor
