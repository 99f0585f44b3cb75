"""Rows of buildings inside a piece of ground.  Coordinates are plane metres."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from infra.demo.recipe import Stock

Floats = NDArray[np.float64]
_PLAY_M = 0.5


@dataclass(frozen=True)
class House:
    """A laid-out building; `units` None where entrances are not a thing of its kind."""

    footprint: Any
    kind: str
    units: int | None
    floors: int
    dwellings: int


def facing(polygon: Any) -> float:
    """Angle in radians of the side that runs closest to east-west: rows face south along it."""
    ring = shapely.get_coordinates(shapely.minimum_rotated_rectangle(polygon))
    east, north = ring[1] - ring[0]
    angle = math.atan2(north, east)
    return angle - round(angle / (math.pi / 2)) * (math.pi / 2)


def turn(geometry: Any, angle: float, around: Floats) -> Any:
    """Rotate counter-clockwise by `angle` radians around a point."""
    cos, sin = math.cos(angle), math.sin(angle)
    matrix = np.array([[cos, sin], [-sin, cos]])
    return shapely.transform(geometry, lambda xy: (xy - around) @ matrix + around)


def plots(ground: Any, plot_m: tuple[float, float], gap_m: float) -> list[Any]:
    """Cut ground into plots of about `plot_m` (along, across) that lie `gap_m` apart.

    The table of plots follows the ground's facing, row by row from the south.
    """
    angle, around = facing(ground), shapely.get_coordinates(shapely.centroid(ground))[0]
    flat = turn(ground, -angle, around)
    west, south, east, north = shapely.bounds(flat).tolist()
    columns = max(1, round((east - west) / plot_m[0]))
    rows = max(1, round((north - south) / plot_m[1]))
    x, y = np.linspace(west, east, columns + 1), np.linspace(south, north, rows + 1)
    boxes = [
        shapely.box(x[i], y[j], x[i + 1], y[j + 1]) for j in range(rows) for i in range(columns)
    ]
    pieces = shapely.buffer(shapely.intersection(flat, boxes), -gap_m / 2, join_style="mitre")
    return [turn(piece, angle, around) for piece in pieces if piece.geom_type == "Polygon"]


def strip(ground: Any, depth_m: float) -> tuple[Any, Any]:
    """Cut a strip along the south side: (strip, rest)."""
    angle, around = facing(ground), shapely.get_coordinates(shapely.centroid(ground))[0]
    flat = turn(ground, -angle, around)
    west, south, east, north = shapely.bounds(flat).tolist()
    front = shapely.intersection(flat, shapely.box(west, south, east, south + depth_m))
    rest = shapely.intersection(flat, shapely.box(west, south + depth_m + 4, east, north))
    return turn(front, angle, around), turn(rest, angle, around)


def _spans(flat: Any, lows: Floats, depth: float) -> list[tuple[float, float]]:
    """For each row the x range that is inside the ground on both of its long sides."""
    west, _, east, _ = shapely.bounds(flat).tolist()
    ends: list[tuple[float, float]] = []
    for low in lows.tolist():
        sides = shapely.linestrings([[[west - 1, y], [east + 1, y]] for y in (low, low + depth)])
        inside = shapely.bounds(shapely.intersection(sides, flat))
        ends.append((float(inside[:, 0].max()), float(inside[:, 2].min())))
    return ends


def _row(
    span: tuple[float, float], low: float, stock: Stock, rng: np.random.Generator
) -> list[tuple[float, float, float, int]]:
    """Buildings (x, y, width, units) from west to east, centred in the span."""
    placed: list[tuple[float, float, float, int]] = []
    at, end = span
    if not math.isfinite(end - at):
        return placed
    while True:
        units = int(rng.integers(stock.units[0], stock.units[1] + 1))
        while units > stock.units[0] and at + units * stock.unit_m > end:
            units -= 1
        width = units * stock.unit_m
        if at + width > end:
            break
        placed.append((at, low, width, units))
        at += width + stock.gap_m
    spare = end - (at - stock.gap_m) if placed else 0.0
    shift = max(spare / 2, 0.0)
    return [(x + shift, y, width, units) for x, y, width, units in placed]


def _sites(flat: Any, stock: Stock, rng: np.random.Generator) -> list[tuple[Any, int]]:
    """Footprints inside the turned ground with their unit counts."""
    _, south, _, north = shapely.bounds(flat).tolist()
    pitch = stock.depth_m + stock.row_gap_m
    count = int((north - south + stock.row_gap_m) // pitch)
    if count < 1:
        return []
    used = count * pitch - stock.row_gap_m
    lows = south + (north - south - used) / 2 + np.arange(count) * pitch
    rows = [
        house
        for low, span in zip(lows.tolist(), _spans(flat, lows, stock.depth_m), strict=True)
        for house in _row(span, low, stock, rng)
    ]
    if not rows:
        return []
    x, y, width, units = (np.array(column) for column in zip(*rows, strict=True))
    play = rng.uniform(-_PLAY_M, _PLAY_M, (2, len(x)))
    x, y = x + play[0], y + play[1]
    boxes = shapely.box(x, y, x + width, y + stock.depth_m)
    shapely.prepare(flat)
    inside = shapely.contains_properly(flat, boxes)
    return list(zip(boxes[inside], units[inside].tolist(), strict=True))


def _house(site: Any, units: int, floors: int, stock: Stock) -> House:
    dwellings = units * stock.per_floor * (floors - stock.shop_floors)
    known = units if stock.units_known else None
    return House(site, stock.kind, known, floors, dwellings)


def lay_rows(ground: Any, stock: Stock, rng: np.random.Generator) -> list[House]:
    """Fill ground with rows of one stock; with `stock.most` only those nearest its middle.

    Footprints lie strictly inside the ground and at least `gap_m - 1` metres apart.
    """
    if shapely.is_empty(ground) or ground.geom_type != "Polygon":
        return []
    angle, around = facing(ground), shapely.get_coordinates(shapely.centroid(ground))[0]
    flat = turn(ground, -angle, around)
    sites = _sites(flat, stock, rng)
    if stock.most:
        middle = shapely.Point(around)
        sites.sort(key=lambda site: float(shapely.distance(shapely.centroid(site[0]), middle)))
        sites = sites[: stock.most]
    low, high = stock.floors
    usual = int(rng.integers(low, high + 1))
    varies = 1.0 if stock.units == (1, 1) else 0.15
    floors = np.where(
        rng.random(len(sites)) < varies, rng.integers(low, high + 1, len(sites)), usual
    ).tolist()
    return [
        _house(turn(site, angle, around), units, storeys, stock)
        for (site, units), storeys in zip(sites, floors, strict=True)
    ]
