"""One community with its estates closed: the graph of whole estates, and what opening makes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from services.grid_partition.engine.arrays import BoolArray, IntArray
from services.grid_partition.engine.contraction import contract_estates
from services.grid_partition.engine.edges import CellEdges
from services.grid_partition.engine.graph import AtomGraph, CellTable
from services.grid_partition.engine.problem import Rules

__all__ = ["Closed", "close", "cut_estates", "rings_around", "split_estates"]


@dataclass(frozen=True, eq=False)
class Closed:
    """The cells, and the graph in which every estate e with `whole[e]` is one atom.

    `group[c]`: atom of cell c.
    """

    table: CellTable
    edges: CellEdges
    whole: BoolArray
    rules: Rules
    graph: AtomGraph
    group: IntArray

    @property
    def total(self) -> int:
        """Households, as the search sees them."""
        return int(self.table.households.sum())

    def opened(self, estates: Iterable[int]) -> tuple[AtomGraph, IntArray]:
        """The graph with some estates fallen into their buildings, and the cells' atoms in it."""
        whole = self.whole.copy()
        whole[list(estates)] = False
        return contract_estates(self.table, self.edges, whole)

    def divisible(self) -> IntArray:
        """Whole estates that fall apart when opened (an atom of several cells), ascending."""
        several = np.bincount(self.group)[self.group] > 1
        return np.unique(self.table.estate[several & (self.table.estate >= 0)])

    def opened_by(self, label: IntArray) -> BoolArray:
        """Which estates labels of the cells cut."""
        return cut_estates(label, self.group, self.table.estate, len(self.whole))

    def atoms_of(self, estate: int) -> IntArray:
        """Atoms of an estate, ascending; several where its cells do not all touch."""
        return np.unique(self.group[self.table.estate == estate])


def close(table: CellTable, edges: CellEdges, whole: BoolArray, rules: Rules) -> Closed:
    """Contract the estates in `whole`."""
    graph, group = contract_estates(table, edges, whole)
    return Closed(table, edges, whole, rules, graph, group)


def split_estates(label: IntArray, estate: IntArray, count: int) -> BoolArray:
    """Which of `count` estates (by canonical label) lie in more than one part."""
    known = estate >= 0
    low = np.full(count, np.iinfo(np.int64).max)
    high = np.full(count, -1, dtype=np.int64)
    np.minimum.at(low, estate[known], label[known])
    np.maximum.at(high, estate[known], label[known])
    return np.asarray(low < high)


def cut_estates(label: IntArray, group: IntArray, estate: IntArray, count: int) -> BoolArray:
    """Which estates have an atom (cells of one `group`) that the labels cut.

    Unlike `split_estates` this leaves out estates whose cells never touched in the first place.
    """
    cut = split_estates(label, group, int(group.max(initial=-1)) + 1)[group]
    opened = np.zeros(count, dtype=bool)
    opened[estate[cut & (estate >= 0)]] = True
    return opened


def rings_around(edges: CellEdges, label: IntArray, parts: BoolArray, rings: int) -> BoolArray:
    """The marked parts, and those within so many rings of neighbours around them."""
    near = parts.copy()
    first, second = label[edges.low], label[edges.high]
    for _ in range(rings):
        reached = near[first] | near[second]
        near[first[reached]] = True
        near[second[reached]] = True
    return near
