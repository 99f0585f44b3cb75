"""Fewer points, the same tiling: promises of simplified shapes on arbitrary cuts."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, Point, Polygon, box

from services.grid_partition.engine import Rules, simplify_coverage
from tests.grid_partition.engine import maps

SEARCHED = settings(max_examples=25, deadline=None, derandomize=True)
LANDS = [
    box(0, 0, 300, 300),
    box(0, 0, 300, 300).difference(box(100, 100, 180, 190)),
    MultiPolygon([box(0, 0, 120, 300), box(150, 40, 300, 200)]),
    Point(150, 150).buffer(140, quad_segs=30),
]


def grids_of(seed: int, land: Polygon | MultiPolygon) -> list[Polygon | MultiPolygon]:
    """Grids of a made-up community, with the ragged borders of its buildings' cells."""
    rng = np.random.default_rng(seed)
    spots = [Point(*spot) for spot in rng.uniform(0, 300, size=(60, 2))]
    spots = [spot for spot in spots if land.contains(spot)]
    town = maps.a_community(rng.integers(10, 60, len(spots)), spots=spots)
    return [grid.polygon for grid in maps.a_cut(town, land, rules=Rules(effort=2))[1].grids]


def points(shapes: object) -> set[tuple[float, float]]:
    return set(map(tuple, shapely.get_coordinates(shapes).tolist()))


@SEARCHED
@given(
    seed=st.integers(0, 10_000),
    land=st.sampled_from(LANDS),
    tolerance_m=st.floats(0.1, 200.0),
)
def test_simplified_grids_still_tile_the_community(
    seed: int, land: Polygon | MultiPolygon, tolerance_m: float
) -> None:
    given_shapes = grids_of(seed, land)

    found = simplify_coverage(given_shapes, tolerance_m)

    assert len(found) == len(given_shapes)
    assert shapely.is_valid(found).all()
    assert not shapely.is_empty(found).any()
    assert shapely.coverage_is_valid(found)
    before, after = shapely.union_all(given_shapes), shapely.coverage_union_all(found)
    assert after.symmetric_difference(before).area < 1e-6 * before.area
    assert points(found) <= points(given_shapes)
    for shape, other in zip(given_shapes, found, strict=True):
        assert len(getattr(shape, "geoms", [shape])) == len(getattr(other, "geoms", [other]))
        assert shape.intersects(other)


@SEARCHED
@given(seed=st.integers(0, 10_000), land=st.sampled_from(LANDS))
def test_a_coarser_tolerance_never_keeps_more_points(
    seed: int, land: Polygon | MultiPolygon
) -> None:
    shapes = grids_of(seed, land)

    counts = [len(shapely.get_coordinates(simplify_coverage(shapes, t))) for t in (0, 1, 10, 100)]

    assert counts == sorted(counts, reverse=True)


def test_neighbouring_communities_fit_whatever_their_tolerance() -> None:
    west = [box(0, 0, 100, 80), box(0, 80, 100, 200)]
    ragged = Polygon([(100, 0), (200, 0), (200, 200), (100, 200), (100, 80)])
    cut = Polygon([(150, 0), (151, 20), (149, 40), (152, 70), (150, 200), (200, 200), (200, 0)])
    east = [ragged.difference(cut), cut]

    found = [*simplify_coverage(west, 50.0), *simplify_coverage(east, 20.0)]

    assert shapely.union_all(found).equals(box(0, 0, 200, 200))
    assert len(shapely.get_coordinates(found)) < len(shapely.get_coordinates([*west, *east]))
    assert sum(shape.area for shape in found) == pytest.approx(40_000)


def test_no_tolerance_changes_nothing() -> None:
    shapes = grids_of(3, LANDS[0])

    assert [shape.wkb for shape in simplify_coverage(shapes, 0.0)] == [s.wkb for s in shapes]
    assert len(simplify_coverage([], 5.0)) == 0


def test_shapes_that_overlap_are_returned_as_they_came() -> None:
    shapes = [box(0, 0, 10, 10), box(5, 5, 20, 20), Polygon([(0, 0), (9, 9), (9, 0), (0, 9)])]

    for given_shapes in (shapes[:2], shapes[2:]):
        found = simplify_coverage(given_shapes, 5.0)
        assert [shape.wkb for shape in found] == [shape.wkb for shape in given_shapes]


def test_a_grid_inside_another_is_not_lost() -> None:
    inner = Point(50, 50).buffer(3, quad_segs=16)
    shapes = [box(0, 0, 100, 100).difference(inner), inner]

    outer, island = simplify_coverage(shapes, 100.0)

    assert island.area > 0
    assert len(outer.interiors) == 1
    assert outer.area + island.area == pytest.approx(10_000)
    assert len(island.exterior.coords) < len(inner.exterior.coords)


@pytest.mark.parametrize("tolerance_m", [-1.0, float("nan"), float("inf")])
def test_a_tolerance_that_is_none_is_refused(tolerance_m: float) -> None:
    with pytest.raises(ValueError, match="tolerance_m must be 0 or more"):
        simplify_coverage([box(0, 0, 1, 1)], tolerance_m)
