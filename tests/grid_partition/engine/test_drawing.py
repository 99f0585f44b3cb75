"""From cells to grids: polygons dissolved from borders, against the geometry library's union."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from shapely.geometry import MultiPolygon, box
from shapely.geometry.base import BaseGeometry

from services.grid_partition.engine import Rules, cut, node_district
from services.grid_partition.engine.outline import dissolved
from services.grid_partition.engine.output import draw_grids
from services.grid_partition.engine.terrain import Terrain, survey
from tests.grid_partition.engine import cases, maps


def a_terrain(land: BaseGeometry | None = None, count: int = 36) -> Terrain:
    """A lattice of square cells of 30 m."""
    land = maps.around(count) if land is None else land
    spots = [spot for spot in maps.lattice(count) if land.contains(spot)]
    community = maps.a_community([20] * len(spots), spots=spots)
    return survey(community, maps.a_frame(land), Rules())


def label_by(terrain: Terrain, rule: object) -> np.ndarray:
    """Label of each cell from a function of its column and row."""
    label = np.zeros(len(terrain.cells.block), dtype=np.int64)
    place = (terrain.sites.xy + terrain.ground.origin) / 100_000 // 30
    for (column, row), cell in zip(place.astype(int), terrain.cells.site_cell, strict=True):
        label[cell] = rule(column, row)  # type: ignore[operator]
    return label


def assert_dissolved(terrain: Terrain, label: np.ndarray) -> np.ndarray:
    """The polygons are valid, a coverage, and what the library makes of the single cells."""
    polygons = dissolved(terrain.cells, label, terrain.ground)
    single = dissolved(terrain.cells, np.arange(len(label)), terrain.ground)
    assert shapely.is_valid(polygons).all()
    assert shapely.coverage_is_valid(polygons)
    for number, polygon in enumerate(polygons):
        union = shapely.union_all(single[label == number])
        assert polygon.symmetric_difference(union).area < 1e-6
        assert shapely.get_num_geometries(polygon) == shapely.get_num_geometries(union)
    return polygons


def test_one_label_gives_the_community() -> None:
    (polygon,) = assert_dissolved(a_terrain(), np.zeros(36, dtype=np.int64))

    assert polygon.area == pytest.approx(180 * 180)
    assert polygon.geom_type == "Polygon"


def test_a_ring_has_a_hole_and_the_hole_another_grid() -> None:
    terrain = a_terrain()
    label = label_by(terrain, lambda x, y: int(x in (0, 5) or y in (0, 5)))

    inner, outer = assert_dissolved(terrain, label)

    assert len(outer.interiors) == 1
    assert len(inner.interiors) == 0


def test_grids_that_meet_in_corners_are_several_polygons() -> None:
    terrain = a_terrain()

    polygons = assert_dissolved(terrain, label_by(terrain, lambda x, y: (x + y) % 2))

    assert [polygon.geom_type for polygon in polygons] == ["MultiPolygon"] * 2
    assert [len(polygon.geoms) for polygon in polygons] == [18, 18]


def test_a_hole_that_touches_the_rim_in_a_corner_stays_valid() -> None:
    terrain = a_terrain()
    rule = lambda x, y: int((x, y) in {(0, 0), (1, 1), (2, 2), (3, 3)})  # noqa: E731

    assert_dissolved(terrain, label_by(terrain, rule))


def test_rings_within_rings_find_their_shells() -> None:
    terrain = a_terrain()
    community_columns = lambda x, y: int(max(abs(x - 2.5), abs(y - 2.5))) % 2  # noqa: E731

    assert_dissolved(terrain, label_by(terrain, community_columns))


def test_pieces_of_a_community_are_pieces_of_its_grid() -> None:
    land = MultiPolygon([box(0, 0, 180, 60), box(0, 90, 180, 180)])
    terrain = a_terrain(land)

    (polygon,) = assert_dissolved(terrain, np.zeros(len(terrain.cells.block), dtype=np.int64))

    assert sorted(part.area for part in polygon.geoms) == pytest.approx([10_800, 16_200])


@pytest.mark.parametrize("seed", range(5))
def test_random_labels_of_a_town_are_dissolved(seed: int) -> None:
    town, land, barriers = maps.a_town(seed)
    terrain = survey(town, maps.a_frame(land, barriers), Rules())
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 7, len(terrain.cells.block))
    label[:7] = np.arange(7)

    assert_dissolved(terrain, label)


def test_grids_are_drawn_in_reading_order_with_their_households() -> None:
    terrain = a_terrain()
    label = label_by(terrain, lambda x, y: 2 * (y // 3) + x // 3)

    drawn = draw_grids(terrain, label)

    centres = shapely.get_coordinates(shapely.centroid(drawn.polygons))
    assert centres.round().tolist() == [[45, 135], [135, 135], [45, 45], [135, 45]]
    assert drawn.households.tolist() == [180] * 4
    assert drawn.connected.all()
    assert not drawn.bridged.any()


@pytest.mark.parametrize("name", [pytest.param(n, marks=cases.needs_case(n)) for n in cases.CASES])
def test_grids_of_a_case_tile_their_communities_and_these_the_district(name: str) -> None:
    case = cases.load_case(name)
    frames = node_district(case.codes, case.boundaries, case.barriers)

    unions = []
    for community, frame in zip(case.communities, frames, strict=True):
        grids = [grid.polygon for grid in cut(community, frame).grids]
        assert shapely.coverage_is_valid(grids)
        union = shapely.coverage_union_all(grids)
        assert union.symmetric_difference(frame.polygon).area < 0.05
        assert sum(grid.area for grid in grids) == pytest.approx(union.area, abs=1e-4)
        unions.append(union)
    assert sum(union.area for union in unions) - shapely.union_all(unions).area < 0.1
