"""Mt-KaHyPar with one thread, cutting edges."""

from __future__ import annotations

from typing import Any

import mtkahypar
import numpy as np

from tests.bench.partition.graph_file import BenchGraph, IntArray, overweight
from tests.bench.partition.peers.csr import decimetres

SETTINGS: dict[str, dict[str, Any]] = {
    "default": {"preset": "DEFAULT"},
    "quality": {"preset": "QUALITY"},
    "highest quality": {"preset": "HIGHEST_QUALITY"},
}


def solve(graph: BenchGraph, setting: dict[str, Any], seed: int) -> IntArray:
    """The imbalance is the whole window: no part above 500 households."""
    library = mtkahypar.initialize(1)
    mtkahypar.set_seed(seed)
    context = library.context_from_preset(getattr(mtkahypar.PresetType, setting["preset"]))
    context.set_partitioning_parameters(
        graph.count, overweight(graph.households, graph.count), mtkahypar.Objective.CUT
    )
    context.logging = False
    row = graph.row()
    once = row < graph.indices
    edges = np.stack([row[once], graph.indices[once]], axis=1).tolist()
    held = library.create_graph(
        context,
        len(graph.weight),
        len(edges),
        [(a, b) for a, b in edges],
        graph.weight.tolist(),
        decimetres(graph)[once].tolist(),
    )
    return np.asarray(held.partition(context).get_partition(), dtype=np.int64)
