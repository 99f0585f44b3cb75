"""The lazy decision against complete enumeration, and on maps too large to list."""

from __future__ import annotations

import numpy as np
import pytest

from services.grid_partition.engine.decision import decided
from services.grid_partition.engine.edges import CellEdges
from services.grid_partition.engine.exact import Verdict
from services.grid_partition.engine.graph import AtomGraph, CellTable, contract
from services.grid_partition.engine.kernels.decide import decide
from services.grid_partition.engine.problem import Rules
from services.grid_partition.engine.relax import relax
from tests.grid_partition.engine.test_oracle import (
    GRAPHS,
    a_graph,
    assert_contiguous,
    brute_force,
)

RULES = Rules()
STEPS = 300_000


def assert_feasible(graph: AtomGraph, label: np.ndarray) -> None:
    weights = np.bincount(label, graph.weight)
    assert ((weights >= RULES.min_households) & (weights <= RULES.max_households)).all()
    assert_contiguous(graph, label)


@pytest.mark.parametrize("shape", [*GRAPHS, *((s, 4, 4, 90, 330) for s in range(20, 40))])
def test_the_decision_equals_complete_enumeration(shape: tuple[int, ...]) -> None:
    graph = a_graph(*shape)
    feasible, _ = brute_force(graph)

    decision = decided(graph, RULES, STEPS)

    assert decision.verdict is (Verdict.COVERED if feasible else Verdict.IMPOSSIBLE)
    if decision.label is not None:
        assert_feasible(graph, decision.label)


@pytest.mark.parametrize("seed", range(16))
def test_atoms_without_households_never_make_a_false_decision(seed: int) -> None:
    graph = a_graph(seed, 4, 3, 90, 260, empty=3)
    feasible, _ = brute_force(graph)

    decision = decided(graph, RULES, STEPS)

    if decision.verdict is Verdict.IMPOSSIBLE:
        assert not feasible
    if decision.label is not None:
        assert feasible
        assert_feasible(graph, decision.label)


def a_street(households: list[int]) -> AtomGraph:
    """Atoms in a row."""
    count = len(households)
    table = CellTable(
        households=np.array(households),
        block=np.zeros(count, dtype=np.int64),
        estate=np.full(count, -1),
        old=np.full(count, -1),
    )
    first = np.arange(count - 1)
    length = np.full(count - 1, 20.0)
    edges = CellEdges(first, first + 1, length, length, np.zeros(count - 1, dtype=bool))
    return contract(table, edges, np.arange(count))


def test_a_proof_stays_where_the_obstacle_is() -> None:
    # Two hundred loose houses, and behind them three lots that fit neither alone nor together.
    graph = a_street([40] * 200 + [280, 280, 280])

    state, _ = decide(relax(graph).network, 300, 500, (400, 20_000), 0)

    assert state == 0


def test_a_hopeless_total_is_refused_at_once() -> None:
    graph = a_street([40] * 14)

    assert decided(graph, RULES, 10).verdict is Verdict.IMPOSSIBLE


def test_tight_places_are_settled_and_the_loose_rest_is_searched() -> None:
    # The four lots of the end can only be paired off one way; the rest is anybody's.
    graph = a_graph(3, 16, 14, 20, 60)
    weight = graph.weight.copy()
    weight[:4] = 310
    graph = graph._replace(weight=weight)

    decision = decided(graph, RULES, STEPS, 3)

    assert decision.verdict is Verdict.COVERED
    assert decision.label is not None
    assert_feasible(graph, decision.label)


def test_too_little_time_proves_nothing() -> None:
    graph = a_graph(2, 12, 10, 60, 190)

    state, part = decide(relax(graph).network, 300, 500, (400, 5), 0)

    assert state == -1
    assert (part == -1).all()


@pytest.mark.parametrize("seed", range(6))
def test_the_number_of_an_atom_does_not_change_the_verdict(seed: int) -> None:
    graph = a_graph(seed, 6, 4, 110, 330)
    order = np.random.default_rng(seed).permutation(len(graph.weight))
    place = np.argsort(order)
    row = np.repeat(np.arange(len(order)), np.diff(graph.indptr))
    once = row < graph.indices
    low, high = place[row[once]], place[graph.indices[once]]
    table = CellTable(
        households=graph.weight[order],
        block=np.zeros(len(order), dtype=np.int64),
        estate=np.full(len(order), -1),
        old=np.full(len(order), -1),
    )
    length = graph.length[once]
    edges = CellEdges(
        np.minimum(low, high), np.maximum(low, high), length, length, np.zeros(len(low), dtype=bool)
    )
    other = contract(table, edges, np.arange(len(order)))

    assert decided(graph, RULES, STEPS).verdict is decided(other, RULES, STEPS).verdict


def test_a_giant_graph_is_left_to_the_windows() -> None:
    graph = a_street([40] * 1600)

    assert decided(graph, RULES, STEPS).verdict is Verdict.UNKNOWN


def test_an_atom_above_the_maximum_is_refused() -> None:
    assert decided(a_street([400, 512, 400]), RULES, STEPS).verdict is Verdict.IMPOSSIBLE
