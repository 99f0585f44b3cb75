"""The exact branch against complete enumeration written here, on graphs small enough for it."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from services.grid_partition.engine.annealing import Plan
from services.grid_partition.engine.edges import CellEdges
from services.grid_partition.engine.exact import Verdict, examine
from services.grid_partition.engine.fill import fill_empty
from services.grid_partition.engine.graph import AtomGraph, CellTable, contract, induced
from services.grid_partition.engine.prices import prices_for
from services.grid_partition.engine.problem import Rules
from services.grid_partition.engine.search import restarts

RULES = Rules()
INFINITE = float("inf")


def a_graph(seed: int, columns: int, rows: int, low: int, high: int, empty: int = 0) -> AtomGraph:
    """A lattice of atoms with random households, lengths, two blocks and some estates."""
    rng = np.random.default_rng(seed)
    count = columns * rows
    number = np.arange(count).reshape(rows, columns)
    first = np.concatenate([number[:, :-1].ravel(), number[:-1].ravel()])
    second = np.concatenate([number[:, 1:].ravel(), number[1:].ravel()])
    households = rng.integers(low, high, count)
    households[rng.choice(count, empty, replace=False)] = 0
    table = CellTable(
        households=households,
        block=(np.arange(count) % columns >= columns // 2).astype(np.int64),
        estate=np.where(rng.random(count) < 0.3, rng.integers(0, 3, count), -1),
        old=np.full(count, -1),
    )
    length = rng.integers(10, 90, len(first)).astype(float)
    edges = CellEdges(first, second, length, length, np.zeros(len(first), dtype=bool))
    return contract(table, edges, np.arange(count))


def brute_force(graph: AtomGraph) -> tuple[bool, float]:
    """Feasible?, least J: all partitions into connected sets in range, by bit masks."""
    n = len(graph.weight)
    near = [
        sum(1 << int(b) for b in graph.indices[graph.indptr[a] : graph.indptr[a + 1]])
        for a in range(n)
    ]
    columns: dict[int, float] = {}
    for mask in range(1, 1 << n):
        atoms = [a for a in range(n) if mask >> a & 1]
        total = int(graph.weight[atoms].sum())
        if 300 <= total <= 500 and connected(mask, near):
            columns[mask] = column_cost(graph, atoms, total)
    by_lowest: dict[int, list[int]] = {a: [] for a in range(n)}
    for mask in columns:
        by_lowest[(mask & -mask).bit_length() - 1].append(mask)

    @functools.cache
    def best(left: int) -> float:
        if not left:
            return 0.0
        lowest = (left & -left).bit_length() - 1
        return min(
            (columns[m] + best(left & ~m) for m in by_lowest[lowest] if m & ~left == 0),
            default=INFINITE,
        )

    pieces = len({int(e) for e in graph.estate if e >= 0})
    least = best((1 << n) - 1)
    return least < INFINITE, least - RULES.estate_piece_weight_m * pieces


def connected(mask: int, near: list[int]) -> bool:
    reached = mask & -mask
    while True:
        grown = reached
        for atom in range(len(near)):
            if reached >> atom & 1:
                grown |= near[atom] & mask
        if grown == reached:
            return reached == mask
        reached = grown


def column_cost(graph: AtomGraph, atoms: list[int], total: int) -> float:
    inside = set(atoms)
    border = sum(
        float(graph.length[edge])
        for atom in atoms
        for edge in range(graph.indptr[atom], graph.indptr[atom + 1])
        if int(graph.indices[edge]) not in inside
    )
    blocks = {int(graph.block[graph.block_ptr[atom]]) for atom in atoms}
    estates = {int(graph.estate[atom]) for atom in atoms if graph.estate[atom] >= 0}
    return (
        border / 2
        + RULES.block_weight_m * (len(blocks) - 1)
        + RULES.estate_piece_weight_m * len(estates)
        + RULES.size_weight * (total - RULES.target_households) ** 2
    )


def cost_of(graph: AtomGraph, label: np.ndarray) -> float:
    pieces = len({int(e) for e in graph.estate if e >= 0})
    total = sum(
        column_cost(graph, np.flatnonzero(label == p).tolist(), int(graph.weight[label == p].sum()))
        for p in range(int(label.max()) + 1)
    )
    return total - RULES.estate_piece_weight_m * pieces


GRAPHS = [
    *((seed, 4, 3, 60, 200) for seed in range(8)),
    *((seed, 4, 3, 100, 300) for seed in range(8)),
    *((seed, 6, 2, 150, 450) for seed in range(8)),
    *((seed, 11, 1, 50, 160) for seed in range(8)),
]


@pytest.mark.parametrize("shape", GRAPHS)
def test_the_verdict_and_the_optimum_equal_complete_enumeration(shape: tuple[int, ...]) -> None:
    graph = a_graph(*shape)
    feasible, least = brute_force(graph)

    seen = examine(graph, prices_for(RULES))

    if feasible:
        assert seen.verdict is Verdict.OPTIMAL
        assert seen.label is not None
        assert cost_of(graph, seen.label) == pytest.approx(least, abs=0.01)
    else:
        assert seen.verdict is Verdict.IMPOSSIBLE


@pytest.mark.parametrize("shape", GRAPHS[:8])
def test_the_search_alone_comes_close_to_the_optimum(shape: tuple[int, ...]) -> None:
    graph = a_graph(*shape)
    feasible, least = brute_force(graph)
    total = int(graph.weight.sum())

    plan = min(restarts(graph, total, RULES, prices_for(RULES), 8), key=Plan.rank)

    if feasible:
        assert plan.outside == 0
        assert plan.score_m <= least * 1.25 + 1.0
        assert plan.score_m == pytest.approx(cost_of(graph, plan.label), abs=0.01)


@pytest.mark.parametrize("seed", range(12))
def test_empty_atoms_never_make_a_false_proof(seed: int) -> None:
    graph = a_graph(seed, 4, 3, 90, 260, empty=3)
    feasible, _ = brute_force(graph)

    seen = examine(graph, prices_for(RULES))

    if seen.verdict is Verdict.IMPOSSIBLE:
        assert not feasible
    elif seen.label is not None:
        filled = fill_empty(graph, seen.label)
        if filled is not None:
            assert feasible
            assert_contiguous(graph, filled)


def assert_contiguous(graph: AtomGraph, label: np.ndarray) -> None:
    assert (label >= 0).all()
    for part in range(int(label.max()) + 1):
        piece = induced(graph, np.flatnonzero(label == part))
        reached, todo = {0}, [0]
        while todo:
            atom = todo.pop()
            for other in piece.indices[piece.indptr[atom] : piece.indptr[atom + 1]].tolist():
                if other not in reached:
                    reached.add(other)
                    todo.append(other)
        assert len(reached) == len(piece.weight)
