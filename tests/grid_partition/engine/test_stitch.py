"""Communities that were cut alone and stitched: one coverage, whatever the map."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from services.grid_partition.domain.projection import Plane
from services.grid_partition.engine import (
    Barriers,
    CommunityInput,
    Rules,
    cut,
    node_district,
    simplify_coverage,
    stitch_coverage,
)
from tests.grid_partition.engine import cases, maps

CUT = settings(max_examples=25, deadline=None, derandomize=True)
DRAWN = settings(max_examples=300, deadline=None, derandomize=True)
LATTICE_M = 1e-5
ORIGIN = np.array([482_100.0, 4_052_000.0])


@dataclass(frozen=True)
class Neighbours:
    """Grids of communities that were cut apart."""

    shapes: list[Any]
    community: list[int]

    def stitched(self) -> Any:
        return stitch_coverage(self.shapes, self.community)


def cut_apart(seed: int, communities: int) -> Neighbours:
    """Cut a made-up town whose communities meet along crooked lines."""
    rng = np.random.default_rng(seed)
    land = box(0, 0, 400, 300)
    sites = rng.uniform([20, 20], [380, 280], (communities, 2))
    lands = [
        cell.intersection(land)
        for cell in shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(sites)))
    ]
    bent = [shapely.segmentize(shape, float(rng.uniform(40, 200))) for shape in lands]
    road = LineString([(-10, rng.uniform(0, 300)), (410, rng.uniform(0, 300))])
    codes = [f"C{number}" for number in range(len(bent))]
    frames = node_district(codes, bent, Barriers((road,), ("road",), ("street",)))
    towns = [a_town(code, shape, rng) for code, shape in zip(codes, bent, strict=True)]
    shapes, community = [], []
    for number, (town, frame) in enumerate(zip(towns, frames, strict=True)):
        for grid in cut(town, frame, Rules(effort=2)).grids:
            shapes.append(grid.polygon)
            community.append(number)
    return Neighbours(shapes, community)


def a_town(code: str, land: Polygon, rng: np.random.Generator) -> CommunityInput:
    spots = [Point(*spot) for spot in rng.uniform([0, 0], [400, 300], (200, 2))]
    spots = [spot for spot in spots if land.contains(spot)] or [land.representative_point()]
    return maps.a_community(rng.integers(20, 70, len(spots)), spots=spots, code=code)


def is_sound(shapes: Any, community: Any) -> None:
    """Every polygon valid, every community a coverage."""
    shapes, community = np.array(shapes, dtype=object), np.asarray(community)
    assert shapely.is_valid(shapes).all()
    for number in np.unique(community):
        assert shapely.coverage_is_valid(shapes[community == number])


@CUT
@given(seed=st.integers(0, 10_000), communities=st.integers(2, 5))
def test_grids_of_neighbouring_communities_are_one_coverage(seed: int, communities: int) -> None:
    apart = cut_apart(seed, communities)

    found = apart.stitched()

    assert shapely.coverage_is_valid(found)
    is_sound(found, apart.community)
    for before, after in zip(apart.shapes, found, strict=True):
        assert after.geom_type == before.geom_type
        assert shapely.get_num_coordinates(after) >= shapely.get_num_coordinates(before)
        assert after.hausdorff_distance(before) < 0.0003
    degrees = Plane(102).to_degrees(shapely.transform(found, lambda at: at + ORIGIN))
    assert shapely.coverage_is_valid(degrees)
    is_sound(degrees, apart.community)


@CUT
@given(seed=st.integers(0, 10_000), tolerance_m=st.floats(0.5, 60.0))
def test_simplified_communities_still_are_one_coverage(seed: int, tolerance_m: float) -> None:
    apart = cut_apart(seed, 3)
    found, community = apart.stitched(), np.array(apart.community)

    light = np.concatenate(
        [simplify_coverage(found[community == n], tolerance_m) for n in np.unique(community)]
    )

    assert shapely.coverage_is_valid(light)
    assert shapely.get_num_coordinates(light).sum() <= shapely.get_num_coordinates(found).sum()


@CUT
@given(seed=st.integers(0, 10_000), data=st.data())
def test_order_and_labels_do_not_matter_and_twice_is_once(seed: int, data: Any) -> None:
    apart = cut_apart(seed, 3)
    found = apart.stitched()
    order = data.draw(st.permutations(range(len(found))))

    other = stitch_coverage(
        [apart.shapes[i] for i in order], [9 - apart.community[i] for i in order]
    )
    again = stitch_coverage(found, apart.community)

    assert [shape.wkb for shape in other] == [found[i].wkb for i in order]
    assert all(one is two for one, two in zip(found, again, strict=True))


def strips(line: Any, ends: list[float], side: float) -> list[Polygon]:
    """Cut the band on one side of a line into strips that end on it, on the lattice, as a cut does.

    `ends`: shares of the line's length.
    """
    own = shapely.get_coordinates(line)
    own_at = [line.project(Point(*at)) for at in own]
    ends_at = sorted({share * line.length for share in ends if 0 < share < 1})
    spots = {at: tuple(own[i]) for i, at in enumerate(own_at)}
    inner = []
    for at in ends_at:
        spot = np.round(np.array(line.interpolate(at).coords[0]) / LATTICE_M) * LATTICE_M
        if min(np.hypot(*(own - spot).T)) > 3 * LATTICE_M and (
            not inner or np.hypot(*(np.array(spots[inner[-1]]) - spot)) > 3 * LATTICE_M
        ):
            spots[at] = tuple(spot)
            inner.append(at)
    borders = [own_at[0], *inner, own_at[-1]]
    made = []
    for low, high in itertools.pairwise(borders):
        front = [spots[at] for at in sorted(spots) if low <= at <= high]
        back = [(front[-1][0], side), (front[0][0], side)]
        made.append(Polygon([*front, *back]))
    return made


@DRAWN
@given(
    heights=st.lists(st.integers(-40_000, 40_000), min_size=2, max_size=6),
    above=st.lists(st.floats(0.0, 1.0), max_size=6),
    below=st.lists(st.floats(0.0, 1.0), max_size=6),
    steps=st.lists(st.integers(-12, 12), max_size=4),
)
def test_ends_that_meet_anywhere_on_a_border_are_shared(
    heights: list[int], above: list[float], below: list[float], steps: list[int]
) -> None:
    line = LineString([(40.0 * i, height * 0.0002) for i, height in enumerate(heights)])
    # Ends a few steps of the lattice from those of the other side.
    close = [
        share + step * LATTICE_M / line.length for share, step in zip(above, steps, strict=False)
    ]
    one, other = strips(line, above, 60.0), strips(line, below + close, -60.0)
    community = [0] * len(one) + [1] * len(other)

    found = stitch_coverage([*one, *other], community)

    is_sound(found, community)
    assert shapely.coverage_is_valid(found)


def test_a_border_end_becomes_a_corner_of_the_neighbour() -> None:
    west = [box(0, 0, 10, 4), box(0, 4, 10, 10)]
    east = [box(10, 0, 20, 10)]

    found = stitch_coverage([*west, *east], [0, 0, 1])

    assert not shapely.coverage_is_valid([*west, *east])
    assert shapely.coverage_is_valid(found)
    assert (10.0, 4.0) in found[2].exterior.coords
    assert found[0] is west[0]
    assert found[1] is west[1]


def test_ends_within_a_hair_become_one_corner() -> None:
    west = [box(0, 0, 10, 4), box(0, 4, 10, 10)]
    east = [box(10, 0, 20, 4.0001), box(10, 4.0001, 20, 10)]

    found = stitch_coverage([*west, *east], [0, 0, 1, 1])

    assert shapely.coverage_is_valid(found)
    assert shapely.get_num_coordinates(found).tolist() == [5, 5, 5, 5]
    assert (10.0, 4.0) in found[3].exterior.coords


@pytest.mark.parametrize("gap_m", [0.001, 0.5])
def test_a_gap_between_boundaries_stays(gap_m: float) -> None:
    shapes = [box(0, 0, 10, 4), box(0, 4, 10, 10), box(10 + gap_m, 0, 20, 10)]

    found = stitch_coverage(shapes, [0, 0, 1])

    assert all(one is two for one, two in zip(shapes, found, strict=True))


def test_corners_of_the_own_community_are_not_gained() -> None:
    shapes = [box(0, 0, 10, 10), box(10, 0, 20, 5), box(10, 5, 20, 10)]

    found = stitch_coverage(shapes, [7, 7, 7])

    assert all(one is two for one, two in zip(shapes, found, strict=True))


def test_a_corner_that_is_only_near_is_not_gained() -> None:
    # Two corners of the map 0.2 mm apart, told apart by a third community.
    low, high = (10.0, 5.0), (10.0, 5.0002)
    shapes = [
        Polygon([(0, 0), (10, 0), low, (0, 5)]),
        Polygon([(0, 5), low, high, (10, 10), (0, 10)]),
        Polygon([(10, 0), (20, 0), (20, 5), high, low]),
        Polygon([high, (20, 5), (20, 10), (10, 10)]),
    ]

    found = stitch_coverage(shapes, [0, 1, 2, 3])

    assert shapely.coverage_is_valid(shapes)
    assert all(one is two for one, two in zip(shapes, found, strict=True))


def test_holes_and_pieces_gain_corners_too() -> None:
    ring = box(0, 0, 30, 30).difference(box(10, 10, 20, 20))
    lake = [box(10, 10, 15, 20), box(15, 10, 20, 20)]
    pieces = MultiPolygon([box(30, 5, 40, 10), box(30, 20, 40, 25)])

    found = stitch_coverage([ring, *lake, pieces], [0, 1, 1, 2])

    assert shapely.coverage_is_valid(found)
    assert len(found[0].interiors[0].coords) == 7
    assert len(found[0].exterior.coords) == 9
    assert found[3] is pieces
    assert found[0].geom_type == "Polygon"
    mixed = stitch_coverage([box(0, 0, 30, 30), pieces], [0, 1])
    assert [shape.geom_type for shape in mixed] == ["Polygon", "MultiPolygon"]


def test_a_corner_that_would_break_a_polygon_is_left_out() -> None:
    # The neighbour's end lies 0.1 mm inside, beyond a grid that is 0.05 mm wide there.
    thin = box(9.99995, 2, 10, 8)
    west = [thin, box(0, 0, 10, 10).difference(thin)]
    end = (9.9999, 5.0)
    east = [
        Polygon([(10, 0), (20, 0), (20, 5), end, (10, 2)]),
        Polygon([end, (20, 5), (20, 10), (10, 10), (10, 8)]),
    ]

    found = stitch_coverage([*west, *east], [0, 0, 1, 1])

    assert [one is two for one, two in zip(found, [*west, *east], strict=True)] == [True] * 4


def test_invalid_polygons_and_none_at_all_are_no_error() -> None:
    bow = Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
    found = stitch_coverage([bow, box(10, 0, 20, 5), box(10, 5, 20, 10)], [0, 1, 1])
    assert len(found) == 3
    assert len(stitch_coverage([], [])) == 0


@pytest.mark.parametrize("name", [pytest.param(n, marks=cases.needs_case(n)) for n in cases.CASES])
def test_the_grids_of_a_shipped_case_are_one_coverage(name: str) -> None:
    case = cases.load_case(name)
    frames = node_district(case.codes, case.boundaries, case.barriers)
    shapes, community = [], []
    for number, (place, frame) in enumerate(zip(case.communities, frames, strict=True)):
        grids = cut(place, frame, Rules(effort=1)).grids
        shapes += [grid.polygon for grid in grids]
        community += [number] * len(grids)

    found = stitch_coverage(shapes, community)

    assert shapely.coverage_is_valid(found)
    is_sound(found, community)
