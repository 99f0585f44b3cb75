"""GerryChain: a seed plan from random trees, and 100 steps of recombination after it."""

from __future__ import annotations

import random
from functools import partial
from typing import Any

import networkx as nx
import numpy as np
from gerrychain import Graph, Partition
from gerrychain.constraints import within_percent_of_ideal_population
from gerrychain.optimization import SingleMetricOptimizer
from gerrychain.partition.initial_partition_generators import recursive_tree_part
from gerrychain.proposals import recom
from gerrychain.tree import bipartition_tree
from gerrychain.updaters import Tally, cut_edges

from tests.bench.partition.graph_file import BenchGraph, IntArray, window

SETTINGS: dict[str, dict[str, Any]] = {
    "20 tries of 500 trees": {"tries": 20, "attempts": 500, "repeats": 0},
    "20 tries of 500 trees, 5 roots each": {"tries": 20, "attempts": 500, "repeats": 5},
    "1 try of 100,000 trees (its default)": {"tries": 1, "attempts": 100_000, "repeats": 0},
}
RECOM: dict[str, dict[str, Any]] = {
    "10 bursts of 10": {"tries": 20, "attempts": 500, "repeats": 0, "bursts": (10, 10)},
    "20 bursts of 5": {"tries": 20, "attempts": 500, "repeats": 0, "bursts": (5, 20)},
    "tilted run, p 0.1": {"tries": 20, "attempts": 500, "repeats": 0, "tilt": 0.1},
}


def solve(graph: BenchGraph, setting: dict[str, Any], seed: int) -> IntArray:
    """The exact window as epsilon; a try that finds no plan is followed by another."""
    rng = random.Random(seed)
    held = _graph(graph)
    cutter = partial(bipartition_tree, max_attempts=setting["attempts"], warn_attempts=10**9)
    if graph.count == 1:
        return np.zeros(len(graph.weight), dtype=np.int64)
    plan = _seed_plan(graph, held, cutter, setting, rng)
    if "bursts" in setting or "tilt" in setting:
        plan = _recombined(graph, held, plan, setting, rng)
    return np.array([plan[atom] for atom in range(len(graph.weight))], dtype=np.int64)


def _graph(graph: BenchGraph) -> Graph:
    plain = nx.Graph()
    for atom, households in enumerate(graph.weight.tolist()):
        plain.add_node(atom, households=households)
    row = graph.row()
    once = row < graph.indices
    for a, b, length in zip(
        row[once].tolist(), graph.indices[once].tolist(), graph.length[once].tolist(), strict=True
    ):
        plain.add_edge(a, b, length=length)
    return Graph.from_networkx(plain)


def _seed_plan(
    graph: BenchGraph, held: Graph, cutter: Any, setting: dict[str, Any], rng: random.Random
) -> dict[int, int]:
    for attempt in range(setting["tries"]):
        try:
            found: dict[int, int] = recursive_tree_part(
                held,
                range(graph.count),
                graph.households / graph.count,
                "households",
                window(graph.households, graph.count),
                node_repeats=setting["repeats"],
                bipartition_tree_fn=cutter,
                rng=rng,
            )
        except Exception:
            # It raises several kinds, RuntimeError among them, when its trees are used up.
            if attempt + 1 == setting["tries"]:
                raise
        else:
            return found
    raise RuntimeError("no tries")


def _recombined(
    graph: BenchGraph,
    held: Graph,
    plan: dict[int, int],
    setting: dict[str, Any],
    rng: random.Random,
) -> dict[int, int]:
    edge_m = {
        frozenset((a, b)): length
        for a, b, length in zip(
            graph.row().tolist(), graph.indices.tolist(), graph.length.tolist(), strict=True
        )
    }

    def cut_m(partition: Partition) -> float:
        return float(sum(edge_m[frozenset(edge)] for edge in partition["cut_edges"]))

    first = Partition(
        held,
        plan,
        updaters={"households": Tally("households", alias="households"), "cut_edges": cut_edges},
    )
    eps = window(graph.households, graph.count)
    proposal = partial(
        recom,
        pop_col="households",
        pop_target=graph.households / graph.count,
        epsilon=eps,
        bipartition_tree_fn=partial(
            bipartition_tree, max_attempts=100, warn_attempts=10**9, allow_pair_reselection=True
        ),
    )
    optimizer = SingleMetricOptimizer(
        proposal,
        [within_percent_of_ideal_population(first, eps, pop_key="households")],
        first,
        cut_m,
        maximize=False,
        rng=rng,
    )
    if "bursts" in setting:
        steps = optimizer.short_bursts(*setting["bursts"])
    else:
        steps = optimizer.tilted_run(100, setting["tilt"])
    for _ in steps:
        pass
    best = optimizer.best_part.assignment
    return {atom: int(best[atom]) for atom in range(len(graph.weight))}
