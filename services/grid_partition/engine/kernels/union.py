"""Connected components by union and find."""

from __future__ import annotations

import numpy as np

from services.grid_partition.engine.arrays import IntArray
from services.grid_partition.engine.kernels.jit import kernel, lean

__all__ = ["components", "find"]


@lean
def find(parent: IntArray, item: int) -> int:
    """Root of an item; halves the path on the way."""
    while parent[item] != item:
        parent[item] = parent[parent[item]]
        item = parent[item]
    return item


@kernel
def components(size: int, first: IntArray, second: IntArray) -> IntArray:
    """Component label of 0..size-1 under the edges first[i]-second[i].

    Labels run from 0 in the order of the smallest member.
    """
    parent = np.arange(size)
    for edge in range(len(first)):
        a, b = find(parent, first[edge]), find(parent, second[edge])
        if a < b:
            parent[b] = a
        else:
            parent[a] = b
    label = np.full(size, -1, dtype=np.int64)
    count = 0
    for item in range(size):
        root = find(parent, item)
        if label[root] < 0:
            label[root] = count
            count += 1
        label[item] = label[root]
    return label
