"""Faces of a noded plane and the site that each belongs to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.grid_partition.engine.arrays import FloatArray, IntArray
from services.grid_partition.engine.index import pairs_in_boxes
from services.grid_partition.engine.kernels.near import nearest_sites
from services.grid_partition.engine.kernels.walk import enclosing_loops, walk_loops
from services.grid_partition.engine.plane import Plane
from services.grid_partition.engine.samples import Samples
from services.grid_partition.engine.sites import Sites

__all__ = ["Faces", "faces_of", "site_of_face"]

#: How far from the middle of its longest side a face is asked what it is nearest to (lattice).
_INSIDE = 30.0


@dataclass(frozen=True, eq=False)
class Faces:
    """Faces that tile the community, parallel arrays.

    `left`, `right`: face beside each segment of the plane, -1 outside.  `length` of the segments
    and `area` of the faces in lattice units; `spot`: a point inside each face.
    """

    left: IntArray
    right: IntArray
    length: FloatArray
    area: FloatArray
    block: IntArray
    spot: IntArray


def faces_of(plane: Plane) -> Faces:
    """Walk the plane; what lies in no block (holes, land between pieces) is outside."""
    walked, ends, areas = walk_loops(plane.nodes, plane.first, plane.second)
    loop = np.empty(len(walked), dtype=np.int64)
    loop[walked] = np.repeat(np.arange(len(ends)), np.diff(ends, prepend=0))
    outer = enclosing_loops(plane.nodes, plane.first, plane.second, loop, areas)
    number = np.where(areas > 0, np.cumsum(areas > 0) - 1, -1)
    face = np.where(outer >= 0, number[outer], -1)[loop]
    step = (plane.nodes[plane.second] - plane.nodes[plane.first]).astype(np.float64)
    length = np.sqrt(step[:, 0] ** 2 + step[:, 1] ** 2)
    count = int((areas > 0).sum())
    # The longest side of a face speaks for it: assigned last.
    order = np.argsort(np.repeat(length, 2), kind="stable")
    longest = np.zeros(count, dtype=np.int64)
    inner = order[face[order] >= 0]
    longest[face[inner]] = inner
    block = plane.sides.reshape(-1)[longest]
    land = block >= 0
    compact = np.where(land, np.cumsum(land) - 1, -1)
    face = np.where(face >= 0, compact[face], -1)
    area = np.zeros(count)
    np.add.at(area, number[outer[outer >= 0]], areas[outer >= 0] / 2.0)
    return Faces(
        left=face[0::2],
        right=face[1::2],
        length=length,
        area=area[land],
        block=block[land],
        spot=_spots(plane, longest[land], step, length, area[land]),
    )


def _spots(
    plane: Plane, longest: IntArray, step: FloatArray, length: FloatArray, area: FloatArray
) -> IntArray:
    side = longest >> 1
    forward = np.where(longest & 1 == 0, 1.0, -1.0)[:, None]
    along = step[side] * forward / length[side, None]
    middle = (plane.nodes[plane.first[side]] + plane.nodes[plane.second[side]]) / 2.0
    depth = np.minimum(_INSIDE, area / length[side] / 2.0)[:, None]
    inward = np.stack([-along[:, 1], along[:, 0]], axis=1)
    return np.asarray(np.rint(middle + depth * inward), dtype=np.int64)


def site_of_face(faces: Faces, samples: Samples, sites: Sites) -> IntArray:
    """Site that each face belongs to: its footprint's, else the nearest sample's.

    Faces of a block without sites get number (sites + block).
    """
    place = nearest_sites(faces.spot, faces.block, samples.index)
    site = len(sites.xy) + faces.block
    site[place >= 0] = samples.index.owner[place[place >= 0]]
    if not len(samples.guarded):
        return site
    guarded = samples.guarded[::-1]
    boxes = sites.footprints.boxes(guarded) + np.array([-2, -2, 2, 2])
    face, which = pairs_in_boxes(faces.spot, boxes)
    inside = sites.footprints.holds(guarded[which], faces.spot[face])
    face, building = face[inside], guarded[which[inside]]
    home = sites.part_at(building, faces.spot[face], faces.block[face])
    site[face[home >= 0]] = home[home >= 0]
    return site
