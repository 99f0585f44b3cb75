"""Where segments of a lattice meet: the points at which each must be split."""

from __future__ import annotations

import numpy as np

from services.grid_partition.engine.arrays import IntArray, IntTable
from services.grid_partition.engine.kernels.exactly import cross
from services.grid_partition.engine.kernels.jit import inlined, inner, kernel

__all__ = ["meeting_points", "weld"]

#: Squared distance (lattice steps) below which a node lies on a segment: just above half a square's
#: diagonal, so that the rounded crossing of two segments always lies on both.
_ON_SEGMENT = 0.51


@inlined
def _on(px: int, py: int, ax: int, ay: int, bx: int, by: int) -> bool:
    """Whether p lies on the inside of segment a-b."""
    dx, dy = bx - ax, by - ay
    along = float(px - ax) * float(dx) + float(py - ay) * float(dy)
    square = float(dx) * float(dx) + float(dy) * float(dy)
    if along <= 0.0 or along >= square:
        return False
    off = cross(dx, dy, px - ax, py - ay)
    return off * off < _ON_SEGMENT * square


@inner
def _squares(segments: IntTable, size: int, columns: int, rows: int) -> tuple[IntArray, IntArray]:
    """Segments of each square of side `size` (start offsets, members); a few squares too many."""
    start = np.zeros(columns * rows + 1, np.int64)
    members = np.zeros(0, np.int64)
    for fill in range(2):
        for i in range(len(segments)):
            ax, ay, bx, by = segments[i, 0], segments[i, 1], segments[i, 2], segments[i, 3]
            if ax > bx:
                ax, ay, bx, by = bx, by, ax, ay
            slope = float(by - ay) / float(max(bx - ax, 1))
            for column in range((ax - 2) // size, (bx + 2) // size + 1):
                west, east = max(column * size - 2, ax), min((column + 1) * size + 2, bx)
                low = ay + slope * (west - ax)
                high = ay + slope * (east - ax)
                if bx - ax < 2:
                    low, high = float(ay), float(by)
                if low > high:
                    low, high = high, low
                for row in range(int(low - 3) // size, int(high + 3) // size + 1):
                    square = min(max(column, 0), columns - 1) * rows + min(max(row, 0), rows - 1)
                    if fill == 0:
                        start[square + 1] += 1
                    else:
                        members[start[square]] = i
                        start[square] += 1
        if fill == 0:
            for square in range(columns * rows):
                start[square + 1] += start[square]
            members = np.empty(start[-1], np.int64)
    for square in range(columns * rows - 1, 0, -1):
        start[square] = start[square - 1]
    start[0] = 0
    return start, members


@inlined
def _meet(segments: IntTable, i: int, j: int, out: IntArray, count: int) -> int:
    """Append the points at which segments i and j split each other; returns the new count."""
    ax, ay, bx, by = segments[i, 0], segments[i, 1], segments[i, 2], segments[i, 3]
    cx, cy, dx, dy = segments[j, 0], segments[j, 1], segments[j, 2], segments[j, 3]
    before = count
    if _on(ax, ay, cx, cy, dx, dy):
        out[count, 0], out[count, 1], out[count, 2] = j, ax, ay
        count += 1
    if _on(bx, by, cx, cy, dx, dy):
        out[count, 0], out[count, 1], out[count, 2] = j, bx, by
        count += 1
    if _on(cx, cy, ax, ay, bx, by):
        out[count, 0], out[count, 1], out[count, 2] = i, cx, cy
        count += 1
    if _on(dx, dy, ax, ay, bx, by):
        out[count, 0], out[count, 1], out[count, 2] = i, dx, dy
        count += 1
    if count > before:
        return count
    from_c = cross(dx - cx, dy - cy, ax - cx, ay - cy)
    to_c = cross(dx - cx, dy - cy, bx - cx, by - cy)
    from_a = cross(bx - ax, by - ay, cx - ax, cy - ay)
    to_a = cross(bx - ax, by - ay, dx - ax, dy - ay)
    if from_c * to_c < 0.0 and from_a * to_a < 0.0:
        share = from_c / (from_c - to_c)
        px, py = ax + int(np.rint(share * (bx - ax))), ay + int(np.rint(share * (by - ay)))
        out[count, 0], out[count, 1], out[count, 2] = i, px, py
        out[count + 1, 0], out[count + 1, 1], out[count + 1, 2] = j, px, py
        count += 2
    return count


@inlined
def _share_side(sides: IntTable, i: int, j: int) -> bool:
    for k in range(2):
        side = sides[i, k]
        if side >= 0 and side in (sides[j, 0], sides[j, 1]):
            return True
    return False


@inlined
def _boxes_meet(segments: IntTable, i: int, j: int) -> bool:
    """Whether the bounds of two segments are no further apart than a lattice step."""
    return not (
        max(segments[i, 0], segments[i, 2]) + 1 < min(segments[j, 0], segments[j, 2])
        or max(segments[j, 0], segments[j, 2]) + 1 < min(segments[i, 0], segments[i, 2])
        or max(segments[i, 1], segments[i, 3]) + 1 < min(segments[j, 1], segments[j, 3])
        or max(segments[j, 1], segments[j, 3]) + 1 < min(segments[i, 1], segments[i, 3])
    )


@kernel
def meeting_points(
    segments: IntTable, sides: IntTable, fixed: IntArray, size: int, columns: int, rows: int
) -> IntArray:
    """Rows (segment, x, y): split that segment there.  Empty means: noded, exactly.

    `segments`: shape (n, 4), x and y of both ends, all >= 0.  Two segments are looked at only when
    they share one of their two `sides` (a block) and are not both `fixed` (known to be noded).
    """
    start, members = _squares(segments, size, columns, rows)
    out = np.empty((4 * len(segments) + 64, 3), np.int64)
    count = 0
    for square in range(columns * rows):
        for first in range(start[square], start[square + 1]):
            i = members[first]
            for second in range(first + 1, start[square + 1]):
                j = members[second]
                if (fixed[i] and fixed[j]) or not (
                    _share_side(sides, i, j) and _boxes_meet(segments, i, j)
                ):
                    continue
                if count + 8 > len(out):
                    out = np.concatenate((out, np.empty_like(out)))
                count = _meet(segments, i, j, out, count)
    return out[:count].copy()


@kernel
def weld(points: IntTable, key: IntArray, order: IntArray, stride: int, reach: int) -> IntArray:
    """For each point the earliest point no further than `reach` away that stays itself.

    `key` is column * stride + row of the point's square of side `reach`; `order` sorts the keys.
    """
    into = np.full(len(points), -1, np.int64)
    sorted_key = np.empty(len(order), np.int64)
    for i in range(len(order)):
        sorted_key[i] = key[order[i]]
    for i in range(len(points)):
        best = i
        for column in range(-1, 2):
            low = key[i] + column * stride - 1
            place, end = 0, len(order)
            while place < end:
                middle = (place + end) >> 1
                if sorted_key[middle] < low:
                    place = middle + 1
                else:
                    end = middle
            while place < len(order) and sorted_key[place] <= low + 2:
                j = order[place]
                place += 1
                if j < best and into[j] == j:
                    dx, dy = points[i, 0] - points[j, 0], points[i, 1] - points[j, 1]
                    if dx * dx + dy * dy <= reach * reach:
                        best = j
        into[i] = best
    return into
