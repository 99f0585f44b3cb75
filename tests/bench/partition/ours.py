"""Our own engine as one of the methods of the race."""

from __future__ import annotations

from typing import Any

from services.grid_partition.engine import Rules
from services.grid_partition.engine.graph_cut import cut_graph
from tests.bench.partition.graph_file import BenchGraph, IntArray
from tests.bench.partition.surveyed import atom_graph

#: One setting, the product's own; the others may be asked for on the command line.
SETTINGS: dict[str, dict[str, Any]] = {"as shipped": {}}


def solve(graph: BenchGraph, setting: dict[str, Any], seed: int) -> IntArray:
    """The asked number of parts, atoms undivided."""
    return cut_graph(atom_graph(graph), Rules(seed=seed, **setting), graph.count).label
