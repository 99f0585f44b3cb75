"""Degrees to metres and back, against the EPSG register's own definition of the zone."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Proj

from services.grid_partition.domain.projection import DECIMALS, Plane, outline


@pytest.mark.parametrize(
    ("west", "east", "meridian"),
    [
        (101.7, 101.9, 102),
        (100.6, 100.8, 102),
        (100.3, 100.4, 99),
        (7.4, 7.5, 6),
        (120.2, 121, 120),
    ],
)
def test_the_zone_follows_from_the_longitude(west: float, east: float, meridian: int) -> None:
    shapes = [shapely.box(west, 36.0, (west + east) / 2, 36.1), shapely.box(west, 36.0, east, 36.1)]
    assert Plane.around(shapes) == Plane(meridian)


@pytest.mark.parametrize(("meridian", "epsg"), [(75, 4534), (102, 4543), (120, 4549), (135, 4554)])
def test_the_zone_is_the_registered_one(meridian: int, epsg: int) -> None:
    official = Proj(f"EPSG:{epsg}")
    for lon, lat in [(meridian - 1.4, 18.2), (meridian + 0.3, 36.6), (meridian + 1.5, 53.0)]:
        point = Plane(meridian).to_metres(shapely.Point(lon, lat))
        assert (point.x, point.y) == pytest.approx(official(lon, lat), abs=1e-6)


@given(lon=st.floats(100.6, 103.4), lat=st.floats(18, 54))
def test_there_and_back_is_the_same_place(lon: float, lat: float) -> None:
    back = Plane(102).to_degrees(Plane(102).to_metres(shapely.Point(lon, lat)))
    assert (back.x, back.y) == pytest.approx((lon, lat), abs=1e-9)


def test_degrees_are_rounded_to_a_hundredth_of_a_millimetre() -> None:
    point = Plane(102).to_degrees(shapely.Point(482_100.123, 4_052_000.456))
    assert (round(point.x, DECIMALS), round(point.y, DECIMALS)) == (point.x, point.y)


def test_shapes_that_share_nodes_in_metres_share_them_in_degrees() -> None:
    rng = np.random.default_rng(3)
    points = rng.uniform((480_000, 4_050_000), (486_000, 4_056_000), (300, 2)).round(4)
    cells = list(shapely.voronoi_polygons(shapely.MultiPoint(points)).geoms)
    drawn = Plane(102).to_degrees(np.array(cells))
    assert shapely.is_valid(drawn).all()
    assert shapely.coverage_is_valid(drawn)


def test_missing_shapes_stay_missing_and_planes_travel() -> None:
    shapes = np.array([None, shapely.Point(101.8, 36.6)], dtype=object)
    moved = pickle.loads(pickle.dumps(Plane(102))).to_metres(shapes)
    assert moved[0] is None
    assert moved[1].x == pytest.approx(482_100, abs=100)
    assert outline([shapely.box(1, 2, 3, 4), None, shapely.Point(5, 0)]) == (1, 0, 5, 4)
