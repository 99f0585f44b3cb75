"""The graph every method gets, as it lies on disk.  Imports nothing of the engine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

TARGET = 400
LOW, HIGH = 300, 500


@dataclass(frozen=True, eq=False)
class BenchGraph:
    """One community after contraction of its whole estates.

    Neighbours of atom a are indices[indptr[a]:indptr[a + 1]], `length` the open border to each in
    metres (0 along a barrier).  Blocks of atom a: block[block_ptr[a]:block_ptr[a + 1]].  `estate`
    and `old` are labels or -1.  `xy` are middles in metres.  `outline[a]` is the atom's polygon as
    WKB; an oracle graph without a map has none.  `count` is the number of parts asked for.
    """

    name: str
    family: str
    count: int
    indptr: IntArray
    indices: IntArray
    length: FloatArray
    weight: IntArray
    block_ptr: IntArray
    block: IntArray
    estate: IntArray
    old: IntArray
    xy: FloatArray
    outline: tuple[bytes, ...] = ()

    @property
    def households(self) -> int:
        """All households."""
        return int(self.weight.sum())

    def row(self) -> IntArray:
        """Atom that each entry of `indices` belongs to."""
        return np.repeat(np.arange(len(self.weight)), np.diff(self.indptr))

    def polygons(self) -> NDArray[np.object_]:
        """Polygons of the atoms, metres."""
        shapes: NDArray[np.object_] = shapely.from_wkb(np.array(self.outline, dtype=object))
        return shapes

    def save(self, folder: Path) -> None:
        """Write `<name>.npz`; no pickle."""
        ends = np.cumsum([len(part) for part in self.outline]).astype(np.int64)
        np.savez(
            folder / f"{self.name}.npz",
            family=np.array(self.family),
            count=np.array(self.count),
            wkb=np.frombuffer(b"".join(self.outline), dtype=np.uint8),
            wkb_ends=ends,
            **{name: getattr(self, name) for name in _ARRAYS},
        )


_ARRAYS = ("indptr", "indices", "length", "weight", "block_ptr", "block", "estate", "old", "xy")


def load_graph(path: Path) -> BenchGraph:
    """Read what `save` wrote."""
    with np.load(path, allow_pickle=False) as held:
        wkb = held["wkb"].tobytes()
        ends = held["wkb_ends"].tolist()
        starts = [0, *ends[:-1]] if ends else []
        return BenchGraph(
            name=path.stem,
            family=str(held["family"]),
            count=int(held["count"]),
            outline=tuple(wkb[a:b] for a, b in zip(starts, ends, strict=True)),
            **{name: held[name] for name in _ARRAYS},
        )


def asked_count(households: int) -> int:
    """Parts that everybody is asked for: households / 400, rounded half up."""
    return max(1, (2 * households + TARGET) // (2 * TARGET))


def window(households: int, count: int) -> float:
    """Largest share by which every part may miss N / k and still hold 300 to 500 households.

    Negative when N / k itself lies outside.
    """
    mean = households / count
    return min(mean - LOW, HIGH - mean) / mean


def overweight(households: int, count: int) -> float:
    """Share by which the heaviest part may exceed N / k: what METIS and its kin call imbalance."""
    return HIGH * count / households - 1.0
