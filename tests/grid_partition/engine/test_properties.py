"""What must hold on any map: verdicts equal to enumeration, no matter of scale, place or padding.

What is exactly invariant, and what is not:

- The verdict depends on households and on which cells touch.  On lattices of square lots both are
  known without geometry, so it is compared with complete enumeration.
- A map twice as large, with prices per metre twice as high, is the same problem in another unit:
  verdict and violations are equal, and where the optimum is proved its score is twice as high.
  Two things are metres whatever the map: cells touch from 1 m of common border on, so maps with
  contacts near that are left out; and the search cools from 50 m, so a cut that is not proved
  optimal may differ.
- A building without households moves no household, but it takes ground: cells that touched may
  touch no more, cells that did not may be joined through its own.  Standing alone it can therefore
  turn an impossible map into a possible one (never the other way round where it takes its ground
  from one neighbour).  Arithmetic is not touched by it at all.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from shapely.affinity import scale, translate
from shapely.geometry import MultiPoint, Point, Polygon, box

from services.grid_partition.engine import (
    CommunityInput,
    Partition,
    Rules,
    ViolationCode,
    cut,
)
from tests.grid_partition.engine import checker, maps
from tests.grid_partition.engine.enumeration import possible

SEARCHED = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
FAST = Rules(effort=5)
IMPOSSIBLE = {
    ViolationCode.TOO_FEW_HOUSEHOLDS,
    ViolationCode.NO_COUNT_BETWEEN,
    ViolationCode.UNREACHABLE_PART,
}


def codes(partition: Partition) -> set[ViolationCode]:
    return {violation.code for violation in partition.violations}


def scaled(community: CommunityInput, factor: float) -> CommunityInput:
    """The same community with every coordinate times the factor."""
    return CommunityInput(
        code=community.code,
        building_ids=community.building_ids,
        geometries=tuple(
            None if g is None else scale(g, factor, factor, origin=(0, 0))
            for g in community.geometries
        ),
        households=community.households,
        estate=community.estate,
        units=community.units,
        floors=community.floors,
        legacy=community.legacy,
    )


def scaled_rules(rules: Rules, factor: float) -> Rules:
    """The same prices where a metre is 1 / factor of what it was."""
    return Rules(
        block_weight_m=rules.block_weight_m * factor,
        estate_piece_weight_m=rules.estate_piece_weight_m * factor,
        size_weight=rules.size_weight * factor,
        move_price_m=rules.move_price_m * factor,
        effort=rules.effort,
        seed=rules.seed,
    )


@st.composite
def lattices(draw: st.DrawFn) -> tuple[list[int], int, list[int]]:
    """Households of up to 12 lots, columns, and an estate label for each lot."""
    columns = draw(st.integers(1, 4))
    rows = draw(st.integers(1, 12 // columns))
    count = columns * rows
    several = lambda numbers: draw(  # noqa: E731
        st.lists(numbers, min_size=count, max_size=count)
    )
    heavy = st.one_of(st.integers(0, 200), st.integers(100, 300), st.integers(150, 450))
    return several(heavy), columns, several(st.sampled_from([-1, -1, 0, 1, 2]))


@settings(SEARCHED, max_examples=150)
@given(lattice=lattices())
def test_the_verdict_equals_complete_enumeration(lattice: tuple[list[int], int, list[int]]) -> None:
    households, columns, _ = lattice
    community = maps.a_community(households, columns=columns)
    truth = possible(households, columns, [-1] * len(households), 300, 500)

    _, partition = maps.a_cut(community, maps.around(len(households), columns), rules=FAST)

    assert partition.feasible == truth.at_all
    if not truth.at_all:
        assert len(codes(partition) & IMPOSSIBLE) == 1
        assert ViolationCode.NOT_FOUND not in codes(partition)
    else:
        assert partition.violations == ()


@settings(SEARCHED, max_examples=100)
@given(lattice=lattices())
def test_estates_are_divided_only_where_enumeration_says_they_must(
    lattice: tuple[list[int], int, list[int]],
) -> None:
    households, columns, labels = lattice
    total = [sum(h for h, e in zip(households, labels, strict=True) if e == n) for n in range(3)]
    # An estate above the maximum is no estate to the engine; one in two places is two.
    estate = [label if label >= 0 and total[label] <= 500 else -1 for label in labels]
    assume(all(_is_in_one_place(estate, columns, n) for n in set(estate) - {-1}))
    community = maps.a_community(households, columns=columns, estate=estate)
    truth = possible(households, columns, estate, 300, 500)

    _, partition = maps.a_cut(community, maps.around(len(households), columns), rules=FAST)

    assert partition.feasible == truth.at_all
    blocked = [v for v in partition.violations if v.code is ViolationCode.ESTATES_BLOCK]
    if truth.at_all:
        assert bool(blocked) == (truth.least_pieces > 0)
        assert partition.metrics.estate_pieces >= truth.least_pieces
    for told in blocked:
        if truth.at_all:
            assert int(told.params["least_pieces"]) <= truth.least_pieces
            assert told.params["proven"] in {True, False}


def _is_in_one_place(estate: list[int], columns: int, label: int) -> bool:
    lots = {lot for lot, other in enumerate(estate) if other == label}
    reached, todo = set(), [min(lots)]
    while todo:
        lot = todo.pop()
        reached.add(lot)
        beside = [lot - columns, lot + columns]
        beside += [lot - 1] if lot % columns else []
        beside += [lot + 1] if lot % columns < columns - 1 else []
        todo += [other for other in beside if other in lots - reached]
    return reached == lots


def scattered(seed: int, count: int, low: int, high: int) -> CommunityInput:
    """Buildings in general position, at least some metres apart: no tie, no sliver."""
    rng = np.random.default_rng(seed)
    spots = maps.lattice(count, 4, 60.0)
    moved = [translate(spot, *rng.uniform(-12.0, 12.0, 2)) for spot in spots]
    return maps.a_community(rng.integers(low, high, count), spots=moved, columns=4)


def shortest_contact_m(community: CommunityInput, land: Polygon) -> float:
    """Length of the shortest common border of two cells that touch along a line."""
    drawn = shapely.voronoi_polygons(MultiPoint(list(community.geometries)), extend_to=land)
    cells = [cell.intersection(land) for cell in drawn.geoms]
    lengths = (one.intersection(other).length for one, other in itertools.combinations(cells, 2))
    return min(length for length in lengths if length > 1e-6)


@SEARCHED
@given(
    seed=st.integers(0, 10_000),
    factor=st.sampled_from([0.5, 2.0, 4.0, 3.0, 10.0]),
    low=st.sampled_from([60, 110, 160]),
)
def test_a_map_in_another_unit_has_the_same_verdict_and_optimum(
    seed: int, factor: float, low: int
) -> None:
    community = scattered(seed, 12, low, low + 120)
    land = maps.around(12, 4, 60.0)
    assume(shortest_contact_m(community, land) * min(factor, 1.0) > 1.1)

    _, plain = maps.a_cut(community, land, rules=FAST)
    _, other = maps.a_cut(
        scaled(community, factor),
        scale(land, factor, factor, origin=(0, 0)),
        rules=scaled_rules(FAST, factor),
    )

    assert other.feasible == plain.feasible
    assert codes(other) == codes(plain)
    assert other.metrics.optimal == plain.metrics.optimal
    if plain.metrics.optimal:
        assert other.metrics.score_m == pytest.approx(factor * plain.metrics.score_m, rel=1e-4)
        sizes = [[grid.households for grid in p.grids] for p in (plain, other)]
        assert sizes[0] == sizes[1]
        assert np.array_equal(other.building_grid(12), plain.building_grid(12))


@settings(SEARCHED, max_examples=30)
@given(
    seed=st.integers(0, 10_000),
    east=st.integers(-40_000_000, 40_000_000),
    north=st.integers(-40_000_000, 40_000_000),
)
def test_a_map_elsewhere_has_the_same_verdict_and_optimum(seed: int, east: int, north: int) -> None:
    # Whole centimetres, so that both maps lie alike on the lattice.
    community, land = scattered(seed, 12, 100, 240), maps.around(12, 4, 60.0)
    moved = maps.a_community(
        community.households,
        spots=[translate(spot, east / 100, north / 100) for spot in community.geometries],
    )

    _, plain = maps.a_cut(community, land, rules=FAST)
    _, other = maps.a_cut(moved, translate(land, east / 100, north / 100), rules=FAST)

    assert (other.feasible, codes(other)) == (plain.feasible, codes(plain))
    if plain.metrics.optimal:
        assert other.metrics.score_m == pytest.approx(plain.metrics.score_m, rel=1e-3, abs=0.5)


@SEARCHED
@given(
    lattice=lattices(),
    lot=st.integers(0, 11),
    off=st.tuples(st.floats(-4.0, 4.0), st.floats(-4.0, 4.0)),
)
def test_an_empty_building_beside_another_makes_nothing_impossible(
    lattice: tuple[list[int], int, list[int]], lot: int, off: tuple[float, float]
) -> None:
    households, columns, _ = lattice
    count = len(households)
    spots = maps.lattice(count, columns)
    # It stands within its neighbour's lot, and takes ground of that lot only.
    beside = translate(spots[lot % count], *off)
    land = maps.around(count, columns)

    _, plain = maps.a_cut(maps.a_community(households, spots=spots), land, rules=FAST)
    frame, padded = maps.a_cut(
        community := maps.a_community([*households, 0], spots=[*spots, beside]), land, rules=FAST
    )

    assert checker.faults(community, frame.polygon, padded, Rules()) == []
    if plain.feasible:
        assert padded.feasible
    arithmetic = {v.params.get("proof") for v in plain.violations} & {"arithmetic"}
    if arithmetic or ViolationCode.TOO_FEW_HOUSEHOLDS in codes(plain):
        assert not padded.feasible
        assert codes(padded) == codes(plain)


@SEARCHED
@given(
    seed=st.integers(0, 10_000),
    empty=st.lists(st.tuples(st.floats(1, 299), st.floats(1, 299)), min_size=1, max_size=6),
)
def test_empty_buildings_anywhere_leave_an_easy_map_easy(
    seed: int, empty: list[tuple[float, float]]
) -> None:
    rng = np.random.default_rng(seed)
    spots = [Point(*spot) for spot in rng.uniform(5, 295, size=(40, 2))]
    households = rng.integers(15, 60, 40)
    land = box(0, 0, 300, 300)
    padded = maps.a_community(
        [*households.tolist(), *([0] * len(empty))], spots=[*spots, *(Point(*e) for e in empty)]
    )

    _, plain = maps.a_cut(maps.a_community(households, spots=spots), land, rules=FAST)
    frame, partition = maps.a_cut(padded, land, rules=FAST)

    assert checker.faults(padded, frame.polygon, partition, Rules()) == []
    assert partition.feasible == plain.feasible
    assert codes(partition) == codes(plain)


@settings(SEARCHED, max_examples=20)
@given(seed=st.integers(0, 10_000), buildings=st.integers(20, 90), order=st.integers(0, 1000))
def test_promises_hold_for_towns_in_any_order(seed: int, buildings: int, order: int) -> None:
    town, land, barriers = maps.a_town(seed, buildings)
    frame, first = maps.a_cut(town, land, barriers, FAST)

    assert checker.faults(town, frame.polygon, first, Rules()) == []
    second = cut(maps.shuffled(town, order)[0], frame, FAST)
    assert second.digest == first.digest
