"""Joins pieces that a footprint or a notch of the block cut off from their site."""

from __future__ import annotations

import numpy as np

from services.grid_partition.engine.arrays import BoolArray, FloatArray, IntArray
from services.grid_partition.engine.faces import Faces
from services.grid_partition.engine.kernels.union import components
from services.grid_partition.engine.sites import Sites

__all__ = ["home_pieces"]


def home_pieces(faces: Faces, site: IntArray, sites: Sites, plane_ends: IntArray) -> IntArray:
    """Site of each face once every site has one connected piece.

    The piece that holds the site is its home (else the one with most of its footprint, else the
    largest); any other joins the neighbour in its block with which it shares the longest border,
    smallest first.  `plane_ends`: x, y, x, y of the plane's segments.
    """
    inner = (faces.left >= 0) & (faces.right >= 0)
    low, high, length = faces.left[inner], faces.right[inner], faces.length[inner]
    same = site[low] == site[high]
    piece = components(len(site), low[same], high[same])
    count = int(piece.max(initial=-1)) + 1
    owner = np.zeros(count, dtype=np.int64)
    owner[piece] = site
    several = np.bincount(owner)[owner] > 1
    if not several.any():
        return site
    area = np.bincount(piece, faces.area, count).astype(np.float64)
    block = np.zeros(count, dtype=np.int64)
    block[piece] = faces.block
    loose = several.copy()
    loose[_homes(faces, piece, owner, several, area, sites, plane_ends)] = False
    apart = (piece[low] != piece[high]) & (faces.block[low] == faces.block[high])
    into = _absorbed(piece[low[apart]], piece[high[apart]], length[apart], loose, area)
    return np.asarray(owner[into[piece]], dtype=np.int64)


def _homes(
    faces: Faces,
    piece: IntArray,
    owner: IntArray,
    several: BoolArray,
    area: FloatArray,
    sites: Sites,
    plane_ends: IntArray,
) -> IntArray:
    """One piece of each site that has several."""
    chosen = np.flatnonzero(several)
    holds = np.array(
        [_holds(faces, piece, p, sites.xy, owner, plane_ends) for p in chosen.tolist()]
    )
    footed = np.zeros(len(area))
    print_of = np.where(owner < len(sites.xy), owner, 0)
    building = sites.building[print_of]
    inside = sites.footprints.holds(building[piece], faces.spot)
    np.add.at(footed, piece, np.where(inside, faces.area, 0.0))
    order = np.lexsort((area[chosen], footed[chosen], holds, owner[chosen]))
    ranked = chosen[order]
    last = np.ones(len(ranked), dtype=bool)
    last[:-1] = owner[ranked[1:]] != owner[ranked[:-1]]
    return ranked[last]


def _holds(
    faces: Faces, piece: IntArray, one: int, xy: IntArray, owner: IntArray, ends: IntArray
) -> bool:
    """Whether a piece holds its own site: odd number of its border segments to the east."""
    if owner[one] >= len(xy):
        return False
    left = np.where(faces.left >= 0, piece[faces.left], -1) == one
    right = np.where(faces.right >= 0, piece[faces.right], -1) == one
    rim = ends[left != right].astype(np.float64) - np.tile(xy[owner[one]], 2)
    crosses = (rim[:, 1] > 0) != (rim[:, 3] > 0)
    ax, ay, bx, by = rim[crosses].T
    return bool((((ax * by - ay * bx) > 0) == (by > ay)).sum() % 2)


def _absorbed(
    low: IntArray, high: IntArray, length: FloatArray, loose: BoolArray, area: FloatArray
) -> IntArray:
    """Piece that each piece ends up in."""
    border: list[dict[int, float]] = [{} for _ in range(len(loose))]
    for a, b, metres in zip(low.tolist(), high.tolist(), length.tolist(), strict=True):
        border[a][b] = border[a].get(b, 0.0) + metres
        border[b][a] = border[b].get(a, 0.0) + metres
    into = np.arange(len(loose), dtype=np.int64)
    waiting = sorted(np.flatnonzero(loose).tolist(), key=lambda p: (area[p], p))
    for one in waiting:
        near = border[one]
        if not near:
            continue
        best = min(near, key=lambda other: (-near[other], other))
        into[one] = best
        for other, metres in near.items():
            border[other].pop(one)
            if other != best:
                border[best][other] = border[best].get(other, 0.0) + metres
                border[other][best] = border[other].get(best, 0.0) + metres
    for one in reversed(waiting):
        into[one] = into[into[one]]
    return into
