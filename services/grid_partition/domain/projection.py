"""Degrees to metres and back: CGCS2000, Gauss-Krueger zones of three degrees.

The zone follows from the longitude of what is projected, so every place has its plane: for
Chengdong (about 101.8 degrees east) the central meridian 102, which is EPSG:4543.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import shapely
from pyproj import Proj
from shapely.geometry.base import BaseGeometry

#: Decimals of published degrees: 1e-10 degree is 0.01 mm, the engine's own lattice.
DECIMALS = 10
_ZONE_DEG = 3

Shapes = TypeVar("Shapes")


@dataclass(frozen=True)
class Plane:
    """One Gauss-Krueger zone; coordinates are metres east (false easting 500 km) and north.

    The formulas of Poder and Engsager (error under 1 nm in the zone) are named outright: PROJ would
    otherwise choose by distance, and a digest must not depend on its version.
    """

    meridian: int

    @classmethod
    def around(cls, shapes: Iterable[BaseGeometry | None]) -> Plane:
        """Return the zone that holds the middle of the shapes' bounds (lon, lat degrees)."""
        west, _, east, _ = outline(shapes)
        return cls(round((west + east) / 2 / _ZONE_DEG) * _ZONE_DEG)

    @cached_property
    def _project(self) -> Proj:
        return Proj(
            f"+proj=tmerc +lat_0=0 +lon_0={self.meridian} +k=1 +x_0=500000 +y_0=0"
            " +ellps=GRS80 +units=m +algo=poder_engsager +no_defs"
        )

    def __getstate__(self) -> dict[str, Any]:
        return {"meridian": self.meridian}

    def to_metres(self, shapes: Shapes) -> Shapes:
        """Project one geometry or an array of them (None stays None)."""

        def forward(points: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
            return np.column_stack(self._project(points[:, 0], points[:, 1]))

        return shapely.transform(shapes, forward)  # type: ignore[no-any-return] # untyped library

    def to_degrees(self, shapes: Shapes) -> Shapes:
        """Bring metres back to degrees, rounded to ten decimals.

        Equal points in metres give equal degrees, so shapes that shared their nodes still do.
        """

        def inverse(points: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
            lon, lat = self._project(points[:, 0], points[:, 1], inverse=True)
            return np.column_stack([lon, lat]).round(DECIMALS)

        return shapely.transform(shapes, inverse)  # type: ignore[no-any-return] # untyped library


def outline(shapes: Iterable[BaseGeometry | None]) -> tuple[float, float, float, float]:
    """Return (west, south, east, north) of all shapes together, in their own unit."""
    west, south, east, north = shapely.total_bounds(np.array(list(shapes), dtype=object)).tolist()
    return west, south, east, north
