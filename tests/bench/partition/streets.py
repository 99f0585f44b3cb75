"""The plan of a generated town: a bent lattice of streets, its blocks, who owns which block."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

#: Distance of one street to the next, metres.
_BETWEEN_M = (120.0, 400.0)
_BEND_M = 20.0
#: Share of inner street edges that do not exist: two blocks are then one.
_ABSENT = 0.1


@dataclass(frozen=True, eq=False)
class Streets:
    """`corners[i, j]`: crossings, metres, shape (columns + 1, rows + 1, 2).

    `lines` are the street edges that exist, the rim included; `water` tells which of them are a
    river.  Block (i, j) lies between corners (i, j) and (i + 1, j + 1).
    """

    corners: NDArray[np.float64]
    lines: tuple[shapely.LineString, ...]
    water: tuple[bool, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Columns and rows of blocks."""
        return self.corners.shape[0] - 1, self.corners.shape[1] - 1

    def quad(self, column: int, row: int) -> NDArray[np.float64]:
        """The four corners of a block, counter-clockwise from the south-west."""
        held = self.corners
        return np.array(
            [
                held[column, row],
                held[column + 1, row],
                held[column + 1, row + 1],
                held[column, row + 1],
            ]
        )


def draw_streets(columns: int, rows: int, rng: np.random.Generator) -> Streets:
    """Bend a lattice and leave out a few of its inner edges; the middle row line is a river."""
    easting = np.cumsum(np.concatenate([[0.0], rng.uniform(*_BETWEEN_M, columns)]))
    northing = np.cumsum(np.concatenate([[0.0], rng.uniform(*_BETWEEN_M, rows)]))
    corners = np.stack(np.meshgrid(easting, northing, indexing="ij"), axis=-1)
    corners += rng.uniform(-_BEND_M, _BEND_M, corners.shape)
    lines: list[shapely.LineString] = []
    water: list[bool] = []
    river = rows // 2 if rows > 2 else -1
    for i in range(columns + 1):
        for j in range(rows + 1):
            for di, dj in ((1, 0), (0, 1)):
                if i + di > columns or j + dj > rows:
                    continue
                rim = (dj and i in (0, columns)) or (di and j in (0, rows))
                flows = bool(di and j == river)
                if rim or flows or rng.random() >= _ABSENT:
                    lines.append(shapely.LineString([corners[i, j], corners[i + di, j + dj]]))
                    water.append(flows)
    return Streets(corners, tuple(lines), tuple(water))


def share_out(shape: tuple[int, int], owners: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Owner of each block: contiguous groups of uneven size, grown by turns; shape (columns, rows).

    Raises ValueError with more owners than blocks.
    """
    columns, rows = shape
    if owners > columns * rows:
        raise ValueError(f"{owners} owners, {columns * rows} blocks")
    share = np.clip(rng.lognormal(0.0, 0.3, owners), 0.6, 1.8)
    owner = np.full(shape, -1, dtype=np.int64)
    for number, seed in enumerate(_spread(shape, owners, rng)):
        owner[seed] = number
    held = np.ones(owners)
    while (owner < 0).any():
        for number in np.argsort(held / share, kind="stable").tolist():
            free = _free_neighbours(owner, number)
            if free:
                owner[free[int(rng.integers(len(free)))]] = number
                held[number] += 1
                break
    return owner


def _spread(shape: tuple[int, int], count: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Blocks far from one another: each next one is the farthest from those chosen."""
    at = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1).reshape(-1, 2)
    chosen = [int(rng.integers(len(at)))]
    away = np.abs(at - at[chosen[0]]).sum(axis=1) + rng.uniform(0, 0.9, len(at))
    while len(chosen) < count:
        away[chosen[-1]] = -1.0
        chosen.append(int(np.argmax(away)))
        away = np.minimum(away, np.abs(at - at[chosen[-1]]).sum(axis=1) + rng.uniform(0, 0.9))
    return [(int(i), int(j)) for i, j in at[chosen]]


def _free_neighbours(owner: NDArray[np.int64], number: int) -> list[tuple[int, int]]:
    columns, rows = owner.shape
    found = []
    for i, j in np.argwhere(owner == number).tolist():
        for a, b in ((i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1)):
            if 0 <= a < columns and 0 <= b < rows and owner[a, b] < 0:
                found.append((a, b))
    return sorted(set(found))
