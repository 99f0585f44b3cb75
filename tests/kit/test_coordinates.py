"""Coordinate conversions against published values, and back again."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit import coordinates
from kit.coordinates import (
    PositionOutOfRange,
    PositionSwapped,
    check_not_swapped,
    check_position,
    from_cgcs2000,
    geometry_from_cgcs2000,
    geometry_to_cgcs2000,
    in_china,
    looks_swapped,
    to_cgcs2000,
)
from kit.web.schemas import Crs

XINING = (101.7919, 36.6172)
CHENGDONG = (101.76, 36.53, 101.94, 36.68)
#: The test points of the public eviltransform suite: WGS84 latitude, longitude, then GCJ02.
PUBLISHED_GCJ02 = [
    (31.1774276, 121.5272106, 31.17530398364597, 121.531541859215),
    (22.543847, 113.912316, 22.540796131694766, 113.9171764808363),
    (39.911954, 116.377817, 39.91334545536069, 116.38404722455657),
]
#: A GCJ02 position and the BD09 one that widely copied converters give for it.
PUBLISHED_BD09 = [((116.404, 39.915), (116.41036949371029, 39.92133699351021))]

#: What the test of the most copied converter prints for 116.404, 39.915: forward exactly, and
#: backward in one step, which leaves some decimetres.
PUBLISHED = (116.404, 39.915)
PUBLISHED_FORWARD = (116.41024449916938, 39.91640428150164)
PUBLISHED_BACKWARD = (116.39775550083061, 39.91359571849836)
#: BD09 positions and the GCJ02 ones that two public suites expect of one step back.
PUBLISHED_BD09_BACKWARD = [
    ((116.404, 39.915), (116.39762729119315, 39.90865673957631)),
    ((113.331073, 23.112214), (113.32453135630236, 23.106450240552665)),
]


def metres(one: tuple[float, float], other: tuple[float, float]) -> float:
    width = math.cos(math.radians(one[1]))
    return 111_195.0 * math.hypot((one[0] - other[0]) * width, one[1] - other[1])


@pytest.mark.parametrize(("lat", "lon", "gcj_lat", "gcj_lon"), PUBLISHED_GCJ02)
def test_gcj02_agrees_with_the_published_points_within_a_metre(
    lat: float, lon: float, gcj_lat: float, gcj_lon: float
) -> None:
    assert metres(from_cgcs2000(lon, lat, "GCJ02"), (gcj_lon, gcj_lat)) < 1.0
    assert metres(to_cgcs2000(gcj_lon, gcj_lat, "GCJ02"), (lon, lat)) < 1.0


@pytest.mark.parametrize(("gcj02", "bd09"), PUBLISHED_BD09)
def test_bd09_agrees_with_the_published_point(
    gcj02: tuple[float, float], bd09: tuple[float, float]
) -> None:
    here = to_cgcs2000(*gcj02, "GCJ02")
    assert metres(from_cgcs2000(*here, "BD09"), bd09) < 0.01
    assert metres(to_cgcs2000(*bd09, "BD09"), here) < 0.01


def test_forward_agrees_with_the_copied_converter_to_the_last_digit() -> None:
    assert metres(from_cgcs2000(*PUBLISHED, "GCJ02"), PUBLISHED_FORWARD) < 1e-6


def test_backward_is_where_one_step_only_comes_near() -> None:
    exact = to_cgcs2000(*PUBLISHED, "GCJ02")
    assert metres(exact, PUBLISHED_BACKWARD) < 0.5
    assert metres(from_cgcs2000(*exact, "GCJ02"), PUBLISHED) < 1e-4
    assert metres(from_cgcs2000(*PUBLISHED_BACKWARD, "GCJ02"), PUBLISHED) > 0.01


@pytest.mark.parametrize(("bd09", "gcj02"), PUBLISHED_BD09_BACKWARD)
def test_bd09_comes_back_to_the_published_gcj02(
    bd09: tuple[float, float], gcj02: tuple[float, float]
) -> None:
    here = to_cgcs2000(*bd09, "BD09")
    assert metres(from_cgcs2000(*here, "GCJ02"), gcj02) < 0.5
    assert metres(from_cgcs2000(*here, "BD09"), bd09) < 1e-4


@pytest.mark.parametrize("crs", ["GCJ02", "BD09"])
def test_every_half_degree_of_china_comes_back_within_a_millimetre(crs: Crs) -> None:
    worst = 0.0
    for east in range(147, 271):
        for north in range(7, 108):
            here = (east / 2, north / 2)
            worst = max(worst, metres(to_cgcs2000(*from_cgcs2000(*here, crs), crs), here))
    assert worst < 0.001


@given(
    lon=st.floats(73.5, 135.0),
    lat=st.floats(3.5, 53.5),
    east_m=st.floats(-50, 50),
    north_m=st.floats(-50, 50),
    crs=st.sampled_from(["GCJ02", "BD09"]),
)
def test_neighbours_stay_neighbours(
    lon: float, lat: float, east_m: float, north_m: float, crs: Crs
) -> None:
    width = 111_195.0 * math.cos(math.radians(lat))
    near = (lon + east_m / width, lat + north_m / 111_195.0)
    here, there = from_cgcs2000(lon, lat, crs), from_cgcs2000(*near, crs)
    apart = math.hypot(east_m, north_m)
    assert metres(here, there) == pytest.approx(apart, rel=0.02, abs=0.01)


def test_at_xining_the_shifts_have_the_measured_size() -> None:
    assert metres(XINING, from_cgcs2000(*XINING, "GCJ02")) == pytest.approx(171, abs=2)
    assert metres(XINING, from_cgcs2000(*XINING, "BD09")) == pytest.approx(996, abs=3)


@pytest.mark.parametrize("crs", ["CGCS2000", "WGS84"])
def test_wgs84_and_cgcs2000_are_one(crs: Crs) -> None:
    assert to_cgcs2000(*XINING, crs) == from_cgcs2000(*XINING, crs) == XINING


@given(
    lon=st.floats(73.5, 135.0),
    lat=st.floats(3.5, 53.5),
    crs=st.sampled_from(["GCJ02", "BD09", "WGS84", "CGCS2000"]),
)
def test_a_round_trip_stays_below_a_millimetre(lon: float, lat: float, crs: Crs) -> None:
    assert metres(to_cgcs2000(*from_cgcs2000(lon, lat, crs), crs), (lon, lat)) < 0.001
    assert metres(from_cgcs2000(*to_cgcs2000(lon, lat, crs), crs), (lon, lat)) < 0.001


@given(lon=st.floats(-180, 180), lat=st.floats(-90, 90), crs=st.sampled_from(["GCJ02", "BD09"]))
def test_any_place_on_earth_converts_and_outside_china_nothing_moves(
    lon: float, lat: float, crs: Crs
) -> None:
    for there in (to_cgcs2000(lon, lat, crs), from_cgcs2000(lon, lat, crs)):
        assert all(math.isfinite(part) for part in there)
        assert in_china(lon, lat) or there == (lon, lat)


@pytest.mark.parametrize(
    "geometry",
    [
        {"type": "Point", "coordinates": [101.8, 36.6]},
        {"type": "Point", "coordinates": [101.8, 36.6, 2261.0]},
        {"type": "LineString", "coordinates": [[101.8, 36.6], [101.81, 36.6]]},
        {"type": "Polygon", "coordinates": [[[101.8, 36.6], [101.9, 36.6], [101.8, 36.6]]]},
        {"type": "MultiPolygon", "coordinates": [[[[101.8, 36.6], [101.9, 36.7]]]]},
        {
            "type": "GeometryCollection",
            "geometries": [{"type": "Point", "coordinates": [101.8, 36.6]}],
        },
    ],
)
def test_a_geometry_keeps_its_shape_and_comes_back(geometry: dict[str, Any]) -> None:
    there = geometry_from_cgcs2000(geometry, "BD09")
    back = geometry_to_cgcs2000(there, "BD09")
    assert there != geometry
    assert _flat(back) == pytest.approx(_flat(geometry), abs=1e-8)
    assert there["type"] == geometry["type"]


def _flat(value: Any) -> list[float]:
    if isinstance(value, dict):
        return _flat(value.get("coordinates", value.get("geometries")))
    if isinstance(value, list):
        return [number for part in value for number in _flat(part)]
    return [value]


def test_heights_are_kept() -> None:
    there = geometry_to_cgcs2000({"type": "Point", "coordinates": [101.8, 36.6, 2261.0]}, "GCJ02")
    assert there["coordinates"][2] == 2261.0


@pytest.mark.parametrize(
    "coordinates_in",
    [None, 7, "101.8,36.6", [101.8, 236.6], [11327000.0, 4385000.0], [math.nan, 36.6],
     [[[[[101.8, 36.6]]]]], [True, False], [[101.8, "36.6"]]],
)  # fmt: skip
def test_what_is_no_position_is_refused_by_name(coordinates_in: object) -> None:
    with pytest.raises(PositionOutOfRange) as refused:
        geometry_to_cgcs2000({"type": "Point", "coordinates": coordinates_in}, "GCJ02")
    assert refused.value.code == "coordinates.out_of_range"


@pytest.mark.parametrize(
    ("lon", "lat"), [(math.nan, 0), (0, math.nan), (math.inf, 0), (-180.1, 0), (0, 90.1)]
)
def test_a_position_off_the_earth_is_refused(lon: float, lat: float) -> None:
    with pytest.raises(PositionOutOfRange):
        check_position(lon, lat)


def test_the_edges_of_the_earth_are_positions() -> None:
    check_position(-180.0, 90.0)
    check_position(180.0, -90.0)


def test_swapped_positions_are_recognised() -> None:
    lon, lat = XINING
    assert looks_swapped(lat, lon, CHENGDONG)
    assert not looks_swapped(lon, lat, CHENGDONG)
    with pytest.raises(PositionSwapped):
        check_not_swapped(lat, lon, CHENGDONG)
    check_not_swapped(lon, lat, CHENGDONG)


def test_a_position_far_away_that_does_not_fit_when_swapped_is_not_called_swapped() -> None:
    assert not looks_swapped(116.4, 39.9, CHENGDONG)


def test_a_position_less_than_50_km_off_is_not_called_swapped() -> None:
    diagonal = (36.0, 36.0, 37.0, 37.0)
    assert not looks_swapped(36.5, 37.2, diagonal)


def test_the_kit_converts_without_geometry_libraries() -> None:
    assert not {"numpy", "shapely", "pyproj"} & set(vars(coordinates))
