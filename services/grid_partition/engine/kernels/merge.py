"""Makes one plan of two: what they agree on stays together, the rest is chosen anew, exactly.

Where two plans cut differently, their common pieces are few and large.  All sets of pieces that
could be a part are enumerated, and the cheapest choice of sets that covers every piece once is
found; it is never worse than either plan.  Recombining by the common pieces is Sanders and Schulz,
"Distributed evolutionary graph partitioning" (2012); choosing by an exact cover is possible here
because parts are small.
"""

from __future__ import annotations

import numpy as np

from services.grid_partition.engine.arrays import IntArray
from services.grid_partition.engine.graph import AtomGraph
from services.grid_partition.engine.kernels.cover import Aim, best_cover
from services.grid_partition.engine.kernels.jit import inlined, inner
from services.grid_partition.engine.kernels.pieces import (
    Pieces,
    column_costs,
    common_pieces,
    pieces_of,
)
from services.grid_partition.engine.kernels.plan import Prices
from services.grid_partition.engine.kernels.sets import Network, sets_in_range

__all__ = ["merged_labels"]

_COLUMNS_MAX = 6_000
_STEPS_MAX = 40_000
_COVER_WORK = 200_000
_TURNS = 60


@inlined
def _room(pieces: Pieces, prices: Prices, count: int) -> tuple[int, int]:
    """What a part may hold: with a fixed number of parts the others leave it less."""
    low, high, total = prices.low, prices.high, 0
    for piece in range(len(pieces.weight)):
        total += pieces.weight[piece]
    if count > 0:
        low, high = max(low, total - (count - 1) * high), min(high, total - (count - 1) * low)
    return low, high


@inlined
def _estates(graph: AtomGraph) -> int:
    """Estates that are there: each is free of charge once."""
    seen, count = np.zeros(graph.estates + 1, np.int64), 0
    for atom in range(len(graph.estate)):
        if graph.estate[atom] >= 0 and seen[graph.estate[atom]] == 0:
            seen[graph.estate[atom]] = 1
            count += 1
    return count


@inlined
def _all_held(pieces: int, members: IntArray) -> bool:
    held, count = np.zeros(pieces, np.int64), 0
    for place in range(len(members)):
        count += 1 - held[members[place]]
        held[members[place]] = 1
    return count == pieces


@inner
def merged_labels(
    graph: AtomGraph, first: IntArray, second: IntArray, prices: Prices, count: int, below_m: float
) -> IntArray:
    """Labels of the cheapest plan of common pieces, every part in range; empty: none is cheaper.

    `count`: its number of parts, 0 for any.  `below_m`: the J it must fall below.  Also empty where
    there are too many sets to enumerate.  Every part of both plans must be connected.
    """
    none = np.zeros(0, np.int64)
    piece, number = common_pieces(graph, first, second)
    pieces = pieces_of(graph, piece, number)
    low, high = _room(pieces, prices, count)
    network = Network(pieces.indptr, pieces.indices, pieces.weight)
    complete, pointer, members = sets_in_range(network, low, high, _COLUMNS_MAX, _STEPS_MAX)
    if not complete or not _all_held(number, members):
        return none
    cost = column_costs(pieces, prices, pointer, members)
    below = below_m + prices.estate * _estates(graph)
    aim = Aim(_TURNS, _COVER_WORK, count, below)
    _, chosen = best_cover(number, pointer, members, cost, aim)
    if len(chosen) == 0:
        return none
    part = np.empty(number, np.int64)
    for label in range(len(chosen)):
        for place in range(pointer[chosen[label]], pointer[chosen[label] + 1]):
            part[members[place]] = label
    label_of = np.empty(len(piece), np.int64)
    for atom in range(len(piece)):
        label_of[atom] = part[piece[atom]]
    return label_of
