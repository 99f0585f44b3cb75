"""Estates become one atom each, so that whatever is cut afterwards leaves them whole."""

from __future__ import annotations

import numpy as np

from services.grid_partition.engine.arrays import BoolArray, IntArray
from services.grid_partition.engine.edges import CellEdges
from services.grid_partition.engine.graph import AtomGraph, CellTable, contract
from services.grid_partition.engine.kernels.union import components

__all__ = ["contract_estates", "small_estates"]


def small_estates(cells: CellTable, households_max: int) -> BoolArray:
    """Which estates (by canonical label) have at most `households_max` households in all."""
    known = cells.estate >= 0
    count = int(cells.estate.max(initial=-1)) + 1
    total = np.bincount(cells.estate[known], cells.households[known], count)
    return np.asarray(total <= households_max)


def contract_estates(
    cells: CellTable, edges: CellEdges, whole: BoolArray
) -> tuple[AtomGraph, IntArray]:
    """Join touching cells of each estate e with whole[e]; returns the graph and the cells' atoms.

    An estate whose cells do not all touch becomes several atoms with the same label.
    """
    estate = cells.estate
    same = estate[edges.low] == estate[edges.high]
    same &= (estate[edges.low] >= 0) & ~edges.bridge
    held = np.flatnonzero(same)
    held = held[whole[estate[edges.low[held]]]]
    group = components(len(estate), edges.low[held], edges.high[held])
    return contract(cells, edges, group), group
