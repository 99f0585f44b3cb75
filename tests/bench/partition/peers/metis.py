"""METIS through pymetis: k-way with contiguous parts, and recursive bisection."""

from __future__ import annotations

from typing import Any

import numpy as np
import pymetis

from tests.bench.partition.graph_file import BenchGraph, IntArray, overweight
from tests.bench.partition.peers.csr import decimetres

SETTINGS: dict[str, dict[str, Any]] = {
    "kway contig, ncuts 1": {"recursive": False, "contig": 1, "ncuts": 1, "niter": 10},
    "kway contig, ncuts 4": {"recursive": False, "contig": 1, "ncuts": 4, "niter": 10},
    "kway contig, ncuts 16, niter 50": {
        "recursive": False,
        "contig": 1,
        "ncuts": 16,
        "niter": 50,
    },
}
RECURSIVE: dict[str, dict[str, Any]] = {
    "recursive, ncuts 1": {"recursive": True, "ncuts": 1, "niter": 10},
    "recursive, ncuts 4": {"recursive": True, "ncuts": 4, "niter": 10},
    "recursive, ncuts 16, niter 50": {"recursive": True, "ncuts": 16, "niter": 50},
}


def solve(graph: BenchGraph, setting: dict[str, Any], seed: int) -> IntArray:
    """`ufactor` is the whole window: no part above 500 households."""
    ufactor = max(1, int(1000 * overweight(graph.households, graph.count)))
    options = pymetis.Options(
        ufactor=ufactor, seed=seed, **{k: v for k, v in setting.items() if k != "recursive"}
    )
    _, label = pymetis.part_graph(
        graph.count,
        pymetis.CSRAdjacency(graph.indptr, graph.indices),
        vweights=graph.weight,
        eweights=decimetres(graph),
        recursive=bool(setting["recursive"]),
        options=options,
    )
    return np.asarray(label, dtype=np.int64)
