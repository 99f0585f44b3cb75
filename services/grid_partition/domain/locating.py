"""Which grid holds a point: an index over the grids in force, in memory.

A point on a border that grids share belongs to the one with the smallest code, always.  Distances
to the nearest grid are metres on the ellipsoid's tangent plane at the middle of the map (better
than 0.1 % within a city).
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely

_SEMI_MAJOR_M = 6_378_137.0
_ECCENTRICITY2 = 0.006694380022903416  # CGCS2000: f = 1 / 298.257222101
_VIEWS_MAX = 64


@dataclass(frozen=True, slots=True)
class MappedGrid:
    """A grid as the map knows it; `geometry` is GeoJSON text in degrees."""

    code: str
    name: str
    community_code: str
    community_name: str
    geometry: str


@dataclass(frozen=True, slots=True)
class Located:
    """The answer for one point: the grid that holds it, else the nearest and how far it is."""

    grid: MappedGrid | None
    nearest: MappedGrid | None = None
    distance_m: float | None = None


class GridIndex:
    """An immutable index; `grids` must be in code order.  Memory about 4 kB a grid."""

    def __init__(
        self, grids: Sequence[MappedGrid], shapes: Sequence[shapely.Geometry] | None = None
    ) -> None:
        self.grids = tuple(grids)
        drawn = (
            shapely.from_geojson([grid.geometry for grid in grids]) if shapes is None else shapes
        )
        self._shapes = np.array(list(drawn), dtype=object)
        shapely.prepare(self._shapes)
        self._tree = shapely.STRtree(self._shapes)
        self._scale = _metres_per_degree(self._shapes)
        self._metric_tree: shapely.STRtree | None = None
        self._views: OrderedDict[tuple[str, ...], GridIndex] = OrderedDict()

    def view(self, key: tuple[str, ...], holds: Callable[[str], bool]) -> GridIndex:
        """Return the index of the grids whose code `holds` admits; kept under the key."""
        view = self._views.get(key)
        if view is None:
            inside = [n for n, grid in enumerate(self.grids) if holds(grid.code)]
            view = GridIndex([self.grids[n] for n in inside], [self._shapes[n] for n in inside])
            self._views[key] = view
            if len(self._views) > _VIEWS_MAX:
                self._views.popitem(last=False)
        else:
            self._views.move_to_end(key)
        return view

    def locate(self, lon: Sequence[float], lat: Sequence[float]) -> list[Located]:
        """Answer points given in degrees (CGCS2000), in their order."""
        if not self.grids:
            return [Located(None)] * len(lon)
        points = shapely.points(np.asarray(lon, dtype=float), np.asarray(lat, dtype=float))
        nobody = len(self.grids)
        first = np.full(len(points), nobody)
        asked, found = self._tree.query(points, predicate="intersects")
        np.minimum.at(first, asked, found)
        outside = np.flatnonzero(first == nobody)
        answers = [Located(None) if n == nobody else Located(self.grids[n]) for n in first]
        for place, (grid, distance_m) in zip(outside, self._nearest(points[outside]), strict=True):
            answers[place] = Located(None, self.grids[grid], distance_m)
        return answers

    def _nearest(self, points: np.ndarray) -> list[tuple[int, float]]:
        if not len(points):
            return []
        if self._metric_tree is None:
            self._metric_tree = shapely.STRtree(shapely.transform(self._shapes, self._to_metres))
        (asked, found), distances = self._metric_tree.query_nearest(
            shapely.transform(points, self._to_metres), return_distance=True, all_matches=True
        )
        best: dict[int, tuple[int, float]] = {}
        # Several grids can be equally near; the smallest code stands for them.
        for place, grid, distance_m in sorted(zip(asked, found, distances, strict=True)):
            best.setdefault(int(place), (int(grid), round(float(distance_m), 2)))
        return [best[place] for place in range(len(points))]

    def _to_metres(self, degrees: np.ndarray) -> np.ndarray:
        scaled: np.ndarray = degrees * self._scale
        return scaled


def _metres_per_degree(shapes: np.ndarray) -> np.ndarray:
    if not len(shapes):
        return np.ones(2)
    bounds = shapely.total_bounds(shapes)
    middle = math.radians((bounds[1] + bounds[3]) / 2)
    flattening = 1 - _ECCENTRICITY2 * math.sin(middle) ** 2
    across = _SEMI_MAJOR_M / math.sqrt(flattening)
    along = across * (1 - _ECCENTRICITY2) / flattening
    return np.array([across * math.cos(middle), along]) * math.pi / 180
