"""Cuts that begin with the grids in force: few households move, never at the price of a rule."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from shapely.geometry import box

from services.grid_partition.engine import (
    CommunityFrame,
    CommunityInput,
    Partition,
    Rules,
    changes,
    cut,
    node_district,
)
from services.grid_partition.engine.adjust import adjusted, scored
from services.grid_partition.engine.closed import Closed, close, rings_around
from services.grid_partition.engine.contraction import small_estates
from services.grid_partition.engine.prices import moving_prices, prices_for
from services.grid_partition.engine.terrain import survey
from tests.grid_partition.engine import cases, checker, maps

BOUND = Rules(move_price_m=4.0)


def again(
    community: CommunityInput, legacy: Sequence[int], households: Sequence[int] | None = None
) -> CommunityInput:
    """The same buildings with other old grids, and perhaps other households."""
    return maps.a_community(
        community.households if households is None else households,
        spots=community.geometries,
        estate=community.estate,
        legacy=legacy,
    )


def drifted(before: Partition, households: np.ndarray, grid: int, goal: int) -> np.ndarray:
    """Households after one grid grew or shrank to about `goal`."""
    inside = before.building_grid(len(households)) == grid
    changed = households.copy()
    changed[inside] = np.rint(changed[inside] * goal / changed[inside].sum())
    return changed


def a_town_in_force(seed: int) -> tuple[CommunityInput, CommunityFrame, Partition]:
    town, land, barriers = maps.a_town(seed, 300)
    frame, before = maps.a_cut(town, land, barriers)
    return town, frame, before


def closed_town(seed: int, rules: Rules = BOUND) -> Closed:
    town, land, barriers = maps.a_town(seed, 160)
    terrain = survey(town, maps.a_frame(land, barriers), rules)
    whole = small_estates(terrain.table, rules.max_households)
    return close(terrain.table, terrain.edges, whole, rules)


@pytest.mark.parametrize("seed", [61, 62, 63])
def test_grids_in_range_stay_as_they_are(seed: int) -> None:
    town, frame, before = a_town_in_force(seed)

    after = cut(again(town, before.building_grid(300)), frame, BOUND)

    assert after.feasible
    assert after.metrics.moved_households == 0


@pytest.mark.parametrize("seed", [61, 62, 63])
@pytest.mark.parametrize("goal", [260, 540])
def test_one_grid_out_of_range_touches_only_what_lies_within_two_rings(
    seed: int, goal: int
) -> None:
    town, frame, before = a_town_in_force(seed)
    grid = len(before.grids) // 2
    old = before.building_grid(300)
    changed = drifted(before, np.asarray(town.households), grid, goal)

    after = cut(again(town, old, changed), frame, BOUND)

    assert after.feasible
    touched = {c.old for c in changes(old, after.building_grid(300), changed) if c.moved}
    polygons = [grid.polygon for grid in before.grids]
    first = {g for g, p in enumerate(polygons) if p.distance(polygons[grid]) < 0.01}
    second = {g for g, p in enumerate(polygons) for f in first if p.distance(polygons[f]) < 0.01}
    assert touched <= second
    assert after.metrics.moved_households < 0.05 * changed.sum()


@pytest.mark.parametrize("seed", [64, 65, 66, 67])
def test_large_old_grids_are_cut_with_fewer_moves_than_from_scratch(seed: int) -> None:
    town, land, barriers = maps.a_town(seed, 240)
    frame, free = maps.a_cut(town, land, barriers)

    bound = cut(town, frame, BOUND)

    assert checker.faults(town, frame.polygon, bound, BOUND) == []
    assert bound.feasible
    assert bound.metrics.moved_households < free.metrics.moved_households


@pytest.mark.parametrize("seed", [64, 65, 66])
def test_the_answer_is_never_dearer_than_the_cut_from_scratch(seed: int) -> None:
    town, land, barriers = maps.a_town(seed, 160)
    frame, free = maps.a_cut(town, land, barriers)

    bound = cut(town, frame, BOUND)

    dearer = free.metrics.score_m + BOUND.move_price_m * free.metrics.moved_households
    assert bound.metrics.score_m <= dearer + 0.01


def test_a_rule_is_never_broken_to_spare_a_move() -> None:
    # Old grids of 290 and 510: leaving them would move nobody, but neither is in range.
    households = [29] * 10 + [51] * 10
    legacy = [0] * 10 + [1] * 10
    community = maps.a_community(households, columns=10, legacy=legacy)

    for price in (4.0, 1000.0, 100_000.0):
        rules = Rules(move_price_m=price)
        _, after = maps.a_cut(community, maps.around(20, 10), rules=rules)
        assert after.feasible
        assert after.metrics.moved_households > 0


def test_an_old_grid_that_lies_in_two_places_is_two_grids() -> None:
    # Label 5 stands at both ends of the street: each end is in range by itself.
    households = [40] * 30
    legacy = [5] * 10 + [6] * 10 + [5] * 10
    community = maps.a_community(households, columns=30, legacy=legacy)

    _, after = maps.a_cut(community, maps.around(30, 30), rules=BOUND)

    assert after.feasible
    assert [grid.households for grid in after.grids] == [400, 400, 400]
    assert after.metrics.moved_households == 0


def test_buildings_without_an_old_grid_join_one_at_no_price() -> None:
    legacy = [0] * 12 + [-1] * 6 + [1] * 18
    community = maps.a_community([22] * 36, legacy=legacy)

    _, after = maps.a_cut(community, rules=BOUND)

    assert after.feasible
    assert after.metrics.moved_households == 0


def test_without_old_grids_a_price_changes_nothing() -> None:
    town, land, barriers = maps.a_town(68, 120)
    nobody = again(town, [-1] * 120)
    frame, free = maps.a_cut(nobody, land, barriers)

    bound = cut(nobody, frame, BOUND)

    assert np.array_equal(bound.parts.grid, free.parts.grid)
    assert bound.metrics.moved_households == 0


def test_slivers_of_old_grids_are_given_to_their_neighbours() -> None:
    legacy = [0] * 18 + [1] * 17 + [2]
    community = maps.a_community([22] * 36, legacy=legacy)

    _, after = maps.a_cut(community, rules=BOUND)

    assert after.feasible
    assert after.metrics.moved_households <= 22


def test_the_begin_is_judged_by_the_prices_of_every_cell() -> None:
    closed = closed_town(69)
    label = closed.table.old - closed.table.old.min()

    found = scored(closed, np.ascontiguousarray(label))

    assert found.outside > 0
    assert np.array_equal(found.label, label)
    assert found.plan.score_m > 0.0


def test_the_same_old_grids_give_the_same_answer() -> None:
    first, second = adjusted(closed_town(70)), adjusted(closed_town(70))

    assert first is not None
    assert second is not None
    assert np.array_equal(first.label, second.label)


def test_rings_reach_one_neighbour_further_each() -> None:
    closed = closed_town(71)
    label = np.arange(len(closed.group))
    middle = np.zeros(len(label), dtype=bool)
    middle[len(label) // 2] = True

    sizes = [int(rings_around(closed.edges, label, middle, r).sum()) for r in range(4)]

    assert sizes[0] == 1
    assert sizes == sorted(sizes)
    assert sizes[1] < sizes[2]


def test_a_household_outside_costs_more_than_any_move() -> None:
    for price in (0.5, 4.0, 100_000.0):
        rules = Rules(move_price_m=price)
        for prices in (prices_for(rules), moving_prices(rules)):
            assert prices.range_each > price
            assert prices.range_fixed > 0.0


def test_a_range_of_one_number_is_met_without_regard_to_moves() -> None:
    rules = Rules(min_households=400, max_households=400, target_households=400, move_price_m=50.0)
    community = maps.a_community([40] * 20, columns=20, legacy=[0] * 7 + [1] * 13)

    _, after = maps.a_cut(community, box(0, 0, 600, 30), rules=rules)

    assert after.feasible
    assert [grid.households for grid in after.grids] == [400, 400]


@cases.needs_case("chengdong-synth")
def test_chengdong_moves_few_households_from_its_old_grids() -> None:
    case = cases.load_case("chengdong-synth")
    frames = node_district(case.codes, case.boundaries, case.barriers)
    moved = households = 0
    for community, frame in zip(case.communities, frames, strict=True):
        after = cut(community, frame, BOUND)
        assert checker.faults(community, frame.polygon, after, BOUND) == []
        moved += after.metrics.moved_households
        households += int(np.sum(community.households))

    assert moved <= 0.025 * households
