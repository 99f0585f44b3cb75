"""Cells and their borders: they tile the blocks, and every border is shared node by node."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from services.grid_partition.engine import Barriers, CommunityInput, Rules, node_district
from services.grid_partition.engine.frame import LATTICE_PER_M
from services.grid_partition.engine.terrain import Terrain, survey
from tests.grid_partition.engine import cases, maps


def a_survey(
    spots: list[BaseGeometry | None], land: BaseGeometry, barriers: Barriers | None = None
) -> Terrain:
    """Survey of buildings with ten households each."""
    community = maps.a_community([10] * len(spots), spots=spots)
    return survey(community, maps.a_frame(land, barriers), Rules())


def polygons_of(terrain: Terrain) -> np.ndarray:
    """Faces that the borders of the cells enclose, on the lattice."""
    cells = terrain.cells
    ends = np.stack([cells.nodes[cells.first], cells.nodes[cells.second]], axis=1)
    faces = shapely.get_parts(shapely.polygonize(shapely.linestrings(ends.astype(float))))
    inner = shapely.point_on_surface(faces)
    union = shapely.union_all(terrain.ground.blocks)
    return faces[shapely.intersects(shapely.buffer(union, 1.0), inner)]


def assert_sound(terrain: Terrain) -> None:
    """The cells are a valid coverage of the blocks, and their graph hangs together."""
    faces, blocks = polygons_of(terrain), terrain.ground.blocks
    assert shapely.coverage_is_valid(faces)
    land = float(shapely.area(blocks).sum())
    bent = float(shapely.length(blocks).sum())
    assert abs(float(shapely.area(faces).sum()) - land) <= bent
    cells, edges = terrain.cells, terrain.edges
    assert len(np.unique(cells.site_cell)) <= len(cells.block)
    assert set(np.union1d(cells.left, cells.right)) - {-1} == set(range(len(cells.block)))
    assert (edges.low < edges.high).all()
    reached = {0}
    for _ in range(len(cells.block)):
        grown = reached | {
            int(b)
            for a, b in zip(
                np.concatenate([edges.low, edges.high]),
                np.concatenate([edges.high, edges.low]),
                strict=True,
            )
            if int(a) in reached
        }
        if grown == reached:
            break
        reached = grown
    assert len(reached) == len(cells.block)


@pytest.mark.parametrize(
    "land",
    [
        box(0, 0, 180, 180),
        box(0, 0, 180, 180).difference(box(60, 60, 120, 120)),
        box(0, 0, 180, 180).difference(MultiPolygon([box(20, 20, 40, 40), box(90, 90, 95, 160)])),
        MultiPolygon([box(0, 0, 80, 180), box(120, 20, 180, 100), box(150, 140, 160, 150)]),
        MultiPolygon([box(0, 0, 90, 90), box(90, 90, 180, 180)]),
        Polygon([(0, 0), (180, 0), (180, 180), (90, 3), (0, 180)]),
        Point(90, 90).buffer(89, quad_segs=60),
    ],
    ids=["square", "hole", "holes", "pieces", "corner", "notch", "round"],
)
@pytest.mark.parametrize("roads", [0, 1, 4])
def test_hard_outlines_are_tiled(land: BaseGeometry, roads: int) -> None:
    lines = [[(-9.0, 20.3 + 41 * i), (190.0, 33.7 + 35 * i)] for i in range(roads)]
    spots = [spot for spot in maps.lattice(36) if land.contains(spot)]

    terrain = a_survey(spots, land, maps.roads(*lines))

    assert_sound(terrain)
    assert len(np.unique(terrain.cells.site_cell)) == len(spots)


@pytest.mark.parametrize("degrees", [0, 1, 17, 45])
def test_a_lattice_of_buildings_has_square_cells(degrees: int) -> None:
    turn = np.deg2rad(degrees)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    move = lambda at: at @ matrix.T + 1000.0  # noqa: E731
    land = shapely.transform(maps.around(100, 10, 20.0), move)
    spots = [shapely.transform(spot, move) for spot in maps.lattice(100, 10, 20.0)]

    terrain = a_survey(spots, land)

    assert_sound(terrain)
    areas = shapely.area(polygons_of(terrain)) / LATTICE_PER_M**2
    assert areas == pytest.approx([400.0] * 100, abs=0.05)
    firm = terrain.edges.border_m
    assert len(firm) == 180
    assert firm == pytest.approx([20.0] * 180, abs=0.01)


def test_four_buildings_round_a_point_share_one_node() -> None:
    spots: list[BaseGeometry | None] = [
        Point(50 + 20 * np.cos(a), 50 + 20 * np.sin(a)) for a in np.arange(12) * np.pi / 6
    ]

    terrain = a_survey(spots, box(0, 0, 100, 100))

    assert_sound(terrain)
    middle = terrain.ground.to_lattice(np.array([[50.0, 50.0]]))[0]
    near = np.abs(terrain.cells.nodes - middle).max(axis=1) < 5
    assert near.sum() == 1


def test_blocks_without_buildings_and_blocks_with_one() -> None:
    grid = maps.roads(
        *[[(0, y), (180, y)] for y in (60, 120)], *[[(x, 0), (x, 180)] for x in (60,)]
    )

    terrain = a_survey([Point(30, 30), Point(100, 30), Point(120, 30)], box(0, 0, 180, 180), grid)

    assert_sound(terrain)
    assert terrain.ground.size == 6
    assert len(terrain.cells.block) == 7
    assert np.bincount(terrain.cells.block).tolist().count(1) == 5
    assert (terrain.table.households[3:] == 0).all()


def test_no_cell_crosses_a_barrier() -> None:
    road = maps.roads([(0, 70.3), (180, 81.7)], [(61.1, 0), (55.5, 180)])
    town, land, _ = maps.a_town(3)
    terrain = survey(town, maps.a_frame(land, road), Rules())

    assert_sound(terrain)
    blocks = terrain.ground.blocks
    for face in polygons_of(terrain):
        share = shapely.area(shapely.intersection(blocks, face))
        assert (share > 1e-6 * face.area).sum() == 1


def test_cells_are_where_their_buildings_are() -> None:
    town, land, barriers = maps.a_town(4)
    frame = maps.a_frame(land, barriers)
    terrain = survey(town, frame, Rules())
    sites, cells = terrain.sites, terrain.cells

    for site in range(0, len(sites.xy), 7):
        mine = cells.site_cell[site]
        rim = (cells.left == mine) != (cells.right == mine)
        ends = np.stack([cells.nodes[cells.first[rim]], cells.nodes[cells.second[rim]]], axis=1)
        (face,) = shapely.get_parts(shapely.polygonize(shapely.linestrings(ends.astype(float))))
        assert face.contains(Point(sites.xy[site]))
        kin = sites.block == sites.block[site]
        corner = shapely.get_coordinates(face)
        off = np.hypot(*(corner[:, None, :] - sites.xy[kin][None, :, :]).T)
        own = np.hypot(*(corner - sites.xy[site]).T)
        assert (own <= off.min(axis=0) + 3.0).all()


def test_a_point_outside_every_block_moves_to_the_nearest_one() -> None:
    road = maps.roads([(0, 90), (180, 90)])

    terrain = a_survey([Point(50, 30), Point(90, 250), Point(-70, 10)], box(0, 0, 180, 180), road)

    assert_sound(terrain)
    place = (terrain.sites.xy + terrain.ground.origin) / LATTICE_PER_M
    by_building = {int(b): place[s] for s, b in enumerate(terrain.sites.building)}
    assert by_building[1] == pytest.approx([90, 179.9], abs=0.01)
    assert by_building[2] == pytest.approx([0.1, 10], abs=0.01)


def test_coincident_and_missing_buildings_get_cells_of_their_own() -> None:
    spots: list[BaseGeometry | None] = [Point(50, 50)] * 5 + [None] * 3 + [Point(20, 80)]

    terrain = a_survey(spots, box(0, 0, 100, 100))

    assert_sound(terrain)
    assert len(np.unique(terrain.cells.site_cell)) == 9
    assert terrain.sites.located.sum() == 6


def test_a_barrier_along_the_boundary_makes_no_cell() -> None:
    rim = maps.roads([(-5, 1.2), (90, -0.8), (185, 0.9)], [(0.5, -5), (0.5, 185)])

    terrain = a_survey(list(maps.lattice(36)), maps.around(36), rim)

    assert_sound(terrain)
    assert len(terrain.cells.block) == 36


def test_a_needle_and_a_sliver_are_tiled() -> None:
    land = Polygon([(0, 0), (400, 0.5), (0, 1.0)]).union(box(-50, -20, 0, 20))
    spots: list[BaseGeometry | None] = [Point(10.0 * i, 0.5) for i in range(1, 12)]

    terrain = a_survey([*spots, Point(-20, 0)], land)

    assert_sound(terrain)


def test_collinear_buildings_of_a_long_village_cost_little() -> None:
    spots: list[BaseGeometry | None] = [Point(10.0 * i + 5, 10) for i in range(800)]

    terrain = a_survey(spots, box(0, 0, 8000, 20))

    assert_sound(terrain)
    assert len(terrain.edges.low) == 799


coordinate = st.integers(0, 300)
a_spot = st.builds(Point, coordinate, coordinate)
a_house = st.builds(
    lambda x, y, w, h: box(x, y, x + w, y + h),
    coordinate,
    coordinate,
    st.integers(1, 60),
    st.integers(1, 25),
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    spots=st.lists(st.one_of(a_spot, a_house, st.none()), min_size=1, max_size=40),
    lines=st.lists(
        st.lists(st.tuples(coordinate, coordinate), min_size=2, max_size=5, unique=True), max_size=4
    ),
)
def test_arbitrary_maps_are_tiled(
    spots: list[BaseGeometry | None], lines: list[list[tuple[int, int]]]
) -> None:
    terrain = a_survey(spots, box(0, 0, 300, 300), maps.roads(*lines))

    assert_sound(terrain)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_the_buildings_changes_no_border(seed: int) -> None:
    town, land, barriers = maps.a_town(8)
    frame = maps.a_frame(land, barriers)
    other, _ = maps.shuffled(town, seed)

    first, second = survey(town, frame, Rules()), survey(other, frame, Rules())

    assert np.array_equal(first.cells.nodes, second.cells.nodes)
    assert np.array_equal(first.cells.left, second.cells.left)
    assert np.array_equal(first.edges.open_m, second.edges.open_m)


@pytest.mark.parametrize("name", [pytest.param(n, marks=cases.needs_case(n)) for n in cases.CASES])
def test_cells_of_every_community_of_a_case_are_a_coverage(name: str) -> None:
    case = cases.load_case(name)
    frames = node_district(case.codes, case.boundaries, case.barriers)
    assert shapely.coverage_is_valid([frame.polygon for frame in frames])

    for community, frame in zip(case.communities, frames, strict=True):
        terrain = survey(community, frame, Rules())
        assert_sound(terrain)
        assert len(np.unique(terrain.cells.site_cell)) == len(terrain.sites.xy)


def test_a_community_without_buildings_is_one_empty_cell() -> None:
    community = CommunityInput(code="C", building_ids=(), geometries=(), households=[])

    terrain = survey(community, maps.a_frame(box(0, 0, 50, 50)), Rules())

    assert terrain.table.households.tolist() == [0]
    assert len(terrain.edges.low) == 0
