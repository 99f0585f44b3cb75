"""Walks the faces of a noded plane: half-edges 2k (from first to second node) and 2k + 1 (back)."""

from __future__ import annotations

import numpy as np

from services.grid_partition.engine.arrays import IntArray, IntTable
from services.grid_partition.engine.kernels.exactly import cross
from services.grid_partition.engine.kernels.jit import inlined, inner, kernel, lean

__all__ = ["enclosing_loops", "simple_rings", "walk_loops"]


@inlined
def _half(dx: int, dy: int) -> int:
    return 0 if dy > 0 or (dy == 0 and dx > 0) else 1


@inlined
def _turn_order(nodes: IntTable, first: IntArray, second: IntArray) -> tuple[IntArray, IntArray]:
    """Half-edges that leave each node, counter-clockwise: start offsets and half-edges."""
    start = np.zeros(len(nodes) + 1, np.int64)
    for k in range(len(first)):
        start[first[k] + 1] += 1
        start[second[k] + 1] += 1
    for node in range(len(nodes)):
        start[node + 1] += start[node]
    fan = np.empty(2 * len(first), np.int64)
    filled = start[:-1].copy()
    for half_edge in range(2 * len(first)):
        k = half_edge >> 1
        here, there = (first[k], second[k]) if half_edge & 1 == 0 else (second[k], first[k])
        dx, dy = nodes[there, 0] - nodes[here, 0], nodes[there, 1] - nodes[here, 1]
        place = filled[here]
        filled[here] += 1
        while place > start[here]:
            other = fan[place - 1]
            far = second[other >> 1] if other & 1 == 0 else first[other >> 1]
            ex, ey = nodes[far, 0] - nodes[here, 0], nodes[far, 1] - nodes[here, 1]
            mine, its = _half(dx, dy), _half(ex, ey)
            if mine > its or (mine == its and cross(ex, ey, dx, dy) > 0.0):
                break
            fan[place] = other
            place -= 1
        fan[place] = half_edge
    return start, fan


@kernel
def walk_loops(
    nodes: IntTable, first: IntArray, second: IntArray
) -> tuple[IntArray, IntArray, IntArray]:
    """Loops of half-edges, each with its face on the left.

    Returns the half-edges loop after loop in walking order, the exclusive ends of the loops, and
    twice their signed areas (negative: the loop runs round a hole, or round everything), exact.
    Segments must meet in nodes only and be there once.  O(s) for nodes of bounded degree.
    """
    start, fan = _turn_order(nodes, first, second)
    count = 2 * len(first)
    follow = np.empty(count, np.int64)
    for node in range(len(nodes)):
        for place in range(start[node], start[node + 1]):
            right = place - 1 if place > start[node] else start[node + 1] - 1
            follow[fan[place] ^ 1] = fan[right]
    walked = np.empty(count, np.int64)
    ends = np.empty(count, np.int64)
    areas = np.empty(count, np.int64)
    seen = np.zeros(count, np.bool_)
    loops, place = 0, 0
    for begin in range(count):
        if seen[begin]:
            continue
        k = begin >> 1
        corner = first[k] if begin & 1 == 0 else second[k]
        half_edge, area = begin, 0
        while not seen[half_edge]:
            seen[half_edge] = True
            walked[place] = half_edge
            place += 1
            k = half_edge >> 1
            here, there = (first[k], second[k]) if half_edge & 1 == 0 else (second[k], first[k])
            ax, ay = nodes[here, 0] - nodes[corner, 0], nodes[here, 1] - nodes[corner, 1]
            bx, by = nodes[there, 0] - nodes[corner, 0], nodes[there, 1] - nodes[corner, 1]
            area += ax * by - ay * bx
            half_edge = follow[half_edge]
        ends[loops] = place
        areas[loops] = area
        loops += 1
    return walked, ends[:loops].copy(), areas[:loops].copy()


@inner
def _westernmost(
    nodes: IntTable, first: IntArray, second: IntArray, loop: IntArray, loops: int
) -> IntArray:
    """Westernmost, then southernmost node of each loop."""
    west = np.full(loops, -1, np.int64)
    for half_edge in range(2 * len(first)):
        k = half_edge >> 1
        node = first[k] if half_edge & 1 == 0 else second[k]
        best = west[loop[half_edge]]
        further = best < 0 or nodes[node, 0] < nodes[best, 0]
        if further or (nodes[node, 0] == nodes[best, 0] and nodes[node, 1] < nodes[best, 1]):
            west[loop[half_edge]] = node
    return west


@lean
def _facing_east(nodes: IntTable, first: IntArray, second: IntArray, point: IntArray) -> int:
    """Half-edge that faces the point from the nearest segment west of it; their number for none."""
    px, py = point[0], point[1]
    nearest, faced = -np.inf, 2 * len(first)
    for k in range(len(first)):
        low, high = first[k], second[k]
        down = nodes[low, 1] > nodes[high, 1]
        if down:
            low, high = high, low
        if not (nodes[low, 1] <= py < nodes[high, 1]):
            continue
        dx, dy = nodes[high, 0] - nodes[low, 0], nodes[high, 1] - nodes[low, 1]
        if cross(dx, dy, px - nodes[low, 0], py - nodes[low, 1]) >= 0.0:
            continue
        x = nodes[low, 0] + float(py - nodes[low, 1]) * (float(dx) / float(dy))
        if x > nearest:
            # Its right side, looking north, is the half-edge that runs south.
            nearest, faced = x, 2 * k if down else 2 * k + 1
    return faced


@kernel
def enclosing_loops(
    nodes: IntTable, first: IntArray, second: IntArray, loop: IntArray, areas: IntArray
) -> IntArray:
    """For each loop the outer loop of its face: itself, another, or -1 for the unbounded face.

    `loop`: of each half-edge.  From the westernmost node of a loop that runs round a hole, the
    next segment to the west faces the same face.  O(holes * s).
    """
    west = _westernmost(nodes, first, second, loop, len(areas))
    outer = np.full(len(areas), -1, np.int64)
    for hole in range(len(areas)):
        if areas[hole] > 0:
            outer[hole] = hole
        else:
            faced = _facing_east(nodes, first, second, nodes[west[hole]])
            outer[hole] = loop[faced] if faced < 2 * len(first) else -1
    for hole in range(len(areas)):
        steps = 0
        while outer[hole] >= 0 and areas[outer[hole]] <= 0 and steps <= len(areas):
            outer[hole] = outer[outer[hole]]
            steps += 1
    return outer


@kernel
def simple_rings(
    chain: IntArray, ends: IntArray, nodes: int
) -> tuple[IntArray, IntArray, IntArray]:
    """Cut loops of nodes wherever they visit a node twice.

    Returns the nodes of the rings one after another, the exclusive ends of the rings, and the loop
    each came from.
    """
    out = np.empty(len(chain), np.int64)
    out_ends = np.empty(len(chain), np.int64)
    source = np.empty(len(chain), np.int64)
    depth_of = np.full(nodes, -1, np.int64)
    stack = np.empty(len(chain) + 1, np.int64)
    rings, place, begin = 0, 0, 0
    for loop in range(len(ends)):
        depth = 0
        for position in range(begin, ends[loop] + 1):
            node = chain[position] if position < ends[loop] else chain[begin]
            back = depth_of[node]
            if back >= 0:
                for level in range(back, depth):
                    out[place] = stack[level]
                    depth_of[stack[level]] = -1
                    place += 1
                out_ends[rings] = place
                source[rings] = loop
                rings += 1
                depth = back
            depth_of[node] = depth
            stack[depth] = node
            depth += 1
        depth_of[chain[begin]] = -1
        begin = ends[loop]
    return out[:place].copy(), out_ends[:rings].copy(), source[:rings].copy()
