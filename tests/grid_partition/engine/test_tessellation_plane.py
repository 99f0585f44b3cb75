"""The steps below the cells, one by one: signs, nodes, loops, rings, nearest sites."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Polygon, box

from services.grid_partition.engine.ground import Ground, ground_of
from services.grid_partition.engine.index import pairs_in_boxes, site_index
from services.grid_partition.engine.kernels.near import (
    inside_rings,
    locate,
    nearest_sites,
    voronoi_borders,
)
from services.grid_partition.engine.kernels.snap import meeting_points, weld
from services.grid_partition.engine.kernels.walk import enclosing_loops, simple_rings, walk_loops
from services.grid_partition.engine.plane import node_numbers, noded_plane
from tests.grid_partition.engine import maps

small = st.integers(0, 60)
segment = st.tuples(small, small, small, small)


def a_ground(side_m: float = 10.0) -> Ground:
    """One square block."""
    return ground_of(maps.a_frame(box(0, 0, side_m, side_m)))


def splits(segments: list[tuple[int, int, int, int]]) -> list[tuple[int, int, int]]:
    """Where the segments meet, all of one block."""
    table = np.array(segments, dtype=np.int64).reshape(-1, 4)
    sides = np.zeros((len(table), 2), dtype=np.int64)
    found = meeting_points(table, sides, np.zeros(len(table), dtype=np.int64), 64, 40, 40)
    return sorted({(int(s), int(x), int(y)) for s, x, y in found})


def test_segments_that_cross_split_each_other_at_the_nearest_lattice_point() -> None:
    assert splits([(0, 0, 100, 100), (0, 100, 100, 0)]) == [(0, 50, 50), (1, 50, 50)]
    assert splits([(0, 0, 101, 101), (0, 100, 101, 0)]) == [(0, 50, 50), (1, 50, 50)]


def test_a_node_on_a_segment_splits_it() -> None:
    assert splits([(0, 0, 100, 0), (40, 0, 40, 90)]) == [(0, 40, 0)]
    assert splits([(0, 0, 1000, 1), (500, 0, 500, 90)]) == [(0, 500, 0)]
    assert splits([(0, 0, 100, 0), (40, 1, 40, 90)]) == []


def test_segments_that_share_an_end_or_keep_apart_are_left_alone() -> None:
    assert splits([(0, 0, 100, 0), (100, 0, 150, 70)]) == []
    assert splits([(0, 0, 100, 0), (0, 5, 100, 5)]) == []
    assert splits([(0, 0, 100, 0), (200, 0, 300, 0)]) == []


def test_overlapping_segments_split_at_each_others_ends() -> None:
    assert splits([(0, 0, 100, 0), (40, 0, 150, 0)]) == [(0, 40, 0), (1, 100, 0)]


def test_segments_of_different_blocks_and_known_rims_are_not_compared() -> None:
    table = np.array([(0, 0, 100, 100), (0, 100, 100, 0)], dtype=np.int64)
    apart = np.array([(0, 0), (1, 1)], dtype=np.int64)
    outside = np.array([(-1, 0), (-1, 1)], dtype=np.int64)
    no, yes = np.zeros(2, dtype=np.int64), np.ones(2, dtype=np.int64)

    assert len(meeting_points(table, apart, no, 64, 4, 4)) == 0
    assert len(meeting_points(table, outside, no, 64, 4, 4)) == 0
    assert len(meeting_points(table, np.zeros((2, 2), np.int64), yes, 64, 4, 4)) == 0


def test_long_segments_are_found_in_every_square_they_pass() -> None:
    rng = np.random.default_rng(5)
    table = rng.integers(0, 100_000, size=(300, 4))
    sides, free = np.zeros((300, 2), dtype=np.int64), np.zeros(300, dtype=np.int64)

    coarse = meeting_points(table, sides, free, 200_000, 1, 1)
    fine = meeting_points(table, sides, free, 500, 201, 201)

    assert len(coarse) > 1000
    assert {tuple(row) for row in coarse.tolist()} == {tuple(row) for row in fine.tolist()}


@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.lists(segment, max_size=25))
def test_any_heap_of_segments_is_noded_exactly(heap: list[tuple[int, int, int, int]]) -> None:
    ground = a_ground()
    drawn = np.array(heap, dtype=np.int64).reshape(-1, 4) * 10 + 20_000

    plane = noded_plane(ground, drawn, np.zeros(len(drawn), dtype=np.int64))

    ends = np.stack([plane.nodes[plane.first], plane.nodes[plane.second]], axis=1)
    lines = shapely.linestrings(ends.astype(float))
    assert len(np.unique(ends.reshape(-1, 4), axis=0)) == len(ends)
    one, other = shapely.STRtree(lines).query(lines, predicate="crosses")
    assert len(one) == len(other) == 0
    one, other = shapely.STRtree(lines).query(lines, predicate="touches")
    meet = shapely.get_coordinates(shapely.intersection(lines[one], lines[other]))
    known = {tuple(node) for node in plane.nodes.tolist()}
    assert {tuple(at) for at in meet.tolist()} <= known


def test_what_reaches_out_of_its_block_is_cut_off() -> None:
    ground = a_ground(1.0)
    drawn = np.array([[-50_000, 50_000, 150_000, 50_000]], dtype=np.int64)

    plane = noded_plane(ground, drawn, np.zeros(1, dtype=np.int64))

    assert len(plane.first) == 7
    assert plane.nodes.min() == 0
    assert plane.nodes.max() == 100_000


def test_a_heap_that_does_not_settle_is_left_to_the_geometry_library(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = "services.grid_partition.engine.plane._ROUNDS"
    ground = a_ground(1.0)
    rng = np.random.default_rng(3)
    drawn = rng.integers(10, 99_990, size=(60, 4))

    settled = noded_plane(ground, drawn, np.zeros(60, dtype=np.int64))
    monkeypatch.setattr(module, 1)
    snapped = noded_plane(ground, drawn, np.zeros(60, dtype=np.int64))

    assert (snapped.sides >= 0).sum() == (settled.sides >= 0).sum()
    assert len(snapped.first) == pytest.approx(len(settled.first), rel=0.01)


def test_nodes_close_together_become_the_earliest_one() -> None:
    points = np.array([[10, 10], [12, 11], [50, 50], [10, 12], [53, 50]], dtype=np.int64)
    key = points[:, 0] // 3 * 1000 + points[:, 1] // 3

    into = weld(points, key, np.argsort(key, kind="stable"), 1000, 3)

    assert into.tolist() == [0, 0, 2, 0, 2]


def test_node_numbers_are_sorted_and_distinct() -> None:
    points = np.array([[5, 1], [-2, 7], [5, 1], [5, -3]], dtype=np.int64)

    nodes, number = node_numbers(points)

    assert nodes.tolist() == [[-2, 7], [5, -3], [5, 1]]
    assert number.tolist() == [2, 0, 2, 1]


def walked(lines: list[tuple[tuple[int, int], tuple[int, int]]]) -> tuple[list[int], list[int]]:
    """Twice the areas of all loops, and the enclosing loop's area for each hole."""
    points = np.array(lines, dtype=np.int64).reshape(-1, 2)
    nodes, number = node_numbers(points)
    first, second = np.ascontiguousarray(number.reshape(-1, 2).T)
    half_edges, ends, areas = walk_loops(nodes, first, second)
    loop = np.empty(len(half_edges), dtype=np.int64)
    loop[half_edges] = np.repeat(np.arange(len(ends)), np.diff(ends, prepend=0))
    outer = enclosing_loops(nodes, first, second, loop, areas)
    around = [int(areas[o]) if o >= 0 else 0 for a, o in zip(areas, outer, strict=True) if a <= 0]
    return sorted(areas.tolist()), sorted(around)


def ring(*corners: tuple[int, int]) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Closed ring of segments."""
    return list(zip(corners, [*corners[1:], corners[0]], strict=True))


def test_faces_are_walked_once_with_their_area() -> None:
    square = ring((0, 0), (10, 0), (10, 10), (0, 10))

    assert walked(square) == ([-200, 200], [0])
    assert walked([*square, ((0, 0), (10, 10))]) == ([-200, 100, 100], [0])


def test_a_hole_finds_the_face_around_it() -> None:
    square = ring((0, 0), (30, 0), (30, 30), (0, 30))
    inner = ring((10, 10), (20, 10), (20, 20), (10, 20))
    second = ring((22, 14), (26, 14), (26, 16), (22, 16))

    areas, around = walked([*square, *inner, *second])

    assert areas == [-1800, -200, -16, 16, 200, 1800]
    assert around == [0, 1800, 1800]


def test_a_blind_end_bounds_nothing() -> None:
    square = ring((0, 0), (10, 0), (10, 10), (0, 10))

    assert walked([*square, ((10, 10), (15, 15)), ((0, 0), (4, 4))])[0] == [-200, 200]


def test_rings_are_cut_where_they_touch_themselves() -> None:
    chain = np.array([0, 1, 2, 3, 4, 2, 5], dtype=np.int64)

    nodes, ends, loop = simple_rings(chain, np.array([7], dtype=np.int64), 6)

    rings = [sorted(part.tolist()) for part in np.split(nodes, ends[:-1])]
    assert sorted(rings) == [[0, 1, 2, 5], [2, 3, 4]]
    assert loop.tolist() == [0, 0]


@pytest.mark.parametrize("seed", range(4))
def test_the_nearest_site_is_the_nearest(seed: int) -> None:
    rng = np.random.default_rng(seed)
    stretch = np.array([[1_000_000, 1_000_000], [3_000_000, 7]])[seed % 2]
    xy = rng.integers(0, stretch, size=(200, 2))
    block = rng.integers(0, 5, size=200)
    index = site_index(xy, np.arange(200), block, 6)
    spots = rng.integers(-500_000, 1_500_000, size=(300, 2))
    home = rng.integers(0, 6, size=300)

    place = nearest_sites(spots, home, index)

    off = ((spots[:, None, :] - index.xy[None, :, :]).astype(float) ** 2).sum(axis=2)
    off[block[index.owner][None, :] != home[:, None]] = np.inf
    assert (place[home == 5] == -1).all()
    there = home < 5
    assert np.array_equal(off[there].min(axis=1), off[np.flatnonzero(there), place[there]])


@pytest.mark.parametrize("seed", range(4))
def test_borders_are_those_of_the_geometry_librarys_own_diagram(seed: int) -> None:
    rng = np.random.default_rng(seed)
    xy = rng.integers(0, 10_000_000, size=(120, 2))
    index = site_index(xy, np.arange(120), np.zeros(120, dtype=np.int64), 1)

    rows = voronoi_borders(index, np.array([[-1000, -1000, 10_001_000, 10_001_000]]))

    area = box(-1000, -1000, 10_001_000, 10_001_000)
    theirs = shapely.voronoi_polygons(shapely.multipoints(xy), extend_to=area, only_edges=True)
    mine = shapely.union_all(shapely.linestrings(rows[:, :4].reshape(-1, 2, 2).astype(float)))
    clipped = shapely.intersection(shapely.union_all(theirs), area)
    assert mine.length == pytest.approx(clipped.length, rel=1e-6)
    assert shapely.hausdorff_distance(mine, clipped) < 3.0


def test_points_of_one_owner_have_no_border_between_them() -> None:
    xy = np.array([[0, 0], [100, 0], [200, 0]], dtype=np.int64)
    index = site_index(xy, np.array([0, 0, 1]), np.zeros(3, dtype=np.int64), 1)

    rows = voronoi_borders(index, np.array([[-50, -50, 250, 50]]))

    assert rows[:, [0, 2]].tolist() == [[150, 150]]


def test_points_are_located_in_their_block_and_rims_measured() -> None:
    frame = maps.a_frame(
        box(0, 0, 90, 90).difference(box(60, 60, 80, 80)), maps.roads([(0, 40), (90, 40)])
    )
    ground = ground_of(frame)
    spots = np.array([[45, 20], [45, 50], [70, 70], [200, 20], [45, 39]]) * 100_000

    block, near = locate(spots, ground.rims, ground.sides, ground.size)

    assert block.tolist()[0] != block.tolist()[1]
    assert block.tolist()[2:4] == [-1, -1]
    assert block[4] == block[0]
    assert np.sqrt(near[:, 1]) / 100_000 == pytest.approx([20, 10, 10, 110, 1])


def test_rims_know_both_their_sides() -> None:
    frame = maps.a_frame(
        box(0, 0, 90, 90).difference(box(60, 60, 80, 80)), maps.roads([(0, 40), (90, 40)])
    )
    ground = ground_of(frame)

    assert ground.size == 2
    for (ax, ay, bx, by), (left, right) in zip(ground.rims, ground.sides, strict=True):
        middle, way = np.array([ax + bx, ay + by]) / 2, np.array([bx - ax, by - ay])
        turn = 1000 * np.array([-way[1], way[0]]) / np.hypot(*way)
        for side, block in ((middle + turn, left), (middle - turn, right)):
            held = [shapely.intersects_xy(b, *side) for b in ground.blocks]
            assert held == [number == block for number in range(2)]


def test_inside_means_an_odd_number_of_crossings() -> None:
    shape = Polygon(
        [(0, 0), (90, 0), (90, 90), (0, 90)], [[(30, 30), (60, 30), (60, 60), (30, 60)]]
    )
    rings = [np.array(r.coords, dtype=np.int64) for r in (shape.exterior, *shape.interiors)]
    points, last = np.concatenate(rings), np.zeros(10, dtype=np.int64)
    last[[4, 9]] = 1
    spots = np.array([[10, 10], [45, 45], [100, 10], [10, 45]], dtype=np.int64)
    start = np.array([0, 10], dtype=np.int64)

    inside = inside_rings(spots, np.array([0, 0, 0, -1]), points, start, last)

    assert inside.tolist() == [True, False, False, False]


def test_pairs_in_boxes_are_those_of_plain_comparison() -> None:
    rng = np.random.default_rng(1)
    points = rng.integers(0, 50, size=(200, 2))
    low = rng.integers(0, 50, size=(30, 2))
    boxes = np.concatenate([low, low + rng.integers(0, 15, size=(30, 2))], axis=1)

    point, which = pairs_in_boxes(points, boxes)

    held = (points[:, None] >= boxes[None, :, :2]) & (points[:, None] <= boxes[None, :, 2:])
    assert set(zip(point.tolist(), which.tolist(), strict=True)) == set(
        zip(*(side.tolist() for side in np.nonzero(held.all(axis=2))), strict=True)
    )
