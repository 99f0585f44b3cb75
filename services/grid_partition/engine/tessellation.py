"""Cells: the part of a block that is nearer to one building than to any other.

Borders are drawn half way between the sites of a block, run round footprints that they would cut,
are noded with the blocks' rims on the lattice, and walked: whatever the geometry was, every border
is then shared node by node.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.grid_partition.engine.arrays import FloatArray, IntArray
from services.grid_partition.engine.faces import faces_of, site_of_face
from services.grid_partition.engine.ground import Ground
from services.grid_partition.engine.kernels.near import voronoi_borders
from services.grid_partition.engine.pieces import home_pieces
from services.grid_partition.engine.plane import noded_plane
from services.grid_partition.engine.samples import Samples, sampled
from services.grid_partition.engine.sites import Sites

__all__ = ["Cells", "tessellate"]


@dataclass(frozen=True, eq=False)
class Cells:
    """Cells that tile the community, by their borders.

    Border segment i runs from node `first[i]` to `second[i]` (lattice units), between cell
    `left[i]` and cell `right[i]`, -1 for outside; `length` in lattice units.  `site_cell[s]`: cell
    of site s; two sites share one only when they could not be told apart.  `block[c]`: block of
    cell c.  Cells without a site are blocks without buildings.
    """

    nodes: IntArray
    first: IntArray
    second: IntArray
    left: IntArray
    right: IntArray
    length: FloatArray
    site_cell: IntArray
    block: IntArray


def tessellate(sites: Sites, ground: Ground) -> Cells:
    """Cells of the sites, each in its block.

    No border runs through a footprint that lies in its block and overlaps no other.  A footprint
    that a barrier crosses ends at the barrier: what lies beyond belongs to the cells there.  The
    slices of one building are cut inside its footprint.  O(n log n).
    """
    samples = sampled(sites, ground)
    borders = voronoi_borders(samples.index, ground.box())
    outlines, outline_block = _outlines(samples, sites)
    plane = noded_plane(
        ground,
        np.concatenate([borders[:, :4], outlines]),
        np.concatenate([borders[:, 4], outline_block]),
    )
    faces = faces_of(plane)
    site = site_of_face(faces, samples, sites)
    ends = np.concatenate([plane.nodes[plane.first], plane.nodes[plane.second]], axis=1)
    site = home_pieces(faces, site, sites, ends)
    used, cell = np.unique(site, return_inverse=True)
    block = np.zeros(len(used), dtype=np.int64)
    block[cell] = faces.block
    # The last entry stands for the outside.
    with_outside = np.append(cell, -1).astype(np.int64)
    left, right = with_outside[faces.left], with_outside[faces.right]
    kept = left != right
    return Cells(
        nodes=plane.nodes,
        first=plane.first[kept],
        second=plane.second[kept],
        left=left[kept],
        right=right[kept],
        length=faces.length[kept],
        site_cell=_cell_of_site(sites, used),
        block=block,
    )


def _outlines(samples: Samples, sites: Sites) -> tuple[IntArray, IntArray]:
    """Outline segments of the guarded buildings, once for each block with a site of theirs."""
    prints = sites.footprints
    guarded = np.zeros(len(prints.start) - 1, dtype=bool)
    guarded[samples.guarded] = True
    pairs = np.unique(
        np.stack([sites.building, sites.block], axis=1)[guarded[sites.building]], axis=0
    )
    size = np.diff(prints.start)[pairs[:, 0]]
    pair = np.repeat(np.arange(len(pairs)), size)
    step = np.arange(len(pair)) - np.repeat(np.cumsum(size) - size, size)
    here = prints.start[pairs[pair, 0]] + step
    open_end = ~prints.last[here]
    here, pair = here[open_end], pair[open_end]
    return np.concatenate([prints.points[here], prints.points[here + 1]], axis=1), pairs[pair, 1]


def _cell_of_site(sites: Sites, used: IntArray) -> IntArray:
    """Cell of each site; one that was left without takes its nearest neighbour's in the block."""
    count = len(sites.xy)
    place = np.searchsorted(used, np.arange(count))
    own = (place < len(used)) & (used[np.minimum(place, len(used) - 1)] == np.arange(count))
    cell = np.where(own, place, -1).astype(np.int64)
    for site in np.flatnonzero(~own):
        kin = np.flatnonzero(own & (sites.block == sites.block[site]))
        off = (sites.xy[kin] - sites.xy[site]).astype(np.float64)
        cell[site] = cell[kin[int(np.argmin((off * off).sum(axis=1)))]]
    return cell
