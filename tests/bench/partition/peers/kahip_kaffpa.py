"""KaHIP's kaffpa."""

from __future__ import annotations

from typing import Any

import kahip
import numpy as np

from tests.bench.partition.graph_file import BenchGraph, IntArray, overweight
from tests.bench.partition.peers.csr import decimetres

SETTINGS: dict[str, dict[str, Any]] = {
    "fast": {"mode": kahip.FAST},
    "eco": {"mode": kahip.ECO},
    "strong": {"mode": kahip.STRONG},
}


def solve(graph: BenchGraph, setting: dict[str, Any], seed: int) -> IntArray:
    """The imbalance is the whole window: no part above 500 households."""
    _, label = kahip.kaffpa(
        graph.weight.tolist(),
        graph.indptr.tolist(),
        decimetres(graph).tolist(),
        graph.indices.tolist(),
        graph.count,
        overweight(graph.households, graph.count),
        True,
        seed,
        setting["mode"],
    )
    return np.asarray(label, dtype=np.int64)
