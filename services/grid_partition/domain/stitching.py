"""Grids of communities that were cut apart, drawn so that they fit: in degrees, as answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import shapely

from services.grid_partition.domain.cutting import CutResult
from services.grid_partition.domain.projection import Plane
from services.grid_partition.domain.snapshots import read_shapes
from services.grid_partition.engine import stitch_coverage


@dataclass(frozen=True, slots=True)
class Outline:
    """A grid's shape as GeoJSON text in degrees, and its bounds."""

    geometry: str
    west: float
    south: float
    east: float
    north: float


def stitched(
    meridian: int, communities: Sequence[str], geometries: Sequence[str]
) -> dict[int, Outline]:
    """Return the new outlines of the grids that gained corners, by their place in the sequence.

    Sides are straight in the plane of the cut, so that is where corners are looked for.  Published
    degrees survive the way there and back to their last decimal: what is not named here fits.
    """
    plane = Plane(meridian)
    metric = plane.to_metres(read_shapes(geometries))
    label = np.unique(np.array(communities, dtype=np.str_), return_inverse=True)[1]
    found = stitch_coverage(metric, label)
    changed = [place for place, shape in enumerate(found) if shape is not metric[place]]
    drawn = plane.to_degrees(found[changed])
    return {
        place: Outline(text, *bounds)
        for place, text, bounds in zip(
            changed, shapely.to_geojson(drawn), shapely.bounds(drawn).tolist(), strict=True
        )
    }


def stitched_results(results: Sequence[CutResult], meridian: int) -> list[CutResult]:
    """Return the cuts of neighbouring communities with grids that share their corners."""
    grids = [grid for result in results for grid in result.grids]
    communities = [result.code for result in results for _ in result.grids]
    found = stitched(meridian, communities, [grid.geometry for grid in grids])
    for place, outline in found.items():
        told = {name: getattr(outline, name) for name in outline.__slots__}
        grids[place] = replace(grids[place], **told)
    ends = np.cumsum([0, *(len(result.grids) for result in results)]).tolist()
    return [
        replace(result, grids=tuple(grids[first:end]))
        for result, (first, end) in zip(results, pairwise(ends), strict=True)
    ]
