"""What a new cut changes for the households of an old one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.grid_partition.engine.arrays import IntArray

__all__ = ["Change", "changes", "moved_households"]


@dataclass(frozen=True)
class Change:
    """Households that went from one old grid to one new grid; `moved` when they changed hands.

    A new grid continues the old grid that most of its households come from (the smaller label on a
    tie); households from any other old grid have moved.
    """

    old: int
    new: int
    households: int
    moved: bool


def changes(old: IntArray, new: IntArray, households: IntArray) -> tuple[Change, ...]:
    """Count the flows between two labelings of the same things.

    The three arrays are parallel; negative labels mean "in no grid" and are left out.  Sorted by
    new, then old label.  O(n log n).
    """
    known = (old >= 0) & (new >= 0) & (households > 0)
    pairs, inverse = np.unique(
        np.stack([new[known], old[known]], axis=1), axis=0, return_inverse=True
    )
    flow = np.zeros(len(pairs), dtype=np.int64)
    np.add.at(flow, inverse.reshape(-1), households[known])
    parent: dict[int, tuple[int, int]] = {}
    for (after, before), count in zip(pairs.tolist(), flow.tolist(), strict=True):
        best = parent.get(after)
        if best is None or count > best[0]:
            parent[after] = (count, before)
    return tuple(
        Change(old=before, new=after, households=count, moved=parent[after][1] != before)
        for (after, before), count in zip(pairs.tolist(), flow.tolist(), strict=True)
    )


def moved_households(old: IntArray, new: IntArray, households: IntArray) -> int:
    """Households whose new grid continues another old grid than theirs; see `Change`."""
    return sum(change.households for change in changes(old, new, households) if change.moved)
