"""What is near: a box that leaves nothing out, and the distance on the sphere."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.domain.service_points import NEAR_MAX_M, box_around, distance_m

latitudes = st.floats(-90, 90)
longitudes = st.floats(-180, 180)


@given(
    lon=longitudes,
    lat=latitudes,
    within_m=st.floats(1, NEAR_MAX_M),
    bearing=st.floats(0, 2 * math.pi),
    share=st.floats(0, 1),
)
def test_the_box_holds_every_place_within_the_distance(
    lon: float, lat: float, within_m: float, bearing: float, share: float
) -> None:
    angle = within_m * share / 6_371_008.8
    phi = math.radians(lat)
    sine = math.sin(phi) * math.cos(angle) + math.cos(phi) * math.sin(angle) * math.cos(bearing)
    other_phi = math.asin(max(-1.0, min(1.0, sine)))
    turn = math.atan2(
        math.sin(bearing) * math.sin(angle) * math.cos(phi),
        math.cos(angle) - math.sin(phi) * math.sin(other_phi),
    )
    other_lon = (lon + math.degrees(turn) + 540) % 360 - 180
    west, south, east, north = box_around(lon, lat, within_m * (1 + 1e-9) + 1e-3)
    assert west <= other_lon <= east
    assert south <= math.degrees(other_phi) <= north


@given(lon=longitudes, lat=latitudes, other_lon=longitudes, other_lat=latitudes)
def test_distance_is_a_distance(lon: float, lat: float, other_lon: float, other_lat: float) -> None:
    there = distance_m(lon, lat, other_lon, other_lat)
    assert there == pytest.approx(distance_m(other_lon, other_lat, lon, lat))
    assert 0 <= there <= math.pi * 6_371_008.8 + 1
    assert distance_m(lon, lat, lon, lat) == 0


def test_a_degree_of_latitude_has_its_known_length() -> None:
    assert distance_m(101.79, 36.0, 101.79, 37.0) == pytest.approx(111_195, abs=1)
    assert distance_m(101.0, 36.6, 102.0, 36.6) == pytest.approx(89_268, abs=10)
