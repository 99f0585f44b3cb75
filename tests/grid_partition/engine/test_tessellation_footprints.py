"""No grid border runs through a building: an independent look with plain geometry."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import shapely
from shapely.affinity import rotate, translate
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from services.grid_partition.engine import (
    CommunityFrame,
    CommunityInput,
    Partition,
    Rules,
    cut,
    node_district,
)
from services.grid_partition.engine.terrain import survey
from tests.grid_partition.engine import cases, checker, maps

#: A border this far inside a wall is in the wall.
WALL_M = 0.05
OVERLAP_M2 = 0.01


def cut_footprints(
    community: CommunityInput, frame: CommunityFrame, polygons: Sequence[BaseGeometry], most: int
) -> list[int]:
    """Buildings that a border of the polygons runs through, of those that must not be cut.

    Left out: points, buildings that may be sliced, footprints that overlap another building or
    reach out of their block.
    """
    outlines = np.array(
        [
            None if g is None or g.is_empty or g.geom_type == "Point" else g
            for g in community.geometries
        ],
        dtype=object,
    )
    known = np.flatnonzero(~shapely.is_missing(outlines) & (community.households <= most))
    inner = shapely.buffer(outlines[known], -WALL_M)
    known, inner = known[~shapely.is_empty(inner)], inner[~shapely.is_empty(inner)]
    tree = shapely.STRtree(shapely.boundary(np.array(polygons, dtype=object)))
    touched = known[np.unique(tree.query(inner, predicate="intersects")[0])]
    blocks = shapely.buffer(frame.blocks(), 0.001)
    return [int(b) for b in touched if _is_free(community, outlines[b], int(b), blocks)]


def _is_free(
    community: CommunityInput, outline: BaseGeometry, building: int, blocks: np.ndarray
) -> bool:
    """Whether a footprint lies in one block and overlaps no other building."""
    if not shapely.covers(blocks, outline).any():
        return False
    for other, geometry in enumerate(community.geometries):
        if other == building or geometry is None or not outline.intersects(geometry):
            continue
        if geometry.geom_type == "Point" or outline.intersection(geometry).area > OVERLAP_M2:
            return False
        if outline.contains(geometry.representative_point()):
            return False
    return True


def cells_of(community: CommunityInput, frame: CommunityFrame) -> list[BaseGeometry]:
    """Polygons of all cells, by the geometry library's own polygonizer."""
    terrain = survey(community, frame, Rules())
    cells = terrain.cells
    ends = np.stack([cells.nodes[cells.first], cells.nodes[cells.second]], axis=1)
    lines = shapely.linestrings(terrain.ground.to_metres(ends))
    return list(shapely.get_parts(shapely.polygonize(lines)))


@pytest.mark.parametrize("name", [pytest.param(n, marks=cases.needs_case(n)) for n in cases.CASES])
def test_no_border_of_a_shipped_case_runs_through_a_footprint(name: str) -> None:
    case = cases.load_case(name)
    frames = node_district(case.codes, case.boundaries, case.barriers)

    for community, frame in zip(case.communities, frames, strict=True):
        partition = cut(community, frame)
        polygons = [grid.polygon for grid in partition.grids]
        assert cut_footprints(community, frame, polygons, 500) == [], community.code


@cases.needs_case("monaco")
def test_not_even_a_cell_of_monaco_runs_through_a_footprint() -> None:
    case = cases.load_case("monaco")
    frames = node_district(case.codes, case.boundaries, case.barriers)

    for community, frame in zip(case.communities, frames, strict=True):
        assert cut_footprints(community, frame, cells_of(community, frame), 500) == []


def judged(spots: Sequence[BaseGeometry], households: int, land: BaseGeometry) -> Partition:
    """Cut buildings of equal size; the checker and the footprint check must be content."""
    community = maps.a_community([households] * len(spots), spots=spots)
    frame, partition = maps.a_cut(community, land)
    assert checker.faults(community, frame.polygon, partition, Rules()) == []
    assert cut_footprints(community, frame, [g.polygon for g in partition.grids], 500) == []
    assert cut_footprints(community, frame, cells_of(community, frame), 500) == []
    return partition


def test_a_long_slab_beside_small_houses_stays_whole() -> None:
    slab = [box(10 + 80 * i, 10, 80 + 80 * i, 24) for i in range(4)]
    houses = [box(8 + 16 * i, 30, 18 + 16 * i, 40) for i in range(20)]

    partition = judged([*slab, *houses], 50, box(0, 0, 340, 60))

    assert partition.feasible


def test_terraced_houses_are_cut_at_the_shared_wall() -> None:
    widths = [5, 30, 4, 18, 6, 25, 5, 40, 7, 9]
    west = np.cumsum([0, *widths])
    row = [box(west[i], 10, west[i + 1], 20 + i) for i in range(len(widths))]

    partition = judged(row, 100, box(-5, 0, float(west[-1]) + 5, 60))

    assert partition.feasible
    for grid in partition.grids:
        walls = grid.polygon.boundary.intersection(box(0, 10.5, float(west[-1]), 19.5))
        for wall in getattr(walls, "geoms", [walls]):
            if wall.length > 1.0:
                assert min(abs(west - wall.centroid.x)) < 0.001


def test_a_building_in_the_yard_of_another_keeps_its_own_cell() -> None:
    ring = box(20, 20, 80, 80).difference(box(35, 35, 65, 65))
    spots = [ring, box(45, 45, 55, 55), box(100, 20, 120, 80), box(130, 20, 150, 80)]

    judged(spots, 200, box(0, 0, 170, 100))


def test_l_and_u_shaped_buildings_that_interlock_stay_whole() -> None:
    bend = Polygon([(10, 10), (70, 10), (70, 20), (20, 20), (20, 70), (10, 70)])
    other = Polygon([(30, 30), (90, 30), (90, 90), (80, 90), (80, 40), (30, 40)])
    cup = Polygon([(100, 10), (160, 10), (160, 60), (150, 60), (150, 20), (110, 20), (110, 60)])
    cup = Polygon([*cup.exterior.coords[:-1], (100, 60)])
    spots = [bend, other, cup, box(120, 30, 140, 55), box(30, 75, 60, 90)]

    judged(spots, 150, box(0, 0, 170, 100))


@pytest.mark.parametrize("seed", range(6))
def test_turned_slabs_of_all_sizes_stay_whole(seed: int) -> None:
    rng = np.random.default_rng(seed)
    spots: list[BaseGeometry] = []
    while len(spots) < 40:
        width, depth = rng.uniform(4, 60), rng.uniform(4, 14)
        slab = rotate(box(0, 0, width, depth), rng.uniform(0, 180))
        slab = translate(slab, *rng.uniform(10, 230, size=2))
        if box(0, 0, 300, 300).contains(slab) and all(not slab.intersects(s) for s in spots):
            spots.append(slab)

    judged(spots, 31, box(0, 0, 300, 300))


def test_a_building_of_several_parts_is_one_building() -> None:
    twin = MultiPolygon([box(10, 10, 20, 30), box(26, 10, 36, 30)])
    spots = [twin, *[box(60 + 15 * i, 10, 70 + 15 * i, 30) for i in range(6)]]

    partition = judged(spots, 100, box(0, 0, 160, 40))

    assert partition.feasible


def test_a_barrier_through_a_building_divides_its_land_but_not_its_households() -> None:
    spots = [box(i * 30 + 5, 80, i * 30 + 25, 100) for i in range(6)]
    spots += [box(i * 30 + 5, y, i * 30 + 25, y + 15) for y in (20, 140) for i in range(6)]
    community = maps.a_community([50] * 18, spots=spots)
    road = maps.roads([(0, 93), (180, 93)])

    frame, partition = maps.a_cut(community, box(0, 0, 180, 180), road)

    assert checker.faults(community, frame.polygon, partition, Rules()) == []
    assert partition.feasible
    assert (partition.building_grid(18) >= 0).all()


def test_a_sliced_tower_is_cut_inside_its_footprint_only() -> None:
    tower = box(60, 20, 120, 50)
    spots = [tower, *[box(10 + 30 * i, 70, 30 + 30 * i, 90) for i in range(6)]]
    community = maps.a_community([900, *[50] * 6], spots=spots, units=[3, *[0] * 6])
    frame, partition = maps.a_cut(community, box(0, 0, 200, 100))

    assert checker.faults(community, frame.polygon, partition, Rules()) == []
    assert cut_footprints(community, frame, [g.polygon for g in partition.grids], 500) == []
    inside = [grid for grid in partition.grids if grid.polygon.intersection(tower).area > 1.0]
    held = {int(g) for g in partition.parts.grid[partition.parts.building == 0]}
    assert len(inside) == len(held) >= 2


def test_overlapping_footprints_and_points_on_a_podium_all_get_a_cell() -> None:
    podium = box(20, 20, 120, 80)
    towers = [Point(30 + 20 * i, 50) for i in range(5)]
    spots = [podium, *towers, box(110, 30, 150, 60), box(110, 30, 150, 60)]
    community = maps.a_community([100] * len(spots), spots=spots)

    frame, partition = maps.a_cut(community, box(0, 0, 170, 100))

    assert checker.faults(community, frame.polygon, partition, Rules()) == []
    terrain = survey(community, frame, Rules())
    assert len(np.unique(terrain.cells.site_cell)) == len(spots)


def test_the_check_itself_sees_a_wall_that_is_cut() -> None:
    community = maps.a_community([10, 10], spots=[box(10, 10, 40, 20), box(60, 10, 70, 20)])
    frame = maps.a_frame(box(0, 0, 100, 30))
    halves = [box(0, 0, 30, 30), box(30, 0, 100, 30)]

    assert cut_footprints(community, frame, halves, 500) == [0]
    assert cut_footprints(community, frame, [box(0, 0, 50, 30), box(50, 0, 100, 30)], 500) == []


def test_borders_between_uncut_footprints_run_half_way() -> None:
    community = maps.a_community([250, 250], spots=[box(10, 10, 20, 20), box(40, 10, 50, 20)])
    frame = maps.a_frame(box(0, 0, 60, 30))

    polygons = cells_of(community, frame)

    line = polygons[0].intersection(polygons[1])
    assert shapely.hausdorff_distance(line, LineString([(30, 0), (30, 30)])) < 0.001
