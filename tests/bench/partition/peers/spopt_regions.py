"""spopt: MaxP (its own number of regions, at least 300 households each) and SKATER."""

from __future__ import annotations

from typing import Any

import geopandas
import numpy as np
import shapely
from libpysal.weights import W
from sklearn.metrics import pairwise
from spopt.region import MaxPHeuristic, Skater

from tests.bench.partition.graph_file import LOW, BenchGraph, IntArray

SETTINGS: dict[str, dict[str, Any]] = {
    "99 constructions, 10 annealings (its default)": {"construct": 99, "anneal": 10},
    "20 constructions, 5 annealings": {"construct": 20, "anneal": 5},
    "5 constructions, 1 annealing": {"construct": 5, "anneal": 1},
}
SKATER: dict[str, dict[str, Any]] = {
    "no floor": {"floor": 0.0, "distance": "manhattan_distances"},
    "floor half the mean number of atoms": {"floor": 0.5, "distance": "manhattan_distances"},
    "floor half the mean, Euclidean": {"floor": 0.5, "distance": "euclidean_distances"},
}


def solve(graph: BenchGraph, setting: dict[str, Any], seed: int) -> IntArray:
    """Regions of atoms alike in place: the attributes are the middles of the atoms."""
    # Neither takes a generator; both draw from numpy's global one.
    np.random.seed(seed)  # noqa: TID251
    table = geopandas.GeoDataFrame(
        {"x": graph.xy[:, 0], "y": graph.xy[:, 1], "households": graph.weight},
        geometry=shapely.points(graph.xy),
    )
    neighbours = {
        atom: graph.indices[graph.indptr[atom] : graph.indptr[atom + 1]].tolist()
        for atom in range(len(graph.weight))
    }
    weights = W(neighbours, silence_warnings=True)
    if "construct" in setting:
        model: Any = MaxPHeuristic(
            table,
            weights,
            ["x", "y"],
            "households",
            LOW,
            max_iterations_construction=setting["construct"],
            max_iterations_sa=setting["anneal"],
        )
    else:
        floor = setting["floor"] * len(graph.weight) / graph.count
        model = Skater(
            table,
            weights,
            ["x", "y"],
            n_clusters=graph.count,
            floor=floor,
            spanning_forest_kwds={
                "dissimilarity": getattr(pairwise, setting["distance"]),
                "affinity": None,
                "reduction": np.sum,
                "center": np.mean,
            },
        )
    model.solve()
    return np.unique(np.asarray(model.labels_), return_inverse=True)[1].astype(np.int64)
