"""Where a point lies: the one question that loading asks of geometry."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

Position = Sequence[float]
Ring = Sequence[Position]


@dataclass(frozen=True, slots=True)
class Outline:
    """A community's polygons and their bounding box."""

    code: str
    polygons: Sequence[Sequence[Ring]]
    box: tuple[float, float, float, float]


def outline(code: str, geometry: dict[str, Any] | None) -> Outline | None:
    """Return the outline of a Polygon or MultiPolygon, None for anything else."""
    kind = (geometry or {}).get("type")
    coordinates = (geometry or {}).get("coordinates", [])
    polygons = {"Polygon": [coordinates], "MultiPolygon": coordinates}.get(str(kind), [])
    corners = [position for polygon in polygons for ring in polygon[:1] for position in ring]
    if not corners:
        return None
    lons, lats = [p[0] for p in corners], [p[1] for p in corners]
    return Outline(code, polygons, (min(lons), min(lats), max(lons), max(lats)))


def middle(geometry: dict[str, Any] | None) -> Position | None:
    """Return the mean of a geometry's outer positions: near enough to tell its community."""
    points = list(_positions((geometry or {}).get("coordinates", [])))
    if not points:
        return None
    return (sum(p[0] for p in points) / len(points), sum(p[1] for p in points) / len(points))


def _positions(coordinates: Any) -> Iterable[Position]:
    if coordinates and isinstance(coordinates[0], int | float):
        yield coordinates
        return
    for part in coordinates:
        yield from _positions(part)


def find(point: Position, outlines: Iterable[Outline]) -> str | None:
    """Return the code of the first outline that holds the point."""
    lon, lat = point[0], point[1]
    for candidate in outlines:
        west, south, east, north = candidate.box
        if (
            west <= lon <= east
            and south <= lat <= north
            and any(_inside(lon, lat, polygon) for polygon in candidate.polygons)
        ):
            return candidate.code
    return None


def _inside(lon: float, lat: float, rings: Sequence[Ring]) -> bool:
    """Even-odd rule over all rings, so that holes count as outside."""
    odd = False
    for ring in rings:
        for (x1, y1, *_), (x2, y2, *_) in zip(ring, [*ring[1:], ring[0]], strict=True):
            if (y1 > lat) != (y2 > lat) and lon < (x2 - x1) * (lat - y1) / (y2 - y1) + x1:
                odd = not odd
    return odd
