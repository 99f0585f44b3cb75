"""Extra points along footprints that a border between two sites would cut."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.grid_partition.engine.arrays import BoolArray, FloatArray, IntArray
from services.grid_partition.engine.frame import LATTICE_PER_M
from services.grid_partition.engine.ground import Ground
from services.grid_partition.engine.index import pairs_in_boxes, site_index
from services.grid_partition.engine.kernels.near import SiteIndex, nearest_sites
from services.grid_partition.engine.sites import Sites

__all__ = ["Samples", "sampled"]

_STEP_M = 12.0
_THIN_M = 2.0
_MOST_STEPS = 8


@dataclass(frozen=True, eq=False)
class Samples:
    """What the cells are nearest to: the sites, and points along endangered footprints.

    `index` holds them with the number of their site as owner.  `guarded`: canonical buildings whose
    footprint a border may still touch; it is cut out of the map as a whole.
    """

    index: SiteIndex
    guarded: IntArray


def sampled(sites: Sites, ground: Ground) -> Samples:
    """Sample footprints until no corner of an unsampled one is nearer to another building.

    A cell around one site is convex, so a footprint whose corners are all in it is not cut; only
    sampled footprints need guarding.  A footprint that holds another building's site (overlapping
    outlines) is left alone.  O(n log n) for n outline points.
    """
    prints, building = sites.footprints, sites.building
    corners = np.flatnonzero(~prints.last)
    of = np.searchsorted(prints.start, corners, side="right") - 1
    home = sites.block[sites.first]
    xy, owner = sites.xy, np.arange(len(sites.xy))
    marked = np.zeros(len(home), dtype=bool)
    while True:
        index = site_index(xy, owner, sites.block[owner], ground.size)
        nearest = index.owner[nearest_sites(prints.points[corners], home[of], index)]
        cut = np.zeros(len(home), dtype=bool)
        cut[of[building[nearest] != of]] = True
        fresh = np.flatnonzero(cut & ~marked)
        if not len(fresh):
            break
        marked[fresh] = True
        spots, spot_site = _outline_points(sites, fresh)
        xy, owner = _distinct(
            np.concatenate([xy, spots]), np.concatenate([owner, spot_site]), sites.block
        )
        left = ~marked[of]
        corners, of = corners[left], of[left]
    return Samples(index, _without_guests(sites, np.flatnonzero(marked)))


def _outline_points(sites: Sites, chosen: IntArray) -> tuple[IntArray, IntArray]:
    """Points along the outlines of the chosen buildings, each with the nearest of its sites."""
    prints = sites.footprints
    of = np.repeat(chosen, np.diff(prints.start)[chosen])
    size = np.diff(prints.start)[chosen]
    here = np.arange(len(of)) + np.repeat(prints.start[chosen] - np.cumsum(size) + size, size)
    inner = ~prints.last[here]
    here, of = here[inner], of[inner]
    start = prints.points[here].astype(np.float64)
    side = prints.points[here + 1] - start
    length = np.sqrt(side[:, 0] ** 2 + side[:, 1] ** 2)
    rim = np.bincount(of, length)
    step = np.maximum(_STEP_M * LATTICE_PER_M, rim / _MOST_STEPS)[of]
    pieces = np.maximum(np.ceil(length / step), 1).astype(np.int64)
    edge = np.repeat(np.arange(len(here)), pieces)
    number = np.arange(len(edge)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    share: FloatArray = number / pieces[edge]
    along = (np.cumsum(length) - length)[edge] + share * length[edge]
    spots = np.rint(start[edge] + share[:, None] * side[edge]).astype(np.int64)
    kept = _thinned(along, of[edge])
    spots, of = spots[kept], of[edge][kept]
    return spots, sites.part_at(of, spots, np.full(len(of), -1, dtype=np.int64))


def _thinned(along: FloatArray, of: IntArray) -> BoolArray:
    """The first point in every two metres of outline."""
    slot = np.floor(along / (_THIN_M * LATTICE_PER_M))
    kept = np.ones(len(slot), dtype=bool)
    kept[1:] = (slot[1:] != slot[:-1]) | (of[1:] != of[:-1])
    return kept


def _distinct(xy: IntArray, owner: IntArray, block: IntArray) -> tuple[IntArray, IntArray]:
    """One sample a place and block; the lowest owner keeps it."""
    order = np.lexsort((owner, xy[:, 1], xy[:, 0], block[owner]))
    xy, owner = xy[order], owner[order]
    fresh = np.ones(len(xy), dtype=bool)
    fresh[1:] = (xy[1:] != xy[:-1]).any(axis=1) | (block[owner[1:]] != block[owner[:-1]])
    return xy[fresh], owner[fresh]


def _without_guests(sites: Sites, guarded: IntArray) -> IntArray:
    if not len(guarded):
        return guarded
    site, place = pairs_in_boxes(sites.xy, sites.footprints.boxes(guarded))
    foreign = sites.building[site] != guarded[place]
    site, place = site[foreign], place[foreign]
    inside = sites.footprints.holds(guarded[place], sites.xy[site])
    return np.delete(guarded, np.unique(place[inside]))
