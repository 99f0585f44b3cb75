"""The buildings of one block: rows of houses in patches, and which patches are estates."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

#: Distance from house to house, metres.
_PITCH_M = 40.0
#: Households of a building by the kind of its patch (low, high), and how often the kind occurs.
_KINDS = ((4, 10), (12, 29), (40, 91))
_SHARES = (0.4, 0.5, 0.1)
_ESTATE_SHARE = 0.35
#: Half the length and half the depth of a footprint, metres.
_HALF = np.array([11.0, 6.0])


class Houses(NamedTuple):
    """Parallel: middle in metres, households, estate number within the block or -1."""

    spot: FloatArray
    households: IntArray
    estate: IntArray


def build_block(
    quad: FloatArray, rng: np.random.Generator, kinds: tuple[tuple[int, int], ...] = _KINDS
) -> Houses:
    """Fill a block with houses; `kinds` are the ranges of households (high end excluded)."""
    columns, rows = _rows(quad)
    patch = _patches(columns, rng)[:, None] * rows + _patches(rows, rng)[None, :]
    patch = np.unique(patch.ravel(), return_inverse=True)[1].astype(np.int64)
    patches = int(patch.max()) + 1
    share = np.array(_SHARES[: len(kinds)])
    kind = rng.choice(len(kinds), patches, p=share / share.sum())
    estate = np.where(rng.random(patches) < _ESTATE_SHARE, np.arange(patches), -1)
    at = np.stack(
        np.meshgrid(np.arange(columns) + 0.5, np.arange(rows) + 0.5, indexing="ij"), axis=-1
    ).reshape(-1, 2)
    at = (at + rng.uniform(-0.12, 0.12, at.shape)) / np.array([columns, rows])
    low, high = np.array(kinds)[kind[patch]].T
    return Houses(_bilinear(quad, at), rng.integers(low, high), estate[patch])


def footprints(spot: FloatArray) -> NDArray[np.object_]:
    """Rectangles around the spots, 22 x 12 m."""
    shapes: NDArray[np.object_] = shapely.box(*(spot - _HALF).T, *(spot + _HALF).T)
    return shapes


def to_total(households: IntArray, total: int, rng: np.random.Generator) -> IntArray:
    """Scale to `total` exactly, every building keeping at least one household."""
    scaled = np.maximum(np.rint(households * (total / households.sum())).astype(np.int64), 1)
    while (off := total - int(scaled.sum())) != 0:
        able = np.flatnonzero(scaled > 1) if off < 0 else np.arange(len(scaled))
        chosen = rng.choice(able, min(abs(off), len(able)), replace=False)
        scaled[chosen] += 1 if off > 0 else -1
    return scaled


def old_grids(houses: Houses, count: int, rng: np.random.Generator) -> IntArray:
    """Uneven old grids: straight cuts across the longer side that leave estates whole."""
    alone = houses.estate < 0
    unit = np.where(alone, np.arange(len(alone)), len(alone) + houses.estate)
    unit = np.unique(unit, return_inverse=True)[1].astype(np.int64)
    size = np.bincount(unit, houses.households)
    spot = np.stack([np.bincount(unit, axis) / np.bincount(unit) for axis in houses.spot.T], axis=1)
    label = np.zeros(len(size), dtype=np.int64)
    for number in range(1, count):
        inside = np.flatnonzero(label == int(np.argmax(np.bincount(label, size, number))))
        span = np.ptp(spot[inside], axis=0)
        order = inside[np.argsort(spot[inside, int(np.argmax(span))], kind="stable")]
        held = np.cumsum(size[order]) / size[order].sum()
        label[order[held > rng.uniform(0.4, 0.6)]] = number
    return label[unit]


def _rows(quad: FloatArray) -> tuple[int, int]:
    """Houses along the block and rows across it, as its mean sides have room for."""
    side = np.hypot(*(np.roll(quad, -1, axis=0) - quad).T)
    along, across = (side[0] + side[2]) / 2, (side[1] + side[3]) / 2
    return max(2, round(along / _PITCH_M)), max(2, round(across / _PITCH_M))


def _patches(count: int, rng: np.random.Generator) -> IntArray:
    """Patch of each of `count` houses in a row: runs of two or three."""
    runs = rng.integers(2, 4, count)
    return np.repeat(np.arange(count), runs)[:count]


def _bilinear(quad: FloatArray, at: FloatArray) -> FloatArray:
    u, v = at[:, :1], at[:, 1:]
    return (
        (1 - u) * (1 - v) * quad[0]
        + u * (1 - v) * quad[1]
        + u * v * quad[2]
        + (1 - u) * v * quad[3]
    )
