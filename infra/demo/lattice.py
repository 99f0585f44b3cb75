"""The main lines of the made-up valley: river, railway, roads, and the blocks between them.

Plane coordinates are metres east and north of the recipe's origin.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from infra.demo.recipe import Recipe, Valley, Way

Floats = NDArray[np.float64]
Key = tuple[int, int]


@dataclass(frozen=True)
class Line:
    """A line of the plan in metres; `way` names its class in the recipe."""

    geometry: Any
    way: str
    name: str | None


@dataclass(frozen=True)
class Block:
    """The ground between four main lines, at (column, row) of the lattice."""

    key: Key
    polygon: Any


@dataclass(frozen=True)
class Lattice:
    """Main lines and blocks; together the blocks are the built-up district."""

    lines: tuple[Line, ...]
    blocks: tuple[Block, ...]
    length_m: float


def _corners(valley: Valley, rng: np.random.Generator) -> Floats:
    """Crossings of the main lines, shape (columns + 1, rows, 2)."""
    low, high = valley.column_m
    # The old town in the west has the smaller blocks, so the spacing grows to the east.
    widths = np.linspace(low, high, valley.columns)
    x = np.concatenate([[0.0], np.cumsum(widths)])
    y = np.concatenate([[0.0], np.cumsum(valley.row_m)])
    y -= y[valley.river_line]
    phase = rng.uniform(0, 2 * math.pi)
    grid = np.zeros((len(x), len(y), 2))
    grid[..., 0] = x[:, None]
    spread = 1 + valley.widening * (x / x[-1] - 0.5)
    middle = valley.meander_m * np.sin(2 * math.pi * x / valley.meander_length_m / 2 + phase)
    grid[..., 1] = middle[:, None] + y[None, :] * spread[:, None]
    grid += rng.uniform(-valley.jitter_m, valley.jitter_m, grid.shape)
    return grid


def _edge(start: Floats, end: Floats, way: Way, rng: np.random.Generator) -> Floats:
    """A polyline from crossing to crossing, bent sideways by the wiggle of its class."""
    if not way.points:
        return np.array([start, end])
    along = np.linspace(0, 1, way.points + 2)
    points = start + along[:, None] * (end - start)
    normal = np.array([-(end - start)[1], (end - start)[0]]) / np.hypot(*(end - start))
    bend = np.sin(math.pi * along) * rng.uniform(-1, 1) * way.wiggle_m
    bend[1:-1] += rng.uniform(-0.25, 0.25, way.points) * way.wiggle_m
    bent: Floats = points + bend[:, None] * normal
    # Exact ends: rounding would part the edges that meet in a crossing.
    bent[0], bent[-1] = start, end
    return bent


def _absent(valley: Valley, rng: np.random.Generator) -> set[Key]:
    """Blocks of the two hill rows that stay unbuilt, so that the outline is not a rectangle."""
    rows = len(valley.row_m)
    rim = [(i, j) for i in range(1, valley.columns - 1) for j in (0, rows - 1)]
    count = round(valley.absent_share * len(rim))
    chosen = rng.choice(len(rim), count, replace=False)
    return {rim[int(k)] for k in chosen}


def _column_name(names: dict[str, Any], index: int) -> str:
    first, last = names["north_south_first"], names["north_south_last"]
    # One step in both words a column keeps neighbours apart and every pair unique.
    return f"{first[index % len(first)]}{last[(index // len(first)) % len(last)]}路"


def _chains(present: list[bool], edges: list[Floats]) -> list[Any]:
    """Join neighbouring present edges into line strings."""
    chains: list[list[Floats]] = []
    previous = False
    for is_here, edge in zip(present, edges, strict=True):
        if is_here and previous:
            chains[-1].append(edge[1:])
        elif is_here:
            chains.append([edge])
        previous = is_here
    return [shapely.LineString(np.concatenate(chain)) for chain in chains]


def _way_of_column(valley: Valley, column: int) -> str:
    if column in (0, valley.columns):
        return "edge"
    return valley.columns_cycle[column % len(valley.columns_cycle)]


@dataclass(frozen=True)
class _Edges:
    """Polylines between crossings, by [row][column] and [column][row], and the unbuilt blocks."""

    across: list[list[Floats]]
    upward: list[list[Floats]]
    absent: set[Key]

    def is_built(self, i: int, j: int) -> bool:
        inside = 0 <= i < len(self.across[0]) and 0 <= j < len(self.upward[0])
        return inside and (i, j) not in self.absent

    def block(self, i: int, j: int) -> Block:
        south, east = self.across[j][i], self.upward[i + 1][j]
        north, west = self.across[j + 1][i], self.upward[i][j]
        # Counter-clockwise; each side leaves its first point to the side before it.
        ring = [south, east[1:], north[::-1][1:], west[::-1][1:]]
        return Block((i, j), shapely.Polygon(np.concatenate(ring)))


def _edges(recipe: Recipe, corner: Floats, rng: np.random.Generator) -> _Edges:
    valley, ways = recipe.valley, recipe.ways
    columns, rows = range(valley.columns), range(len(valley.row_m))
    across = [
        [_edge(corner[i, j], corner[i + 1, j], ways[way], rng) for i in columns]
        for j, way in enumerate(valley.rows)
    ]
    upward = [
        [_edge(corner[i, j], corner[i, j + 1], ways[_way_of_column(valley, i)], rng) for j in rows]
        for i in range(valley.columns + 1)
    ]
    return _Edges(across, upward, _absent(valley, rng))


def _main_lines(recipe: Recipe, edges: _Edges) -> list[Line]:
    """Lines along the built blocks; where neither side is built the line is interrupted."""
    valley, names = recipe.valley, recipe.names
    lines: list[Line] = []
    for j, way in enumerate(valley.rows):
        name = {"river": names["river"], "rail": names["rail"]}.get(way, names["east_west"][j])
        here = [edges.is_built(i, j) or edges.is_built(i, j - 1) for i in range(valley.columns)]
        lines += [Line(chain, way, name) for chain in _chains(here, edges.across[j])]
    for i, upward in enumerate(edges.upward):
        here = [edges.is_built(i, j) or edges.is_built(i - 1, j) for j in range(len(upward))]
        way, name = _way_of_column(valley, i), _column_name(names, i)
        lines += [Line(chain, way, name) for chain in _chains(here, upward)]
    return lines


def build_lattice(recipe: Recipe, rng: np.random.Generator) -> Lattice:
    """Lay out the valley; O(columns x rows)."""
    corner = _corners(recipe.valley, rng)
    edges = _edges(recipe, corner, rng)
    blocks = tuple(
        edges.block(i, j)
        for i in range(recipe.valley.columns)
        for j in range(len(recipe.valley.row_m))
        if edges.is_built(i, j)
    )
    return Lattice(tuple(_main_lines(recipe, edges)), blocks, float(corner[-1, 0, 0]))
