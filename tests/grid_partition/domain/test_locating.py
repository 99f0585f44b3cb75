"""The index: against a naive look at every grid, and at its edges."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from pyproj import Geod

from services.grid_partition.domain.locating import GridIndex, MappedGrid

AROUND = (101.8, 36.6)


def square(number: int, x: float, y: float, side: float = 0.01) -> MappedGrid:
    shape = shapely.box(AROUND[0] + x, AROUND[1] + y, AROUND[0] + x + side, AROUND[1] + y + side)
    code = f"630102002001{number:03d}"
    return MappedGrid(code, f"g{number}", code[:12], "c", shapely.to_geojson(shape))


def board(size: int = 6) -> GridIndex:
    cells = [(x, y) for x in range(size) for y in range(size)]
    return GridIndex([square(n, x * 0.01, y * 0.01) for n, (x, y) in enumerate(cells, start=1)])


def test_it_agrees_with_looking_at_every_grid() -> None:
    index = board()
    rng = np.random.default_rng(5)
    lon, lat = rng.uniform((101.79, 36.59), (101.87, 36.67), (400, 2)).T
    shapes = [shapely.from_geojson(grid.geometry) for grid in index.grids]
    for x, y, found in zip(lon, lat, index.locate(lon, lat), strict=True):
        holders = [n for n, shape in enumerate(shapes) if shape.intersects(shapely.Point(x, y))]
        assert found.grid == (index.grids[holders[0]] if holders else None)


def test_the_corner_of_four_grids_belongs_to_the_smallest_code() -> None:
    found = board().locate([AROUND[0] + 0.01], [AROUND[1] + 0.01])[0]
    assert found.grid is not None
    assert found.grid.code == "630102002001001"


@pytest.mark.parametrize(("x", "y"), [(-0.02, 0.03), (0.08, 0.03), (0.03, -0.01), (-0.01, -0.01)])
def test_distances_are_metres_on_the_ellipsoid(x: float, y: float) -> None:
    found = board().locate([AROUND[0] + x], [AROUND[1] + y])[0]
    near = (min(max(x, 0.0), 0.06), min(max(y, 0.0), 0.06))
    _, _, metres = Geod(ellps="GRS80").inv(
        AROUND[0] + x, AROUND[1] + y, AROUND[0] + near[0], AROUND[1] + near[1]
    )
    assert found.distance_m == pytest.approx(metres, rel=1e-3)


def test_of_equally_near_grids_the_smallest_code_is_named() -> None:
    index = GridIndex([square(1, 0, 0), square(2, 0, 0)])
    found = index.locate([AROUND[0] + 0.005], [AROUND[1] + 0.015])[0]
    assert found.nearest == index.grids[0]


def test_an_empty_index_answers_nothing() -> None:
    (found,) = GridIndex([]).locate([1.0], [1.0])
    assert (found.grid, found.nearest, found.distance_m) == (None, None, None)
    assert board().locate([], []) == []


def test_views_hold_only_what_they_may_and_are_kept() -> None:
    index = board()
    odd = index.view(("odd",), lambda code: int(code) % 2 == 1)
    assert len(odd.grids) == 18
    assert index.view(("odd",), lambda _code: False) is odd
    for number in range(200):
        index.view((str(number),), lambda _code: False)
    assert len(index._views) <= 64
    assert index.view(("none",), lambda _code: False).locate([101.8], [36.6])[0].nearest is None
