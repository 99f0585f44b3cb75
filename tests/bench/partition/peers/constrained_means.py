"""k-means-constrained: clusters of 300 to 500 households by place, blind to the graph."""

from __future__ import annotations

from typing import Any

import numpy as np
from k_means_constrained import KMeansConstrained

from tests.bench.partition.graph_file import HIGH, LOW, BenchGraph, IntArray

SETTINGS: dict[str, dict[str, Any]] = {
    "one point per 10 households": {"grain": 10, "starts": 1},
    "one point per 10 households, 3 starts": {"grain": 10, "starts": 3},
    "one point per 5 households": {"grain": 5, "starts": 1},
}


def solve(graph: BenchGraph, setting: dict[str, Any], seed: int) -> IntArray:
    """Points stand in the middle of their atom; an atom goes where most of its points go."""
    grain = setting["grain"]
    points = np.maximum(np.rint(graph.weight / grain).astype(np.int64), 0)
    atom = np.repeat(np.arange(len(points)), points)
    model = KMeansConstrained(
        graph.count,
        size_min=min(LOW // grain, len(atom) // graph.count),
        size_max=max(HIGH // grain, -(-len(atom) // graph.count)),
        n_init=setting["starts"],
        random_state=seed,
    )
    cluster = model.fit_predict(graph.xy[atom])
    votes = np.zeros((len(points), graph.count))
    np.add.at(votes, (atom, cluster), 1.0)
    middles = np.asarray(model.cluster_centers_)
    away = ((graph.xy[:, None, :] - middles[None]) ** 2).sum(axis=2)
    # An atom too small for a point of its own joins the nearest middle.
    label: IntArray = np.where(points > 0, votes.argmax(axis=1), away.argmin(axis=1))
    return label.astype(np.int64)
