"""As few estates are divided as any cut needs: against every choice of estates, one by one."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from services.grid_partition.engine import Rules
from services.grid_partition.engine.closed import Closed, close, split_estates
from services.grid_partition.engine.contraction import small_estates
from services.grid_partition.engine.edges import CellEdges
from services.grid_partition.engine.estates import open_estates, settled
from services.grid_partition.engine.exact import Verdict, examine
from services.grid_partition.engine.graph import AtomGraph, CellTable, induced
from services.grid_partition.engine.prices import prices_for
from services.grid_partition.engine.releases import releases_of
from tests.grid_partition.engine import cases, checker, maps
from tests.grid_partition.engine.test_oracle import connected

RULES = Rules()


def a_quarter(seed: int, columns: int, rows: int, low: int, high: int, width: int = 2) -> Closed:
    """A lattice of houses whose rows fall into estates of `width` houses."""
    rng = np.random.default_rng(seed)
    count = columns * rows
    number = np.arange(count).reshape(rows, columns)
    first = np.concatenate([number[:, :-1].ravel(), number[:-1].ravel()])
    second = np.concatenate([number[:, 1:].ravel(), number[1:].ravel()])
    table = CellTable(
        households=rng.integers(low, high, count),
        block=np.zeros(count, dtype=np.int64),
        estate=np.arange(count) // width,
        old=np.full(count, -1),
    )
    length = rng.integers(10, 90, len(first)).astype(float)
    edges = CellEdges(first, second, length, length, np.zeros(len(first), dtype=bool))
    return close(table, edges, small_estates(table, RULES.max_households), RULES)


def can_be_cut(graph: AtomGraph) -> bool:
    """Whether parts in range exist, by every partition of at most 14 atoms."""
    n = len(graph.weight)
    near = [
        sum(1 << int(b) for b in graph.indices[graph.indptr[a] : graph.indptr[a + 1]])
        for a in range(n)
    ]
    weight = np.zeros(1 << n, dtype=np.int64)
    for atom in range(n):
        weight[1 << atom : 2 << atom] = weight[: 1 << atom] + graph.weight[atom]
    fits = np.flatnonzero((weight >= 300) & (weight <= 500)).tolist()
    parts = [mask for mask in fits if connected(mask, near)]
    reached = {0}
    for atom in range(n):
        # Cover the lowest open atom, so every partition is met once.
        mine = [mask for mask in parts if mask & -mask == 1 << atom]
        lower = (1 << atom) - 1
        grown = {done for done in reached if done >> atom & 1}
        for done in reached - grown:
            if done & lower == lower:
                grown |= {done | mask for mask in mine if not done & mask}
        reached = grown
    return (1 << n) - 1 in reached


def fewest(closed: Closed) -> int | None:
    """Least number of estates whose opening makes a cut possible; None when none does."""
    divisible = closed.divisible().tolist()
    for size in range(len(divisible) + 1):
        for estates in itertools.combinations(divisible, size):
            if can_be_cut(closed.opened(estates)[0]):
                return size
    return None


QUARTERS = [
    *((seed, 4, 3, 90, 210, 2) for seed in range(10)),
    *((seed, 6, 2, 100, 190, 2) for seed in range(10)),
    *((seed, 4, 3, 60, 150, 2) for seed in range(6)),
    *((seed, 12, 1, 90, 200, 3) for seed in range(6)),
]


@pytest.mark.parametrize("shape", QUARTERS)
def test_the_number_of_divided_estates_equals_the_least_of_all_choices(
    shape: tuple[int, ...],
) -> None:
    closed = a_quarter(*shape)
    wanted = fewest(closed)
    seen = examine(closed.graph, prices_for(RULES))
    if wanted == 0 or seen.verdict is not Verdict.IMPOSSIBLE:
        assert wanted == 0
        return

    found = open_estates(closed, seen.stuck, True)

    if wanted is None:
        assert found.outside > 0
        return
    assert found.outside == 0
    assert found.count == wanted
    assert 1 <= found.least <= wanted


@pytest.mark.parametrize("shape", QUARTERS)
def test_what_is_proved_needed_is_never_more_than_the_least(shape: tuple[int, ...]) -> None:
    closed = a_quarter(*shape)
    seen = examine(closed.graph, prices_for(RULES))
    wanted = fewest(closed)

    if seen.verdict is Verdict.IMPOSSIBLE and wanted is not None:
        assert open_estates(closed, seen.stuck, True).least <= wanted


@pytest.mark.parametrize("seed", range(12))
def test_no_estate_that_releases_what_is_stuck_is_overlooked(seed: int) -> None:
    closed = a_quarter(seed, 5, 2, 110, 200)
    seen = examine(closed.graph, prices_for(RULES))
    if not len(seen.stuck):
        return
    releases = releases_of(closed, seen.stuck)

    for size in (1, 2):
        listed = set(releases.sets(size))
        for estates in itertools.combinations(closed.divisible().tolist(), size):
            if can_be_cut(closed.opened(estates)[0]):
                assert estates in listed


def test_an_opened_estate_that_stays_whole_is_closed_again() -> None:
    closed = a_quarter(3, 6, 4, 40, 70)
    rows = np.arange(24) // 8

    found = settled(closed, rows.astype(np.int64), 0)

    assert not found.opened.any()
    assert not split_estates(found.label, closed.table.estate, 12).any()
    for part in range(int(found.label.max()) + 1):
        atoms = np.unique(closed.group[found.label == part])
        piece = induced(closed.graph, atoms)
        near = [
            sum(1 << int(b) for b in piece.indices[piece.indptr[a] : piece.indptr[a + 1]])
            for a in range(len(atoms))
        ]
        assert connected((1 << len(atoms)) - 1, near)


def test_an_estate_in_pieces_counts_as_divided_only_where_a_piece_is_cut() -> None:
    table = CellTable(
        households=np.array([100, 100, 100, 100]),
        block=np.zeros(4, dtype=np.int64),
        estate=np.array([0, 1, 1, 0]),
        old=np.full(4, -1),
    )
    length = np.full(3, 20.0)
    edges = CellEdges(
        np.array([0, 1, 2]), np.array([1, 2, 3]), length, length, np.zeros(3, dtype=bool)
    )
    closed = close(table, edges, np.array([True, True]), RULES)

    assert closed.divisible().tolist() == [1]
    assert closed.opened_by(np.array([0, 0, 0, 1])).tolist() == [False, False]
    assert closed.opened_by(np.array([0, 0, 1, 1])).tolist() == [False, True]
    assert closed.atoms_of(0).tolist() != closed.atoms_of(1).tolist()


@pytest.mark.parametrize("seed", [51, 52, 53, 54])
def test_towns_of_coarse_estates_are_cut_with_few_of_them_divided(seed: int) -> None:
    rng = np.random.default_rng(seed)
    estate = [i // 4 for i in range(64)]
    community = maps.a_community(rng.integers(55, 90, 64), columns=8, estate=estate)

    frame, partition = maps.a_cut(community, maps.around(64, 8))

    assert checker.faults(community, frame.polygon, partition, RULES) == []
    assert partition.feasible
    told = [v for v in partition.violations if v.code.value == "estates_block"]
    assert bool(told) == bool(partition.metrics.estates_split)
    for violation in told:
        assert 0 <= int(violation.params["least_pieces"]) <= partition.metrics.estates_split


@cases.needs_case("chengdong-synth")
def test_chengdong_divides_as_few_estates_as_is_proved_necessary() -> None:
    split = least = 0
    for partition in cases_cut("chengdong-synth"):
        split += partition.metrics.estates_split
        for violation in partition.violations:
            if violation.code.value == "estates_block":
                assert violation.params["proven"] is True
                least += int(violation.params["least_pieces"])

    assert split == least <= 26


def cases_cut(name: str) -> list[maps.Partition]:
    """Every community of a case, cut by the ordinary rules."""
    case = cases.load_case(name)
    frames = maps.node_district(case.codes, case.boundaries, case.barriers)
    return [maps.cut(c, f) for c, f in zip(case.communities, frames, strict=True)]
