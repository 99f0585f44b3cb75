"""Slices of a building above the maximum, against enumeration of every way to cut it."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from services.grid_partition.engine import Rules
from services.grid_partition.engine.split import Slice, slices
from tests.grid_partition.engine import checker, maps

SEARCHED = settings(max_examples=200, deadline=None, derandomize=True)
buildings = {
    "households": st.integers(0, 6_000),
    "units": st.integers(0, 12),
    "floors": st.integers(0, 40),
    "most": st.integers(50, 600),
}


def spread(total: int, count: int) -> list[int]:
    """Households of each unit or floor, as even as whole numbers can be."""
    return [total * (i + 1) // count - total * i // count for i in range(count)]


def best_runs(counts: list[int], most: int) -> tuple[int, int] | None:
    """Fewest runs within the maximum, and their least sum of squares: every set of cuts."""
    for parts in range(1, len(counts) + 1):
        costs = []
        for cuts in itertools.combinations(range(1, len(counts)), parts - 1):
            ends = [0, *cuts, len(counts)]
            held = [sum(counts[a:b]) for a, b in itertools.pairwise(ends)]
            if max(held) <= most:
                costs.append(sum(count * count for count in held))
        if costs:
            return parts, min(costs)
    return None


@SEARCHED
@given(**buildings)
def test_no_household_is_lost_and_no_slice_is_too_large(
    households: int, units: int, floors: int, most: int
) -> None:
    parts = slices(households, units, floors, most)

    assert sum(part.households for part in parts) == households
    assert parts == slices(households, units, floors, most)
    finest = -(-households // max(units, 1))
    if floors > 1 and finest > most:
        finest = -(-finest // floors)
    if finest <= most:
        assert max(part.households for part in parts) <= most
    elif max(units, floors) <= 1 or households <= most:
        assert parts == (Slice(0, 0, 0, 0, households),)


@SEARCHED
@given(**buildings)
def test_slices_cover_every_unit_and_floor_once_and_in_order(
    households: int, units: int, floors: int, most: int
) -> None:
    parts = slices(households, units, floors, most)
    if parts == (Slice(0, 0, 0, 0, households),):
        return
    spots = [
        (unit, floor)
        for part in parts
        for unit in range(part.unit_from, part.unit_to + 1)
        for floor in (range(part.floor_from, part.floor_to + 1) if part.floor_from else [0])
    ]
    assert len(set(spots)) == len(spots)
    assert spots == sorted(spots)
    assert {unit for unit, _ in spots} == (set(range(1, units + 1)) if units else {0})
    for unit in {unit for unit, floor in spots if floor}:
        assert [f for u, f in spots if u == unit] == list(range(1, floors + 1))


@SEARCHED
@given(
    households=st.integers(1, 4_000),
    units=st.integers(2, 9),
    most=st.integers(50, 600),
)
def test_slices_by_unit_are_the_fewest_and_the_most_even(
    households: int, units: int, most: int
) -> None:
    parts = slices(households, units, 0, most)
    best = best_runs(spread(households, units), most)
    if best is None:
        assert len(parts) == units
    else:
        assert len(parts) == best[0]
        assert sum(part.households**2 for part in parts) == best[1]


@SEARCHED
@given(households=st.integers(1, 4_000), floors=st.integers(2, 60), most=st.integers(50, 600))
def test_slices_by_floor_are_the_fewest_that_fit(households: int, floors: int, most: int) -> None:
    counts = spread(households, floors)
    parts = slices(households, 1, floors, most)
    if max(counts) > most:
        assert len(parts) == floors
        return
    fewest, held = 1, 0
    for count in counts:
        if held + count > most:
            fewest, held = fewest + 1, 0
        held += count
    assert len(parts) == fewest
    # Even: apart from what one floor more or less makes.
    sizes = [part.households for part in parts]
    assert max(sizes) - min(sizes) <= 2 * max(counts)


@SEARCHED
@given(households=st.integers(500, 4_000), units=st.integers(1, 6), floors=st.integers(2, 30))
def test_a_unit_is_cut_only_when_it_is_above_the_maximum(
    households: int, units: int, floors: int
) -> None:
    held = spread(households, units)
    for part in slices(households, units, floors, 500):
        if part.floor_from:
            assert part.unit_from == part.unit_to
            assert held[part.unit_from - 1] > 500


@pytest.mark.parametrize(
    ("households", "units", "floors", "wanted"),
    [
        (500, 4, 10, [(0, 0, 0, 0, 500)]),
        (501, 0, 0, [(0, 0, 0, 0, 501)]),
        (501, 1, 1, [(0, 0, 0, 0, 501)]),
        (900, 6, 0, [(1, 3, 0, 0, 450), (4, 6, 0, 0, 450)]),
        (900, 3, 30, [(1, 1, 0, 0, 300), (2, 2, 0, 0, 300), (3, 3, 0, 0, 300)]),
        (600, 1, 4, [(1, 1, 1, 2, 300), (1, 1, 3, 4, 300)]),
        (600, 0, 4, [(0, 0, 1, 2, 300), (0, 0, 3, 4, 300)]),
        (1001, 2, 2, [(1, 1, 0, 0, 500), (2, 2, 1, 1, 250), (2, 2, 2, 2, 251)]),
        (1600, 2, 1, [(1, 1, 0, 0, 800), (2, 2, 0, 0, 800)]),
        (2400, 2, 2, [(1, 1, 1, 1, 600), (1, 1, 2, 2, 600), (2, 2, 1, 1, 600), (2, 2, 2, 2, 600)]),
    ],
)
def test_slices_of_known_buildings(
    households: int, units: int, floors: int, wanted: list[tuple[int, ...]]
) -> None:
    assert slices(households, units, floors, 500) == tuple(Slice(*part) for part in wanted)


def test_a_building_of_absurdly_many_units_is_cut_all_the_same() -> None:
    parts = slices(100_000, 90_000, 0, 500)

    assert len(parts) == 200
    assert {part.households for part in parts} == {500}


@pytest.mark.parametrize(
    ("units", "floors", "level"), [(5, 0, "unit"), (1, 20, "floor"), (0, 20, "floor"), (2, 2, "")]
)
def test_the_parts_of_a_tower_go_to_grids_in_range(units: int, floors: int, level: str) -> None:
    lots = maps.lattice(36)
    spots = [*lots[:14], *lots[15:], box(61, 61, 89, 89)]
    community = maps.a_community(
        [28] * 35 + [1001],
        spots=spots,
        units=[0] * 35 + [units],
        floors=[0] * 35 + [floors],
    )

    frame, partition = maps.a_cut(community)

    assert checker.faults(community, frame.polygon, partition, Rules()) == []
    assert partition.feasible
    rows = partition.parts.building == 35
    assert rows.sum() == 3
    assert bool(partition.parts.floor_from[rows].any()) is (level != "unit")
    assert bool(partition.parts.unit_from[rows].all()) is (units > 0)
