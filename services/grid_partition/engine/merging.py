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
from services.grid_partition.engine.covering import Columns, Covering, cover
from services.grid_partition.engine.exact import part_range
from services.grid_partition.engine.graph import AtomGraph
from services.grid_partition.engine.kernels.pieces import column_costs, common_pieces, pieces_of
from services.grid_partition.engine.kernels.plan import Prices
from services.grid_partition.engine.kernels.sets import Network, sets_in_range

__all__ = ["merged_labels"]

_COLUMNS_MAX = 6_000
_STEPS_MAX = 40_000
_COVER_WORK = 200_000
_TURNS = 60


def merged_labels(
    graph: AtomGraph,
    first: IntArray,
    second: IntArray,
    prices: Prices,
    count: int | None,
    below_m: float,
) -> IntArray | None:
    """Labels of the cheapest plan of common pieces, every part in range; None when none is cheaper.

    `count`: its number of parts, None for any.  `below_m`: the J it must fall below.  Also None
    where there are too many sets to enumerate.  Every part of both plans must be connected.
    """
    piece, pieces = common_pieces(graph, first, second)
    held = pieces_of(graph, piece, pieces)
    low, high = part_range(int(held.weight.sum()), prices, count)
    network = Network(held.indptr, held.indices, held.weight)
    complete, pointer, members = sets_in_range(network, low, high, _COLUMNS_MAX, _STEPS_MAX)
    if not complete or len(np.unique(members)) < pieces:
        return None
    cost = column_costs(held, prices, pointer, members)
    estates = len(np.unique(graph.estate[graph.estate >= 0]))
    below = below_m + prices.estate * estates
    asked = Covering(_TURNS, _COVER_WORK, count or 0, below)
    _, choice = cover(Columns(pointer, members, cost, pieces), asked)
    if not len(choice):
        return None
    part = np.empty(pieces, dtype=np.int64)
    for number, column in enumerate(choice):
        part[members[pointer[column] : pointer[column + 1]]] = number
    label: IntArray = part[piece]
    return label
