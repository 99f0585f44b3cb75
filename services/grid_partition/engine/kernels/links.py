"""Dancing links (Knuth, "Dancing links", 2000): the columns of a cover, hidden and shown again."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from services.grid_partition.engine.arrays import FloatArray, IntArray
from services.grid_partition.engine.kernels.jit import inlined, lean

__all__ = ["Links", "Live", "drop", "hide", "new_links", "scarcest", "show", "use"]


class Live(NamedTuple):
    """The columns that are still of interest; `name` is their number in the question."""

    pointer: IntArray
    members: IntArray
    cost: FloatArray
    name: IntArray


class Links(NamedTuple):
    """Four-way links; headers 1..n are the atoms, 0 is the root, the rest members."""

    left: IntArray
    right: IntArray
    up: IntArray
    down: IntArray
    header: IntArray
    column: IntArray
    size: IntArray
    work: IntArray


@inlined
def new_links(items: int, live: Live, order: IntArray) -> Links:
    """Link the columns `order` of `live`, for items 0..items - 1; O(members)."""
    total = items + 1 + live.pointer[len(order)]
    links = Links(
        np.arange(-1, total - 1),
        np.arange(1, total + 1),
        np.arange(total),
        np.arange(total),
        np.arange(total),
        np.full(total, -1, np.int64),
        np.zeros(items + 1, np.int64),
        np.zeros(1, np.int64),
    )
    links.left[0], links.right[items] = items, 0
    node = items + 1
    for place in range(len(order)):
        column = order[place]
        first = node
        for slot in range(live.pointer[column], live.pointer[column + 1]):
            header = live.members[slot] + 1
            links.header[node], links.column[node] = header, column
            links.up[node], links.down[node] = links.up[header], header
            links.down[links.up[header]] = node
            links.up[header] = node
            links.size[header] += 1
            links.left[node], links.right[node] = node - 1, node + 1
            node += 1
        links.left[first], links.right[node - 1] = node - 1, first
    return links


@lean
def hide(links: Links, header: int) -> None:
    """Take an item, and every column that holds it, out of the others' lists."""
    links.right[links.left[header]] = links.right[header]
    links.left[links.right[header]] = links.left[header]
    row = links.down[header]
    while row != header:
        node = links.right[row]
        while node != row:
            links.down[links.up[node]] = links.down[node]
            links.up[links.down[node]] = links.up[node]
            links.size[links.header[node]] -= 1
            links.work[0] += 1
            node = links.right[node]
        row = links.down[row]


@lean
def show(links: Links, header: int) -> None:
    """Undo `hide`, in the reverse order of hiding."""
    row = links.up[header]
    while row != header:
        node = links.left[row]
        while node != row:
            links.size[links.header[node]] += 1
            links.down[links.up[node]] = node
            links.up[links.down[node]] = node
            node = links.left[node]
        row = links.up[row]
    links.right[links.left[header]] = header
    links.left[links.right[header]] = header


@inlined
def scarcest(links: Links) -> int:
    """Header of the item in the fewest columns; 0 where none is left."""
    best, least = 0, 1 << 60
    header = links.right[0]
    while header != 0:
        if links.size[header] < least:
            best, least = header, links.size[header]
        header = links.right[header]
    return best


@inlined
def use(links: Links, row: int) -> None:
    """Hide the other items of a node's column."""
    node = links.right[row]
    while node != row:
        hide(links, links.header[node])
        node = links.right[node]


@inlined
def drop(links: Links, row: int) -> None:
    """Undo `use`."""
    node = links.left[row]
    while node != row:
        show(links, links.header[node])
        node = links.left[node]
