"""Geometry at the door: validity, inner points, distances."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.domain import geometry
from services.registry.domain.geometry import Outline, Outlines
from services.registry.domain.problems import GeometryInvalid
from tests.registry.factories import A, B, boundary, square


def text(shape: dict[str, object]) -> str:
    return json.dumps(shape)


def polygon(*ring: tuple[float, float]) -> str:
    return text({"type": "Polygon", "coordinates": [[*ring, ring[0]]]})


def test_a_valid_polygon_has_an_extent_and_a_point_on_it() -> None:
    shape = geometry.check(text(square(101.79, 36.60, 0.01)))
    extent = (shape.west, shape.south, shape.east, shape.north)
    assert extent == pytest.approx((101.79, 36.60, 101.80, 36.61))
    assert shape.west < shape.lon < shape.east
    assert shape.south < shape.lat < shape.north


def test_the_point_of_a_crescent_lies_on_it_and_not_in_its_hollow() -> None:
    horseshoe = polygon(
        (0.0, 0.0), (3.0, 0.0), (3.0, 3.0), (2.0, 3.0), (2.0, 1.0), (1.0, 1.0), (1.0, 3.0),
        (0.0, 3.0),
    )  # fmt: skip
    shape = geometry.check(horseshoe)
    assert not (1.0 < shape.lon < 2.0 and shape.lat > 1.0)


def test_a_point_is_its_own_extent() -> None:
    shape = geometry.check(text({"type": "Point", "coordinates": [101.8, 36.6]}))
    assert (shape.west, shape.south, shape.lon, shape.lat) == (101.8, 36.6, 101.8, 36.6)


@pytest.mark.parametrize(
    ("ring", "reason", "where"),
    [
        ([(0, 0), (1, 1), (1, 0), (0, 1)], "Self-intersection", (0.5, 0.5)),
        ([(0, 0), (1, 0), (1, 0), (0, 0)], "", (0, 0)),
    ],
)
def test_an_invalid_polygon_is_refused_with_reason_and_position(
    ring: list[tuple[float, float]], reason: str, where: tuple[float, float]
) -> None:
    with pytest.raises(GeometryInvalid) as refused:
        geometry.check(polygon(*ring))
    params = refused.value.params
    assert reason in str(params["reason"])
    assert (params["longitude"], params["latitude"]) == where


def test_overlapping_parts_are_refused() -> None:
    parts = [square(0, 0, 1.0)["coordinates"], square(0.5, 0.5, 1.0)["coordinates"]]
    with pytest.raises(GeometryInvalid):
        geometry.check(text({"type": "MultiPolygon", "coordinates": parts}))


@given(st.floats(0.0, 5000.0), st.floats(-85.0, 85.0))
def test_distances_are_metres_at_every_latitude(east_m: float, lat: float) -> None:
    side = 0.01
    outline = Outline(text(square(100.0, lat, side)))
    middle = lat + side / 2
    degree_m = 111_195 * math.cos(math.radians(middle))
    found = outline.distance_m(100.0 + side + east_m / degree_m, middle)
    assert found == pytest.approx(east_m, abs=0.01 + east_m * 0.002)


def test_inside_and_on_the_edge_the_distance_is_nothing() -> None:
    outline = Outline(text(boundary(A)))
    assert outline.distance_m(101.795, 36.605) == 0
    assert outline.distance_m(101.80, 36.605) == 0
    assert outline.distance_m(101.8001, 36.605) == pytest.approx(8.9, abs=0.1)


def test_a_point_finds_its_community_and_a_border_the_lower_code() -> None:
    outlines = Outlines({code: text(boundary(code)) for code in (B, A)})
    assert outlines.code_at(101.795, 36.605) == A
    assert outlines.code_at(101.805, 36.605) == B
    assert outlines.code_at(101.80, 36.605) == A
    assert outlines.code_at(101.7, 36.605) is None
    assert outlines.distance_m(B, 101.795, 36.605) == pytest.approx(446, abs=2)
    assert outlines.distance_m("990001001099", 0.0, 0.0) == 0


def test_without_any_boundary_no_point_finds_a_community() -> None:
    assert Outlines({}).code_at(101.795, 36.605) is None
