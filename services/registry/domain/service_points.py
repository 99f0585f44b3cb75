"""Service points (阵地): places where residents and riders are served."""

from __future__ import annotations

import math

NEAR_MAX_M = 50_000
_EARTH_M = 6_371_008.8
_DEGREE_M = math.radians(1.0) * _EARTH_M


def box_around(lon: float, lat: float, within_m: float) -> tuple[float, float, float, float]:
    """Return west, south, east, north in degrees of a box that holds all within a distance.

    Near the poles, and across the antimeridian, it spans all longitudes.
    """
    high = within_m / _DEGREE_M
    top = min(90.0, max(abs(lat - high), abs(lat + high)))
    width = math.cos(math.radians(top))
    wide = high / width if width > 1e-9 else 360.0
    west, east = lon - wide, lon + wide
    if west < -180.0 or east > 180.0:
        west, east = -180.0, 180.0
    return west, max(-90.0, lat - high), east, min(90.0, lat + high)


def distance_m(lon: float, lat: float, other_lon: float, other_lat: float) -> float:
    """Return the metres between two places on the sphere (haversine)."""
    phi, other_phi = math.radians(lat), math.radians(other_lat)
    height = math.sin((other_phi - phi) / 2) ** 2
    width = math.sin(math.radians(other_lon - lon) / 2) ** 2
    share = height + math.cos(phi) * math.cos(other_phi) * width
    return 2 * _EARTH_M * math.asin(math.sqrt(min(1.0, share)))
