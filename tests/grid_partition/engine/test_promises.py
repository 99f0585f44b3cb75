"""Promises 1 to 4 on arbitrary small maps."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiPolygon, Point, box

from services.grid_partition.engine import Barriers, CommunityInput, Rules, cut, node_district
from tests.grid_partition.engine import checker, maps

SIDE_M = 300
SEARCHED = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

coordinate = st.integers(0, SIDE_M)
spot = st.builds(Point, coordinate, coordinate)
footprint = st.builds(
    lambda x, y, w, h: box(x, y, x + w, y + h),
    coordinate,
    coordinate,
    st.integers(1, 40),
    st.integers(1, 40),
)
place = st.one_of(spot, footprint, st.none())
line = st.builds(
    LineString,
    st.lists(st.tuples(coordinate, coordinate), min_size=2, max_size=4, unique=True),
)
boundary = st.sampled_from(
    [
        box(0, 0, SIDE_M, SIDE_M),
        box(0, 0, SIDE_M, SIDE_M).difference(box(100, 100, 180, 190)),
        MultiPolygon([box(0, 0, 120, SIDE_M), box(150, 40, SIDE_M, 200)]),
        box(0, 0, SIDE_M, 60).union(box(0, 0, 50, SIDE_M)),
    ]
)


@st.composite
def communities(draw: st.DrawFn) -> CommunityInput:
    """Up to 30 buildings anywhere, some of them nowhere, some on top of each other."""
    count = draw(st.integers(0, 30))
    several = lambda numbers: st.lists(numbers, min_size=count, max_size=count)  # noqa: E731
    return maps.a_community(
        draw(several(st.one_of(st.integers(0, 120), st.integers(0, 900)))),
        spots=draw(several(place)),
        estate=draw(several(st.integers(-1, 4))),
        units=draw(several(st.integers(0, 4))),
        floors=draw(several(st.integers(0, 9))),
    )


@SEARCHED
@given(community=communities(), land=boundary, lines=st.lists(line, max_size=4))
def test_every_promise_holds_on_arbitrary_maps(
    community: CommunityInput, land: object, lines: list[LineString]
) -> None:
    barriers = Barriers(tuple(lines), ("road",) * len(lines), ("",) * len(lines))

    frame, partition = maps.a_cut(community, land, barriers, Rules(effort=5))

    assert checker.faults(community, frame.polygon, partition, Rules()) == []


@settings(SEARCHED, max_examples=15)
@given(community=communities(), land=boundary, seed=st.integers(0, 1000))
def test_order_and_ids_of_the_buildings_do_not_matter(
    community: CommunityInput, land: object, seed: int
) -> None:
    rules = Rules(effort=5)
    frame, first = maps.a_cut(community, land, None, rules)
    other, _ = maps.shuffled(community, seed)

    second = cut(other, frame, rules)

    assert [g.polygon.wkb for g in first.grids] == [g.polygon.wkb for g in second.grids]
    assert [g.households for g in first.grids] == [g.households for g in second.grids]
    assert first.metrics.score_m == second.metrics.score_m


@pytest.mark.parametrize("seed", range(8))
def test_a_town_is_cut_into_grids_in_range(seed: int) -> None:
    town, land, barriers = maps.a_town(seed)

    frame, partition = maps.a_cut(town, land, barriers)

    assert checker.faults(town, frame.polygon, partition, Rules()) == []
    assert partition.feasible


@pytest.mark.parametrize(("low", "high"), [(100, 180), (60, 90), (1000, 1500)])
def test_other_limits_are_kept_as_well(low: int, high: int) -> None:
    rules = Rules(min_households=low, max_households=high, target_households=(low + high) // 2)
    town, land, barriers = maps.a_town(3)

    frame, partition = maps.a_cut(town, land, barriers, rules)

    assert checker.faults(town, frame.polygon, partition, rules) == []


def test_communities_of_a_district_are_cut_against_shared_borders() -> None:
    lands = [box(0, 0, 180, 180), box(180, 0, 360, 180), box(0, 180, 360, 360)]
    frames = node_district(["A", "B", "C"], lands, maps.roads([(0, 100), (360, 130)]))
    for number, (frame, land) in enumerate(zip(frames, lands, strict=True)):
        west, south, _, _ = land.bounds
        spots = [Point(west + p.x, south + p.y) for p in maps.lattice(36)]
        community = maps.a_community([31 + number] * 36, spots=spots, code=frame.code)

        partition = cut(community, frame)

        assert checker.faults(community, frame.polygon, partition, Rules()) == []
        assert partition.feasible
