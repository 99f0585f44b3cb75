"""What the engine answers: parts of buildings, their grids, and what could not be kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from shapely.geometry import MultiPolygon, Polygon

from services.grid_partition.engine.arrays import IntArray

__all__ = ["Grid", "Metrics", "Partition", "Parts", "Violation", "ViolationCode"]


class ViolationCode(StrEnum):
    """Closed list of what a cut may report; texts live with the caller.

    Codes that leave a grid outside the rules: `too_few_households` (the whole community is below
    the minimum), `no_count_between` (no number of grids fits: `proof` = "arithmetic" or
    "enumeration"), `building_over_max` (one building above the maximum with unknown units and
    floors), `unreachable_part` (buildings that no contiguous set between minimum and maximum can
    hold, shown by complete search, even with every estate released), `not_found` (search ended;
    no proof).  Codes that only explain: `estates_block` (estates were released because they cannot
    all stay whole; `proven` says whether that is certain), `missing_location` (buildings placed
    without coordinates), `population_over_max`.
    """

    TOO_FEW_HOUSEHOLDS = "too_few_households"
    NO_COUNT_BETWEEN = "no_count_between"
    ESTATES_BLOCK = "estates_block"
    BUILDING_OVER_MAX = "building_over_max"
    UNREACHABLE_PART = "unreachable_part"
    MISSING_LOCATION = "missing_location"
    POPULATION_OVER_MAX = "population_over_max"
    NOT_FOUND = "not_found"


@dataclass(frozen=True)
class Violation:
    """One thing that could not be kept, with its proof or reason.

    `params` fill the caller's text (whole numbers, texts, booleans only).  `buildings` are indices
    into the community's input, `estates` are the input's own estate labels, `grid` is a grid index
    or None when the whole community is meant.
    """

    code: ViolationCode
    params: Mapping[str, int | str | bool]
    buildings: tuple[int, ...] = ()
    estates: tuple[int, ...] = ()
    grid: int | None = None


@dataclass(frozen=True, eq=False)
class Parts:
    """Smallest things that were placed: whole buildings, or slices of a building above the maximum.

    Parallel arrays, sorted by building, then unit and floor.  `building` indexes the community's
    input.  `unit_from`..`unit_to` and `floor_from`..`floor_to` are 1-based and inclusive, all 0
    where the building is whole (or where that level is not cut).  `grid` indexes
    `Partition.grids`.
    """

    building: IntArray
    unit_from: IntArray
    unit_to: IntArray
    floor_from: IntArray
    floor_to: IntArray
    households: IntArray
    grid: IntArray


@dataclass(frozen=True, eq=False)
class Grid:
    """One grid of the cut.

    `polygon` is valid, in metres, on a lattice of 0.01 mm, and the polygons of a partition tile the
    frame's community.  `contiguous`: through cell borders longer than 1 m, or over the nearest
    bridge where the community itself is in pieces; `bridged` says that such a bridge was used.
    `compactness` is Polsby-Popper, 4 pi area / perimeter squared, 1 for a disc.  `blocks` is the
    number of faces between barriers that the grid covers.
    """

    households: int
    polygon: Polygon | MultiPolygon
    compactness: float
    contiguous: bool
    bridged: bool
    blocks: int
    in_range: bool
    population: int | None


@dataclass(frozen=True)
class Metrics:
    """Figures of one cut; lower is better except compactness.

    `internal_boundary_m` is the border between grids that follows no barrier (a barrier of weight
    w counts (1 - w) of its length).  `blocks_crossed` sums blocks - 1 over the grids.
    `estates_split` counts estates with <= max households that lie in several grids, `estate_pieces`
    the extra pieces of all estates.  `moved_households` is against the legacy labels (0 without).
    `score_m` is the objective J.  `cpu_s` is process time and not part of the digest.
    """

    internal_boundary_m: float
    blocks_crossed: int
    mean_polsby_popper: float
    estates_split: int
    estate_pieces: int
    moved_households: int
    score_m: float
    optimal: bool
    cpu_s: float


@dataclass(frozen=True, eq=False)
class Partition:
    """The cut of one community.

    Grids are numbered 0.. in reading order: rows from north to south, inside a row from west to
    east.  `feasible`: every grid is contiguous and between minimum and maximum.  `digest` is the
    SHA-256 of the canonical content: equal for equal input and rules whatever the order or the ids
    of the buildings, the machine, or the number of workers.
    """

    community_code: str
    parts: Parts
    grids: tuple[Grid, ...]
    violations: tuple[Violation, ...]
    metrics: Metrics
    feasible: bool
    digest: str

    def building_grid(self, buildings: int) -> IntArray:
        """Grid index of each of `buildings` input buildings; -1 where it is cut between grids."""
        label = np.full(buildings, -2, dtype=np.int64)
        for building, grid in zip(self.parts.building, self.parts.grid, strict=True):
            label[building] = grid if label[building] in (-2, grid) else -1
        return label
