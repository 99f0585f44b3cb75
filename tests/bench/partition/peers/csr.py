"""Edge weights as whole numbers, for the libraries that take no others."""

from __future__ import annotations

import numpy as np

from tests.bench.partition.graph_file import BenchGraph, IntArray


def decimetres(graph: BenchGraph) -> IntArray:
    """Open border in decimetres and one more: a border along a barrier costs next to nothing."""
    return 1 + np.rint(graph.length * 10.0).astype(np.int64)
