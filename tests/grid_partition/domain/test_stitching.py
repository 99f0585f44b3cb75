"""Stitching in degrees: what is answered fits, and what is not named was right before."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from services.grid_partition.domain.projection import DECIMALS, Plane
from services.grid_partition.domain.stitching import stitched
from tests.grid_partition.maps import EAST_M, NORTH_M, PLANE


@given(
    lon=st.floats(100.0, 104.0),
    lat=st.floats(18.0, 53.0),
    meridian=st.sampled_from([99, 102, 105]),
)
@settings(derandomize=True)
def test_published_degrees_survive_the_way_to_metres_and_back(
    lon: float, lat: float, meridian: int
) -> None:
    plane = Plane(meridian)
    spot = shapely.Point(round(lon, DECIMALS), round(lat, DECIMALS))

    assert plane.to_degrees(plane.to_metres(spot)).wkb == spot.wkb


def drawn(*boxes: tuple[float, float, float, float]) -> list[str]:
    shapes = [shapely.box(*bounds) for bounds in boxes]
    moved = shapely.transform(shapes, lambda at: at + np.array([EAST_M, NORTH_M]))
    return [str(text) for text in shapely.to_geojson(PLANE.to_degrees(moved))]


def test_only_what_changes_is_named_with_its_bounds() -> None:
    texts = drawn((0, 0, 50, 40), (0, 40, 50, 90), (50, 0, 90, 90), (200, 0, 300, 90))

    found = stitched(102, ["1", "1", "2", "3"], texts)

    assert list(found) == [2]
    shape = shapely.from_geojson(found[2].geometry)
    assert len(shape.exterior.coords) == 6
    bounds = (found[2].west, found[2].south, found[2].east, found[2].north)
    assert bounds == shape.bounds == pytest.approx(shapely.from_geojson(texts[2]).bounds, abs=1e-9)
    shapes = [*shapely.from_geojson(texts[:2]), shape]
    assert shapely.coverage_is_valid(shapes)
    before = set(shapely.from_geojson(texts[2]).exterior.coords)
    assert before < set(shape.exterior.coords)


def test_a_shape_in_pieces_keeps_its_kind_and_nothing_is_nothing() -> None:
    pieces = shapely.MultiPolygon([shapely.box(50, 0, 90, 90), shapely.box(120, 0, 130, 9)])
    moved = shapely.transform(pieces, lambda at: at + np.array([EAST_M, NORTH_M]))
    text = shapely.to_geojson(PLANE.to_degrees(moved))

    found = stitched(102, ["1", "1", "2"], [*drawn((0, 0, 50, 40), (0, 40, 50, 90)), text])

    assert shapely.from_geojson(found[2].geometry).geom_type == "MultiPolygon"
    assert stitched(102, [], []) == {}
