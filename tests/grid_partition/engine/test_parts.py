"""Small pieces of the engine, one by one: rules, slices, numbering, changes, frames, noding."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, Point, Polygon, box

from services.grid_partition.engine import (
    Barriers,
    CommunityFrame,
    CommunityInput,
    Rules,
    changes,
    moved_households,
    node_district,
)
from services.grid_partition.engine.numbering import reading_order
from services.grid_partition.engine.search import best_count, least_outside, possible_counts
from services.grid_partition.engine.split import slices
from tests.grid_partition.engine import maps


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("min_households", 0),
        ("max_households", 299),
        ("target_households", 501),
        ("block_weight_m", -1.0),
        ("size_weight", float("nan")),
        ("move_price_m", float("inf")),
        ("seed", -1),
        ("effort", 0),
        ("population_max", 0),
        ("barrier_weights", {"road": 1.5}),
    ],
)
def test_rules_name_the_field_that_is_wrong(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=field):
        Rules(**{field: value})  # type: ignore[arg-type]


def test_a_barrier_weighs_what_its_class_says_then_its_kind_then_one() -> None:
    rules = Rules(barrier_weights={"road": 0.5, "path": 0.0})

    assert rules.barrier_weight("road", "path") == 0.0
    assert rules.barrier_weight("road", "primary") == 0.5
    assert rules.barrier_weight("rail", "") == 1.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"households": [1, 2, 3]}, "households must hold 2 numbers"),
        ({"households": [1, -2]}, "households must be 0 or more"),
        ({"households": [1.5, 2]}, "households: whole numbers expected"),
        ({"households": [1, None]}, "households: whole numbers expected"),
        ({"building_ids": ("a", "a")}, "building_ids must be unique"),
        ({"geometries": (Point(0, 0),)}, "other geometries"),
        ({"geometries": (Point(0, 0), LineString([(0, 0), (1, 1)]))}, "b: a LineString"),
        ({"geometries": (Point(0, 0), Point(np.inf, 0))}, "b: a coordinate is not finite"),
        ({"estate": [0]}, "estate must hold 2 numbers"),
        ({"units": [0, -1]}, "units must be 0 or more"),
        ({"population": [1]}, "population must hold 2 numbers"),
    ],
)
def test_a_community_names_what_is_malformed(change: dict[str, object], message: str) -> None:
    good: dict[str, object] = {
        "code": "C",
        "building_ids": ("a", "b"),
        "geometries": (Point(0, 0), Point(1, 1)),
        "households": [1, 2],
    }

    with pytest.raises(ValueError, match=message):
        CommunityInput(**{**good, **change})  # type: ignore[arg-type]


def test_barriers_must_be_finite_lines() -> None:
    with pytest.raises(ValueError, match="same length"):
        Barriers((LineString([(0, 0), (1, 1)]),), (), ())
    with pytest.raises(ValueError, match=r"lines\[0\] is a Point"):
        Barriers((Point(0, 0),), ("road",), ("",))
    with pytest.raises(ValueError, match="not finite"):
        Barriers((LineString([(0, 0), (np.inf, 1)]),), ("road",), ("",))


@pytest.mark.parametrize(
    ("codes", "shapes", "message"),
    [
        (["A"], [], "same length"),
        (["A", "A"], [box(0, 0, 9, 9)] * 2, "must be unique"),
        (["A"], [Point(0, 0)], "A: the boundary is not a polygon"),
        (["A"], [Polygon()], "less than a square metre"),
        (["A"], [box(101.79, 36.61, 101.80, 36.62)], "are the coordinates metres"),
        (["A"], [Polygon([(0, 0), (np.inf, 0), (0, 9)])], "not finite"),
        (["A", "B"], [box(0, 0, 90, 90), box(10, 10, 20, 20)], "no land is left"),
    ],
)
def test_noding_refuses_what_is_no_district(
    codes: list[str], shapes: list[Polygon], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        node_district(codes, shapes)


def test_overlapping_communities_share_the_land_once() -> None:
    frames = node_district(["A", "B"], [box(0, 0, 100, 100), box(98, 0, 200, 100)])
    shapes = [frame.polygon for frame in frames]

    assert shapely.coverage_is_valid(shapes)
    assert sum(shape.area for shape in shapes) == pytest.approx(20_000)


def test_a_bow_tie_boundary_is_mended() -> None:
    (frame,) = node_district(["A"], [Polygon([(0, 0), (100, 100), (100, 0), (0, 100)])])

    assert frame.polygon.is_valid
    assert frame.polygon.area == pytest.approx(5_000, rel=0.01)


def test_a_sliver_between_two_carriageways_joins_its_neighbour() -> None:
    twin = maps.roads([(0, 90), (180, 90)], [(0, 92), (180, 92)])

    frame = maps.a_frame(maps.around(36), twin)

    assert len(frame.block_ends) == 2


def test_a_frame_survives_storage_and_pickling() -> None:
    frame = maps.a_frame(maps.around(36), maps.roads([(0, 90), (180, 95)]))

    for copy in (CommunityFrame.from_bytes(frame.to_bytes()), pickle.loads(pickle.dumps(frame))):
        assert copy.code == frame.code
        assert copy.polygon.equals_exact(frame.polygon)
        assert np.array_equal(copy.pair_weight, frame.pair_weight)


@pytest.mark.parametrize("data", [b"", b"nonsense", b"PK\x03\x04"])
def test_something_else_is_no_stored_frame(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a stored community frame"):
        CommunityFrame.from_bytes(data)


@given(
    households=st.integers(0, 5_000),
    units=st.integers(0, 12),
    floors=st.integers(0, 40),
    most=st.integers(100, 600),
)
def test_slices_keep_every_household_and_the_maximum(
    households: int, units: int, floors: int, most: int
) -> None:
    parts = slices(households, units, floors, most)

    assert sum(part.households for part in parts) == households
    if households <= most or max(units, floors) <= 1:
        assert len(parts) == 1
    finest = max(units, 1) * max(floors, 1)
    if households <= most * finest // 2:
        assert max(part.households for part in parts) <= most


def test_slices_are_as_few_as_possible() -> None:
    assert [p.households for p in slices(900, 6, 0, 500)] == [450, 450]
    assert [p.households for p in slices(900, 3, 0, 500)] == [300, 300, 300]
    assert [(p.floor_from, p.floor_to) for p in slices(600, 1, 4, 500)] == [(1, 2), (3, 4)]
    assert [(p.unit_from, p.floor_from) for p in slices(1200, 2, 4, 500)] == [
        (1, 1),
        (1, 3),
        (2, 1),
        (2, 3),
    ]


def test_reading_order_goes_row_by_row() -> None:
    centres = np.array([[10.0, 0.0], [0.0, 0.5], [0.0, 10.0], [10.0, 9.5], [20.0, 10.0]])

    assert reading_order(centres).tolist() == [2, 3, 4, 1, 0]
    assert reading_order(np.zeros((0, 2))).tolist() == []
    assert reading_order(np.zeros((1, 2))).tolist() == [0]


def test_changes_follow_the_larger_share() -> None:
    old = np.array([0, 0, 0, 1, 1, -1])
    new = np.array([0, 0, 1, 1, 1, 0])
    households = np.array([10, 20, 5, 7, 8, 99])

    told = changes(old, new, households)

    assert [(c.old, c.new, c.households, c.moved) for c in told] == [
        (0, 0, 30, False),
        (0, 1, 5, True),
        (1, 1, 15, False),
    ]
    assert moved_households(old, new, households) == 5


@given(st.integers(0, 5_000))
def test_counts_of_grids_follow_arithmetic(total: int) -> None:
    rules = Rules()
    counts = possible_counts(total, rules)

    assert bool(counts) == any(300 * k <= total <= 500 * k for k in range(20))
    if counts:
        assert best_count(total, rules) in counts
        assert least_outside(total, best_count(total, rules), rules) == 0
    elif total:
        assert least_outside(total, best_count(total, rules), rules) > 0
