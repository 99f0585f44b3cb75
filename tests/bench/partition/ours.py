"""Our own engine as one of the methods of the race."""

from __future__ import annotations

from typing import Any

from services.grid_partition.engine import Rules, warm_up
from services.grid_partition.engine.graph_cut import cut_graph
from tests.bench.partition.graph_file import BenchGraph, IntArray
from tests.bench.partition.surveyed import atom_graph

#: The product's own setting.
SETTINGS: dict[str, dict[str, Any]] = {"as shipped": {}}
#: Near the other end of the one knob that trades time for quality.
QUICK: dict[str, dict[str, Any]] = {"effort 2": {"effort": 2}}
#: What the cutters of graphs ask for: short borders, whatever they cross and however sizes vary.
BORDER: dict[str, dict[str, Any]] = {
    "no price on crossings, pieces and sizes": {
        "block_weight_m": 0.0,
        "estate_piece_weight_m": 0.0,
        "size_weight": 0.0,
    }
}


def solve(graph: BenchGraph, setting: dict[str, Any], seed: int) -> IntArray:
    """The asked number of parts, atoms undivided."""
    return cut_graph(atom_graph(graph), Rules(seed=seed, **setting), graph.count).label


def warm() -> None:
    """Load the compiled kernels."""
    warm_up()
