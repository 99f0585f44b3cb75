"""The map of a cut as SVG: grids in soft colours, community borders, barriers, numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any
from xml.sax.saxutils import escape

import orjson
import shapely

from services.grid_partition.domain.cutting import CutResult

_WIDTH_PX = 1600.0
_MARGIN_PX = 20.0
_COLOURS = ("#cfe8d5", "#fde2c4", "#d4def5", "#f6d5e5", "#eef0c6", "#d8eef0", "#e6dcf3")
_OUT_OF_RANGE = "#e2574c"
_STYLE = (
    "<style>.g{stroke:#667;stroke-width:.6}.c{fill:none;stroke:#223;stroke-width:1.8}"
    ".b{fill:none;stroke:#a58a5f;stroke-width:1;opacity:.7}"
    "text{font:7px sans-serif;text-anchor:middle;fill:#334}</style>"
)


class _Paper:
    """Degrees to pixels: equirectangular at the map's middle, north up."""

    def __init__(self, bounds: Sequence[float]) -> None:
        west, south, east, north = bounds
        self._west, self._north = west, north
        self._squeeze = math.cos(math.radians((south + north) / 2))
        wide = max((east - west) * self._squeeze, 1e-9)
        self._scale = (_WIDTH_PX - 2 * _MARGIN_PX) / wide
        self.height_px = (north - south) * self._scale + 2 * _MARGIN_PX

    def spot(self, point: Sequence[float]) -> str:
        """Return "x,y" of a position."""
        x = (point[0] - self._west) * self._squeeze * self._scale + _MARGIN_PX
        y = (self._north - point[1]) * self._scale + _MARGIN_PX
        return f"{x:.1f},{y:.1f}"

    def path(self, rings: Iterable[Sequence[Sequence[float]]], *, closed: bool) -> str:
        """Return path data of rings or lines."""
        end = "Z" if closed else ""
        return "".join("M" + "L".join(self.spot(p) for p in ring) + end for ring in rings)


def draw_map(title: str, results: Sequence[CutResult], lines: Sequence[dict[str, Any]]) -> str:
    """Return the SVG text; grids out of range are red, numbers are the last three digits."""
    shapes = [shapely.from_geojson([g.geometry for g in result.grids]) for result in results]
    bounds = shapely.total_bounds([shape for found in shapes for shape in found]).tolist()
    paper = _Paper(bounds)
    height = paper.height_px
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH_PX:.0f} {height:.0f}">',
        f"<title>{escape(title)}</title>{_STYLE}",
    ]
    parts += [_grid(paper, grid) for result in results for grid in result.grids]
    parts += [f'<path class="b" d="{paper.path(_rings(line), closed=False)}"/>' for line in lines]
    for found in shapes:
        whole = orjson.loads(shapely.to_geojson(shapely.unary_union(found)))
        parts.append(f'<path class="c" d="{paper.path(_rings(whole), closed=True)}"/>')
    for result, found in zip(results, shapes, strict=True):
        for grid, shape in zip(result.grids, found, strict=True):
            spot = shapely.point_on_surface(shape)
            x, y = paper.spot((spot.x, spot.y)).split(",")
            parts.append(f'<text x="{x}" y="{y}">{escape(grid.code[-3:])}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _grid(paper: _Paper, grid: Any) -> str:
    colour = _COLOURS[grid.number % len(_COLOURS)] if grid.in_range else _OUT_OF_RANGE
    data = paper.path(_rings(orjson.loads(grid.geometry)), closed=True)
    name = f"<title>{escape(grid.code)}: {grid.households}</title>"
    return f'<path class="g" fill="{colour}" fill-rule="evenodd" d="{data}">{name}</path>'


def _rings(geometry: dict[str, Any]) -> list[Sequence[Sequence[float]]]:
    nested = geometry["coordinates"]
    kind = geometry["type"]
    if kind == "LineString":
        return [nested]
    if kind in {"Polygon", "MultiLineString"}:
        return list(nested)
    return [ring for polygon in nested for ring in polygon]
