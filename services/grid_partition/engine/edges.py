"""The edges between touching cells."""

from __future__ import annotations

from dataclasses import dataclass

from services.grid_partition.engine.arrays import BoolArray, FloatArray, IntArray

__all__ = ["CellEdges"]


@dataclass(frozen=True, eq=False)
class CellEdges:
    """Edges between cells, `low` < `high`, sorted; the graph they make is connected.

    `border_m`: all shared border; `open_m`: what a cut between the two costs, border minus the part
    that barriers make free.  `bridge`: the cells do not touch; the community lies in pieces, and
    this is the shortest way between two of them (border 0).
    """

    low: IntArray
    high: IntArray
    border_m: FloatArray
    open_m: FloatArray
    bridge: BoolArray
