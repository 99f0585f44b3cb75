"""Geometry at the registry's door: validity, extent, inner point, distance to a boundary.

The only module of the registry that may use shapely.  Coordinates are CGCS2000 degrees,
longitude first.  Distances are metres on a local equirectangular plane, exact to some tenths of
a percent at the size of a city.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import shapely

from services.registry.domain.problems import GeometryInvalid

_DEGREE_M = 111_195.0
_REASON = re.compile(r"^(?P<reason>[^\[]+)(?:\[(?P<lon>\S+) (?P<lat>[^\]\s]+))?")
_TEXT_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Shape:
    """A checked geometry: its extent in degrees and a point that lies on it."""

    west: float
    south: float
    east: float
    north: float
    lon: float
    lat: float


def check(geojson: str) -> Shape:
    """Return the extent and the inner point of a GeoJSON geometry, or refuse: GeometryInvalid.

    Expects structure and ranges to be checked already.  O(n log n) in the number of positions.
    """
    shape = shapely.from_geojson(geojson)
    if not shapely.is_valid(shape):
        raise _invalid(shapely.is_valid_reason(shape), shape)
    if shape.geom_type != "Point" and not shape.area > 0:
        raise _invalid("No area", shape)
    west, south, east, north = (float(value) for value in shape.bounds)
    point = shapely.point_on_surface(shape)
    return Shape(west, south, east, north, float(point.x), float(point.y))


def _invalid(reason: str, shape: Any) -> GeometryInvalid:
    found = _REASON.match(reason)
    lon, lat = (float(value) for value in shapely.get_coordinates(shape)[0][:2])
    if found and found["lon"] and found["lat"]:
        lon, lat = float(found["lon"]), float(found["lat"])
    return GeometryInvalid(
        reason=(found["reason"] if found else reason).strip(),
        longitude=round(lon, _TEXT_DIGITS),
        latitude=round(lat, _TEXT_DIGITS),
    )


class Outline:
    """The boundary of one community, ready to be asked about many points."""

    def __init__(self, geojson: str) -> None:
        shape = shapely.from_geojson(geojson)
        self._east_m = _DEGREE_M * math.cos(math.radians(shape.centroid.y))
        self._shape = shapely.transform(shape, self._metres)
        shapely.prepare(self._shape)

    def distance_m(self, lon: float, lat: float) -> float:
        """Return the metres from a point to the outline, 0 on or inside it."""
        point = shapely.Point(lon * self._east_m, lat * _DEGREE_M)
        if self._shape.intersects(point):
            return 0.0
        return float(shapely.distance(self._shape, point))

    def _metres(self, positions: Any) -> Any:
        return positions * (self._east_m, _DEGREE_M)


class Outlines:
    """The boundaries of many communities: which one holds a point?"""

    def __init__(self, boundaries: Mapping[str, str]) -> None:
        self._codes: Sequence[str] = sorted(boundaries)
        self._boundaries = boundaries
        shapes = [shapely.from_geojson(boundaries[code]) for code in self._codes]
        self._tree = shapely.STRtree(shapes)
        self._asked: dict[str, Outline] = {}

    def code_at(self, lon: float, lat: float) -> str | None:
        """Return the code of the community that holds the point, the lowest on a shared border."""
        found = self._tree.query(shapely.Point(lon, lat), predicate="intersects")
        return self._codes[min(int(index) for index in found)] if len(found) else None

    def distance_m(self, code: str, lon: float, lat: float) -> float:
        """Return the metres from a point to a community; 0 inside it or where none is known."""
        if code not in self._boundaries:
            return 0.0
        if code not in self._asked:
            self._asked[code] = Outline(self._boundaries[code])
        return self._asked[code].distance_m(lon, lat)
