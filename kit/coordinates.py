"""Coordinate references met in China, converted to and from CGCS2000 (EPSG:4490), in degrees.

WGS84 and CGCS2000 are taken as equal: they differ by centimetres, far below what an address tells.
GCJ02 ("Mars coordinates") shifts by 100..700 m, BD09 by about 1 km; the forward formulas are the
published ones (the `EvilTransform` polynomials on the Krasovsky 1940 ellipsoid; Baidu's spiral
on top for BD09), the inverse is a fixed-point iteration, so that a round trip is exact to well
below a millimetre (the often copied one-step inverse is wrong by up to half a metre).

Outside-China rule: the shift exists only inside the published rectangle (72.004..137.8347 E,
0.8293..55.8271 N); a position outside it is returned as it is, in both directions, for both
references.  The position that is given decides; on the rectangle's very edge (open sea and other
countries) a round trip may therefore differ by one shift.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kit.errors import Invalid, Text
from kit.web.schemas import Crs

Bbox = tuple[float, float, float, float]
"""Least longitude, least latitude, greatest longitude, greatest latitude."""

_AXIS_M = 6378245.0
_ECCENTRICITY_SQUARED = 0.00669342162296594323
_SPIRAL = math.pi * 3000.0 / 180.0
_CHINA: Bbox = (72.004, 0.8293, 137.8347, 55.8271)
_DEGREE_M = 111_195.0
_SWAP_DISTANCE_M = 50_000.0
#: 1e-11 of a degree is a thousandth of a millimetre.
_EXACT_DEGREES = 1e-11
_ROUNDS_MAX = 30


class PositionOutOfRange(Invalid):
    """A longitude or latitude that is no number, or that no place on earth has."""

    code = "coordinates.out_of_range"
    title = Text("Position out of range", "坐标超出范围")
    detail = Text(
        "A longitude within -180..180 and a latitude within -90..90 degrees are needed.",
        "经度应在 -180 至 180 度之间，纬度应在 -90 至 90 度之间。",
    )
    cure = Text(
        "Send degrees, longitude first; projected metres are not read.",
        "请使用以度为单位的坐标，经度在前；不支持投影坐标。",
    )


class PositionSwapped(Invalid):
    """Longitude and latitude stand in the wrong order."""

    code = "coordinates.swapped"
    title = Text("Longitude and latitude swapped", "经纬度颠倒")
    detail = Text(
        "The position lies far outside the district, but inside it when longitude and latitude "
        "change places.",
        "该位置远在辖区之外，经纬度互换后则在辖区之内。",
    )
    cure = Text("Send longitude first, then latitude.", "请先经度、后纬度。")


def in_china(lon: float, lat: float) -> bool:
    """Tell whether the shift of GCJ02 and BD09 applies at a position (a rectangle, see above)."""
    west, south, east, north = _CHINA
    return west <= lon <= east and south <= lat <= north


def to_cgcs2000(lon: float, lat: float, crs: Crs) -> tuple[float, float]:
    """Return the position in CGCS2000 of one given in `crs`."""
    if crs in {"CGCS2000", "WGS84"} or not in_china(lon, lat):
        return lon, lat
    if crs == "BD09":
        lon, lat = _invert(_gcj02_to_bd09, lon, lat)
    return _invert(_wgs84_to_gcj02, lon, lat)


def from_cgcs2000(lon: float, lat: float, crs: Crs) -> tuple[float, float]:
    """Return the position in `crs` of one given in CGCS2000."""
    if crs in {"CGCS2000", "WGS84"} or not in_china(lon, lat):
        return lon, lat
    lon, lat = _wgs84_to_gcj02(lon, lat)
    return _gcj02_to_bd09(lon, lat) if crs == "BD09" else (lon, lat)


def geometry_to_cgcs2000(geometry: Mapping[str, Any], crs: Crs) -> dict[str, Any]:
    """Return a GeoJSON geometry in CGCS2000; heights and other members are kept.

    Raises PositionOutOfRange for coordinates that are no positions.
    """
    return _convert(geometry, crs, to_cgcs2000)


def geometry_from_cgcs2000(geometry: Mapping[str, Any], crs: Crs) -> dict[str, Any]:
    """Return a GeoJSON geometry of CGCS2000 in `crs`; heights and other members are kept.

    Raises PositionOutOfRange for coordinates that are no positions.
    """
    return _convert(geometry, crs, from_cgcs2000)


def check_position(lon: float, lat: float) -> None:
    """Refuse NaN, Infinity and what lies beyond -180..180 or -90..90: PositionOutOfRange."""
    if not (-180.0 <= lon <= 180.0 and -90.0 <= lat <= 90.0):
        raise PositionOutOfRange


def looks_swapped(lon: float, lat: float, bbox: Bbox) -> bool:
    """Tell whether a position (degrees) is more than 50 km off the box and fits it when swapped."""
    west, south, east, north = bbox
    fits = west <= lat <= east and south <= lon <= north
    return fits and _distance_m(lon, lat, bbox) > _SWAP_DISTANCE_M


def check_not_swapped(lon: float, lat: float, bbox: Bbox) -> None:
    """Refuse a position that `looks_swapped`: PositionSwapped."""
    if looks_swapped(lon, lat, bbox):
        raise PositionSwapped


def _distance_m(lon: float, lat: float, bbox: Bbox) -> float:
    west, south, east, north = bbox
    near_lon = min(max(lon, west), east)
    near_lat = min(max(lat, south), north)
    width = math.cos(math.radians((lat + near_lat) / 2.0))
    return _DEGREE_M * math.hypot((lon - near_lon) * width, lat - near_lat)


def _wgs84_to_gcj02(lon: float, lat: float) -> tuple[float, float]:
    x, y = lon - 105.0, lat - 35.0
    shared = (20.0 * math.sin(6.0 * x * math.pi) + 20.0 * math.sin(2.0 * x * math.pi)) * 2.0 / 3.0
    root = math.sqrt(abs(x))
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + shared
    north += (20.0 * math.sin(y * math.pi) + 40.0 * math.sin(y / 3.0 * math.pi)) * 2.0 / 3.0
    north += (
        (160.0 * math.sin(y / 12.0 * math.pi) + 320.0 * math.sin(y * math.pi / 30.0)) * 2.0 / 3.0
    )
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + shared
    east += (20.0 * math.sin(x * math.pi) + 40.0 * math.sin(x / 3.0 * math.pi)) * 2.0 / 3.0
    east += (
        (150.0 * math.sin(x / 12.0 * math.pi) + 300.0 * math.sin(x / 30.0 * math.pi)) * 2.0 / 3.0
    )
    phi = math.radians(lat)
    magic = 1.0 - _ECCENTRICITY_SQUARED * math.sin(phi) ** 2
    meridian_m = _AXIS_M * (1.0 - _ECCENTRICITY_SQUARED) / (magic * math.sqrt(magic))
    parallel_m = _AXIS_M / math.sqrt(magic) * math.cos(phi)
    return lon + math.degrees(east / parallel_m), lat + math.degrees(north / meridian_m)


def _gcj02_to_bd09(lon: float, lat: float) -> tuple[float, float]:
    radius = math.hypot(lon, lat) + 0.00002 * math.sin(lat * _SPIRAL)
    angle = math.atan2(lat, lon) + 0.000003 * math.cos(lon * _SPIRAL)
    return radius * math.cos(angle) + 0.0065, radius * math.sin(angle) + 0.006


def _invert(
    forward: Callable[[float, float], tuple[float, float]], lon: float, lat: float
) -> tuple[float, float]:
    # The shift changes by less than 1 % of the step, so each round gains two digits or more.
    guess_lon, guess_lat = lon, lat
    for _ in range(_ROUNDS_MAX):
        there_lon, there_lat = forward(guess_lon, guess_lat)
        off_lon, off_lat = there_lon - lon, there_lat - lat
        guess_lon -= off_lon
        guess_lat -= off_lat
        if abs(off_lon) < _EXACT_DEGREES and abs(off_lat) < _EXACT_DEGREES:
            break
    return guess_lon, guess_lat


def _convert(
    geometry: Mapping[str, Any],
    crs: Crs,
    change: Callable[[float, float, Crs], tuple[float, float]],
) -> dict[str, Any]:
    if "geometries" in geometry:
        inner = [_convert(part, crs, change) for part in geometry["geometries"]]
        return dict(geometry) | {"geometries": inner}
    return dict(geometry) | {"coordinates": _nested(geometry.get("coordinates"), crs, change, 0)}


def _nested(
    value: object,
    crs: Crs,
    change: Callable[[float, float, Crs], tuple[float, float]],
    depth: int,
) -> list[Any]:
    # A MultiPolygon nests positions three lists deep; anything deeper is no geometry.
    if depth > 3 or not isinstance(value, Sequence) or isinstance(value, str):
        raise PositionOutOfRange
    if len(value) >= 2 and all(_is_number(part) for part in value):
        check_position(value[0], value[1])
        return [*change(value[0], value[1], crs), *value[2:]]
    return [_nested(part, crs, change, depth + 1) for part in value]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
