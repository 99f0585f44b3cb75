"""Cuts of bare graphs into a number of parts that leaves them next to no room."""

from __future__ import annotations

import numpy as np
import pytest

from services.grid_partition.engine.decision import decided
from services.grid_partition.engine.edges import CellEdges
from services.grid_partition.engine.exact import Verdict
from services.grid_partition.engine.graph import AtomGraph, CellTable, contract
from services.grid_partition.engine.graph_cut import cut_graph
from services.grid_partition.engine.kernels.plan import Prices
from services.grid_partition.engine.prices import prices_for
from services.grid_partition.engine.problem import Rules
from services.grid_partition.engine.regroup import regrouped
from services.grid_partition.engine.search import start
from tests.grid_partition.engine.enumeration import possible
from tests.grid_partition.engine.test_oracle import assert_contiguous

PRICES: Prices = prices_for(Rules())
COUNT = 10


def a_lattice(households: np.ndarray) -> AtomGraph:
    """Lots beside and above each other; `households` has a row per street."""
    lot = np.arange(households.size).reshape(households.shape)
    first = np.concatenate([lot[:, :-1].ravel(), lot[:-1].ravel()])
    second = np.concatenate([lot[:, 1:].ravel(), lot[1:].ravel()])
    length = np.full(len(first), 20.0)
    table = CellTable(
        households=households.ravel(),
        block=np.zeros(households.size, dtype=np.int64),
        estate=np.full(households.size, -1),
        old=np.full(households.size, -1),
    )
    edges = CellEdges(first, second, length, length, np.zeros(len(first), dtype=bool))
    return contract(table, edges, np.arange(households.size))


def planted(seed: int, lots: int, low: int, high: int) -> AtomGraph:
    """Ten streets, each of which is a part of `low` to `high` households."""
    chance = np.random.default_rng(seed)
    wanted = chance.integers(low, high + 1, COUNT)
    rows = chance.integers(20, 81, (COUNT, lots))
    for row, sum_ in zip(rows, wanted, strict=True):
        while (miss := int(sum_ - row.sum())) != 0:
            row[chance.integers(lots)] += np.sign(miss)
    return a_lattice(rows)


def assert_cut(graph: AtomGraph, label: np.ndarray, rules: Rules) -> None:
    weight = np.bincount(label, graph.weight)
    assert len(weight) == COUNT
    assert weight.min() >= rules.min_households
    assert weight.max() <= rules.max_households
    assert_contiguous(graph, label)


@pytest.mark.parametrize("seed", range(4))
def test_one_percent_of_room_is_enough(seed: int) -> None:
    graph = planted(seed, 10, 490, 500)

    found = cut_graph(graph, Rules(), COUNT)

    assert found.verdict is Verdict.COVERED
    assert_cut(graph, found.label, Rules())


@pytest.mark.parametrize("seed", range(4))
def test_a_count_that_leaves_five_households_of_room_is_met_by_branching(seed: int) -> None:
    graph = planted(seed, 8, 499, 500)

    found = cut_graph(graph, Rules(), COUNT)

    assert found.verdict in {Verdict.COVERED, Verdict.OPTIMAL}
    assert_cut(graph, found.label, Rules())


@pytest.mark.parametrize("seed", range(24))
def test_narrow_ranges_are_decided_as_complete_enumeration_does(seed: int) -> None:
    chance = np.random.default_rng(seed)
    graph = a_lattice(chance.integers(20, 60, (4, 4)))
    total = int(graph.weight.sum())
    most = -(-(total + int(chance.integers(0, 12))) // 4)
    least = total - 3 * most
    known = possible(graph.weight.tolist(), 4, [-1] * 16, least, most)
    rules = Rules(min_households=least, max_households=most, target_households=most)

    assert decided(graph, rules, 300_000).verdict is (
        Verdict.COVERED if known.at_all else Verdict.IMPOSSIBLE
    )
    found = cut_graph(graph, rules, 4)
    assert (found.outside == 0) == known.at_all
    assert (found.verdict is Verdict.IMPOSSIBLE) == (not known.at_all)


def test_a_part_outside_the_range_is_mended_with_its_neighbour_and_the_others_stay() -> None:
    graph = a_lattice(np.full((COUNT, 10), 45))
    label = np.repeat(np.arange(COUNT), 10)
    label[18:20] = 0  # 540 and 360 households

    mended = regrouped(graph, label, PRICES)

    assert_cut(graph, mended, Rules())
    assert (mended[20:] == label[20:]).all()


@pytest.mark.parametrize("seed", range(60))
def test_mending_survives_lots_without_households(seed: int) -> None:
    chance = np.random.default_rng(seed)
    households = chance.integers(120, 290, (5, 6)) * (chance.random((5, 6)) < 0.5)
    graph = a_lattice(households)
    begun = start(graph, (max(2, round(households.sum() / 400)),), PRICES, 1, (seed,))

    mended = regrouped(graph, begun.label, PRICES, 3)

    assert_contiguous(graph, mended)
    assert len(np.unique(mended)) == begun.parts


def test_what_cannot_be_mended_stays_as_it_was() -> None:
    graph = a_lattice(np.full((2, 10), 55))
    label = np.repeat([0, 1], 10)

    assert (regrouped(graph, label, PRICES) == label).all()


@pytest.mark.parametrize("count", [0, 101])
def test_a_count_that_no_cut_can_have_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match="count must lie between 1 and 100"):
        cut_graph(a_lattice(np.full((10, 10), 45)), Rules(), count)
