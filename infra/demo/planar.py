"""One planar graph for the whole district, on the integer grid of 1e-7 degrees.

All lines are noded once, so that cells, communities and old grids share their borders vertex for
vertex: every polygon of the district is a union of faces of this graph.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.ops import split

from infra.demo.lattice import Block, Line

Floats = NDArray[np.float64]

# WGS 84 ellipsoid (EPSG:7030).
_SEMI_MAJOR_M = 6378137.0
_ECCENTRICITY2 = 0.00669437999014
_PER_DEGREE = 1e7
_CUT_ATTEMPTS = 12
_OVERSHOOT_M = 0.3


@dataclass(frozen=True)
class Frame:
    """Metres around an origin <-> degrees x 1e7, by the radii of curvature at the origin.

    Within 5 km of the origin lengths are right to 0.1 %.
    """

    lon: float
    lat: float

    @property
    def _metres_per_unit(self) -> Floats:
        phi = math.radians(self.lat)
        root = 1 - _ECCENTRICITY2 * math.sin(phi) ** 2
        east = _SEMI_MAJOR_M / math.sqrt(root) * math.cos(phi)
        north = _SEMI_MAJOR_M * (1 - _ECCENTRICITY2) / root**1.5
        return np.radians([east, north]) / _PER_DEGREE

    def to_units(self, geometry: Any) -> Any:
        """Metres to whole units of 1e-7 degree."""
        scale, origin = self._metres_per_unit, np.array([self.lon, self.lat]) * _PER_DEGREE
        return shapely.transform(geometry, lambda xy: np.rint(origin + xy / scale))

    def to_metres(self, geometry: Any) -> Any:
        """Units of 1e-7 degree to metres."""
        scale, origin = self._metres_per_unit, np.array([self.lon, self.lat]) * _PER_DEGREE
        return shapely.transform(geometry, lambda units: (units - origin) * scale)


@dataclass(frozen=True)
class Cell:
    """A face of the graph: a parcel of ground between streets, inside one block."""

    block: int
    units: Any
    metres: Any


@dataclass(frozen=True)
class Plan:
    """Cells, the noded lines between them, and who borders whom (metres of shared border)."""

    cells: tuple[Cell, ...]
    lines: tuple[Line, ...]
    borders: tuple[dict[int, float], ...]


def _cut(polygon: Any, turned: bool, rng: np.random.Generator) -> tuple[Any, Any, Any] | None:
    """Cut across the long axis (or the short one); None when one straight cut does not do it."""
    ring = shapely.get_coordinates(shapely.minimum_rotated_rectangle(polygon))
    first, second = ring[1] - ring[0], ring[2] - ring[1]
    base, axis, side = ring[0], first, second
    if (np.hypot(*first) < np.hypot(*second)) != turned:
        base, axis, side = ring[0], second, first
    start, end = rng.uniform(0.4, 0.6) + rng.uniform(-0.025, 0.025, 2)
    a, b = base + start * axis - 0.2 * side, base + end * axis + 1.2 * side
    line = shapely.LineString([a, b])
    pieces = shapely.get_parts(split(polygon, line))
    inner = shapely.intersection(line, polygon)
    if len(pieces) != 2 or inner.geom_type != "LineString":
        return None
    return pieces[0], pieces[1], inner


def _overshooting(line: Any) -> Any:
    """The line, a little longer at both ends.

    Rounded to the grid an end could stop short of the street that it meets; noding cuts it there.
    """
    start, end = shapely.get_coordinates(line)
    step = (end - start) / np.hypot(*(end - start)) * _OVERSHOOT_M
    return shapely.LineString([start - step, end + step])


def cut_block(polygon: Any, area_max: float, rng: np.random.Generator) -> list[Any]:
    """Straight cuts (line strings) that divide a block into cells of at most `area_max` m2."""
    lines: list[Any] = []
    waiting = [polygon]
    while waiting:
        piece = waiting.pop()
        if shapely.area(piece) <= area_max:
            continue
        for attempt in range(_CUT_ATTEMPTS):
            found = _cut(piece, attempt % 2 == 1, rng)
            if found is not None:
                waiting += found[:2]
                lines.append(_overshooting(found[2]))
                break
    return lines


def _borders(faces: list[Any], frame: Frame) -> tuple[dict[int, float], ...]:
    """Shared border lengths by hashing segments: a noded coverage has equal segments only."""
    owners: dict[tuple[float, ...], list[int]] = defaultdict(list)
    for index, face in enumerate(faces):
        ring = shapely.get_coordinates(face)
        for a, b in zip(ring[:-1].tolist(), ring[1:].tolist(), strict=True):
            owners[tuple(min(a, b) + max(a, b))].append(index)
    borders: tuple[dict[int, float], ...] = tuple(defaultdict(float) for _ in faces)
    for segment, sides in owners.items():
        if len(sides) == 2:
            length = shapely.length(frame.to_metres(shapely.LineString([segment[:2], segment[2:]])))
            borders[sides[0]][sides[1]] += float(length)
            borders[sides[1]][sides[0]] += float(length)
    return borders


def _noded_lines(lines: list[Line], sources: list[Any], noded: Any, frame: Frame) -> list[Line]:
    """Give every noded piece back to the line that it came from."""
    middles = shapely.line_interpolate_point(noded, 0.5, normalized=True)
    piece, source = shapely.STRtree(sources).query_nearest(middles, all_matches=False)
    pieces: dict[int, list[Any]] = defaultdict(list)
    for p, s in zip(piece.tolist(), source.tolist(), strict=True):
        pieces[s].append(noded[p])
    found: list[Line] = []
    for s in sorted(pieces):
        merged = shapely.line_merge(shapely.multilinestrings(pieces[s]))
        metres = frame.to_metres(shapely.get_parts(merged))
        found += [Line(part, lines[s].way, lines[s].name) for part in metres]
    return found


def build_plan(lines: list[Line], blocks: tuple[Block, ...], frame: Frame) -> Plan:
    """Node all lines on the integer grid and polygonize them; O(n log n) for n segments."""
    sources = [frame.to_units(line.geometry) for line in lines]
    noded = shapely.get_parts(shapely.union_all(sources, grid_size=1.0))
    polygons, _, dangles, _ = shapely.polygonize_full(noded)
    faces = list(shapely.get_parts(polygons))
    stubs = {d.wkb for d in shapely.get_parts(dangles)}
    streets = [part for part in noded if part.wkb not in stubs]
    metres = [frame.to_metres(face) for face in faces]
    inner = shapely.point_on_surface(metres)
    face, block = shapely.STRtree([b.polygon for b in blocks]).query(inner, predicate="within")
    home = dict(zip(face.tolist(), block.tolist(), strict=True))
    # A face outside every block is unbuilt ground that the lines happen to enclose.
    kept = sorted(home, key=lambda f: (home[f], inner[f].x, inner[f].y))
    kept_faces = [faces[f] for f in kept]
    cells = tuple(
        Cell(home[f], unit_face, metres[f]) for f, unit_face in zip(kept, kept_faces, strict=True)
    )
    placed = _noded_lines(lines, sources, streets, frame)
    return Plan(cells, tuple(placed), _borders(kept_faces, frame))
