"""Two plans make one: never worse, every part in range, and the best of their pieces."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.grid_partition.engine.annealing import priced
from services.grid_partition.engine.arrays import IntArray
from services.grid_partition.engine.graph import AtomGraph
from services.grid_partition.engine.kernels.chance import chance_of
from services.grid_partition.engine.kernels.coarsen import clusters, coarse_graph
from services.grid_partition.engine.kernels.cover import Aim, best_cover
from services.grid_partition.engine.kernels.pieces import (
    column_costs,
    common_pieces,
    pieces_of,
)
from services.grid_partition.engine.prices import prices_for
from services.grid_partition.engine.problem import Rules
from services.grid_partition.engine.search import start
from tests.grid_partition.engine.test_oracle import a_graph, brute_force

RULES = Rules()
PRICES = prices_for(RULES)


def weights(graph: AtomGraph, label: IntArray) -> IntArray:
    return np.bincount(label, graph.weight).astype(np.int64)


@pytest.mark.parametrize("seed", range(12))
def test_more_beginnings_are_never_worse_and_find_the_best_plan_of_small_graphs(seed: int) -> None:
    graph = a_graph(seed, 4, 4, 60, 200)
    feasible, least = brute_force(graph)
    counts = tuple(range(-(-int(graph.weight.sum()) // 500), int(graph.weight.sum()) // 300 + 1))

    plan = start(graph, counts, PRICES, 40, (seed,))

    assert (plan.outside == 0) == feasible
    if feasible:
        assert ((weights(graph, plan.label) >= 300) & (weights(graph, plan.label) <= 500)).all()
        assert plan.score_m == pytest.approx(priced(graph, plan.label, PRICES).score_m)
        assert plan.score_m >= least - 1e-6
        assert plan.score_m <= least * 1.02 + 1.0


@pytest.mark.parametrize("seed", range(6))
def test_one_count_is_kept_by_every_merging(seed: int) -> None:
    graph = a_graph(seed, 8, 8, 20, 60)
    count = round(int(graph.weight.sum()) / 400)

    plan = start(graph, (count,), PRICES, 12, (seed,))

    assert plan.parts == count
    assert len(np.unique(plan.label)) == count


def test_pieces_are_what_both_plans_keep_together_and_connected() -> None:
    graph = a_graph(1, 4, 2, 50, 60)
    across = np.array([0, 0, 1, 1, 0, 0, 1, 1])
    along = np.array([0, 0, 0, 0, 1, 1, 1, 1])

    piece, count = common_pieces(graph, across, along)

    assert count == 4
    assert piece.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    apart, number = common_pieces(graph, np.array([0, 1, 0, 1, 1, 1, 1, 1]), np.zeros(8, int))
    assert number == 3  # the two ends of part 0 do not touch
    assert apart[0] != apart[2]


@pytest.mark.parametrize("seed", range(8))
def test_column_costs_of_a_plan_sum_to_its_price(seed: int) -> None:
    graph = a_graph(seed, 6, 5, 20, 90, empty=3)
    plan = start(graph, (max(1, round(graph.weight.sum() / 400)),), PRICES, 2, (seed,))
    every = np.arange(len(graph.weight))
    order = np.argsort(plan.label, kind="stable")
    pointer = np.concatenate([[0], np.cumsum(np.bincount(plan.label))])

    cost = column_costs(pieces_of(graph, every, len(every)), PRICES, pointer, order)

    estates = len(np.unique(graph.estate[graph.estate >= 0]))
    total = cost.sum() - RULES.estate_piece_weight_m * estates
    assert total == pytest.approx(plan.score_m, abs=1e-6)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("heaviest", [60, 150])
def test_a_coarse_graph_costs_what_the_graph_costs(seed: int, heaviest: int) -> None:
    graph = a_graph(seed, 7, 6, 10, 60)
    cluster, count = clusters(graph, heaviest, False, chance_of(seed))
    rough = coarse_graph(graph, pieces_of(graph, cluster, count), cluster)
    label = np.arange(count) % 3

    assert rough.weight.sum() == graph.weight.sum()
    assert (rough.weight <= max(heaviest, graph.weight.max())).all()
    on_clusters, on_atoms = priced(rough, label, PRICES), priced(graph, label[cluster], PRICES)
    assert on_clusters.score_m == pytest.approx(on_atoms.score_m, abs=1e-6)
    assert on_clusters.outside == on_atoms.outside


def test_clusters_join_neither_two_estates_nor_two_old_grids() -> None:
    graph = a_graph(3, 8, 8, 5, 9)
    graph = graph._replace(old=(np.arange(64) // 16).astype(np.int64), olds=4)

    cluster, count = clusters(graph, 400, True, chance_of(1))

    assert count < 64
    for number in range(count):
        assert len(set(graph.old[cluster == number].tolist())) == 1
        named = graph.estate[(cluster == number) & (graph.estate >= 0)]
        assert len(set(named.tolist())) <= 1


@st.composite
def column_sets(draw: st.DrawFn) -> tuple[int, list[tuple[int, ...]], list[float]]:
    """Items, columns that hold each of them at least once, and costs."""
    items = draw(st.integers(2, 7))
    subsets = st.lists(st.integers(0, items - 1), min_size=1, max_size=3, unique=True)
    columns = [tuple(sorted(c)) for c in draw(st.lists(subsets, max_size=14))]
    columns += [(item,) for item in range(items) if draw(st.booleans())]
    columns += [(i,) for i in range(items) if not any(i in c for c in columns)]
    costs = draw(st.lists(st.integers(0, 40), min_size=len(columns), max_size=len(columns)))
    return items, columns, [float(cost) for cost in costs]


@given(question=column_sets(), count=st.integers(0, 4), limit=st.none() | st.integers(1, 120))
def test_the_best_cover_is_that_of_trying_all(
    question: tuple[int, list[tuple[int, ...]], list[float]], count: int, limit: int | None
) -> None:
    items, columns, costs = question
    pointer = np.concatenate([[0], np.cumsum([len(c) for c in columns])]).astype(np.int64)
    members = np.array([i for c in columns for i in c], dtype=np.int64)
    below = 1e300 if limit is None else float(limit)

    complete, chosen = best_cover(
        items, pointer, members, np.array(costs), Aim(50, 1_000_000, count, below)
    )

    sums = [
        sum(costs[c] for c in some)
        for size in range(1, items + 1)
        for some in itertools.combinations(range(len(columns)), size)
        if count in (0, size) and sorted(i for c in some for i in columns[c]) == list(range(items))
    ]
    known = min((total for total in sums if total < below - 1e-6), default=None)
    assert complete
    if known is None:
        assert len(chosen) == 0
    else:
        assert sum(costs[c] for c in chosen) == pytest.approx(known)
        assert sorted(i for c in chosen for i in columns[c]) == list(range(items))
        assert chosen.tolist() == sorted(chosen.tolist())
