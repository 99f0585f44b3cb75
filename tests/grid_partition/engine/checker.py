"""An independent judge of a cut: nothing of the engine is imported, everything is recomputed.

`faults` reads the attributes of a result and compares them with the input by plain arithmetic and
plain geometry.  It knows the promises, not how they are kept.
"""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

import shapely

#: Codes that say why a grid may lie outside the range.
REASONS = {
    "too_few_households",
    "no_count_between",
    "building_over_max",
    "unreachable_part",
    "not_found",
}
AREA_TOLERANCE_M2 = 1.0
#: A site moves at most this far: 0.1 m off a rim, or within a crowd of coincident buildings.
NEAR_M = 0.65
CROWD_M = 0.65


def faults(community: Any, frame_polygon: Any, partition: Any, rules: Any) -> list[str]:
    """Everything that is wrong with the partition, in words; empty when it keeps its promises."""
    found: list[str] = []
    found += _household_faults(community, partition, rules)
    found += _range_faults(partition, rules)
    found += _tiling_faults(frame_polygon, partition)
    found += _contiguity_faults(frame_polygon, partition)
    found += _place_faults(community, frame_polygon, partition)
    found += _slice_faults(community, partition, rules)
    found += _number_faults(partition)
    return found


def _household_faults(community: Any, partition: Any, rules: Any) -> list[str]:
    found = []
    placed: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for building, grid, count in zip(
        partition.parts.building, partition.parts.grid, partition.parts.households, strict=True
    ):
        placed[int(building)].append((int(grid), int(count)))
    for index, count in enumerate(community.households):
        parts = placed.pop(index, [])
        if sum(part[1] for part in parts) != count:
            found.append(f"building {index}: {count} households, parts {parts}")
        if count <= rules.max_households and len(parts) != 1:
            found.append(f"building {index} with {count} households is in {len(parts)} parts")
    if placed:
        found.append(f"parts of unknown buildings {sorted(placed)}")
    for number, grid in enumerate(partition.grids):
        inside = sum(
            int(count)
            for label, count in zip(partition.parts.grid, partition.parts.households, strict=True)
            if label == number
        )
        if inside != grid.households:
            found.append(f"grid {number} claims {grid.households}, holds {inside}")
    return found


def _range_faults(partition: Any, rules: Any) -> list[str]:
    found = []
    named = {v.grid for v in partition.violations if v.code.value in REASONS}
    for number, grid in enumerate(partition.grids):
        fits = rules.min_households <= grid.households <= rules.max_households
        if fits != grid.in_range:
            found.append(f"grid {number}: in_range is {grid.in_range}")
        if not fits and not ({number, None} & named):
            found.append(f"grid {number} has {grid.households} households and no reason")
    good = all(grid.in_range and grid.contiguous for grid in partition.grids)
    if good != partition.feasible:
        found.append(f"feasible is {partition.feasible}")
    if partition.feasible and named:
        found.append(f"feasible, yet excused: {named}")
    return found


def _tiling_faults(frame_polygon: Any, partition: Any) -> list[str]:
    found = []
    shapes = [grid.polygon for grid in partition.grids]
    if not all(shape.is_valid and not shape.is_empty for shape in shapes):
        found.append("a grid polygon is invalid or empty")
    if not shapely.coverage_is_valid(shapes):
        found.append("the grid polygons are no coverage")
    union = shapely.union_all(shapes)
    overlap = sum(shape.area for shape in shapes) - union.area
    differs = union.symmetric_difference(frame_polygon).area
    if abs(overlap) > AREA_TOLERANCE_M2 or differs > AREA_TOLERANCE_M2:
        found.append(f"overlap {overlap:.3f} m2, difference from the community {differs:.3f} m2")
    return found


def _contiguity_faults(frame_polygon: Any, partition: Any) -> list[str]:
    """A grid may be in pieces only where the community is: one piece of it in each."""
    found = []
    lands = [land.buffer(0.01) for land in getattr(frame_polygon, "geoms", [frame_polygon])]
    for number, grid in enumerate(partition.grids):
        pieces = list(getattr(grid.polygon, "geoms", [grid.polygon]))
        homes = [
            next(i for i, land in enumerate(lands) if land.contains(piece.point_on_surface()))
            for piece in pieces
        ]
        if len(set(homes)) < len(homes):
            found.append(f"grid {number} falls apart into {len(pieces)} pieces")
        if (len(pieces) > 1) and not grid.bridged:
            found.append(f"grid {number} is in pieces and not marked as bridged")
    return found


def _place_faults(community: Any, frame_polygon: Any, partition: Any) -> list[str]:
    found = []
    grids_of: dict[int, list[int]] = defaultdict(list)
    for building, grid in zip(partition.parts.building, partition.parts.grid, strict=True):
        grids_of[int(building)].append(int(grid))
    points = {
        index: geometry.representative_point()
        for index, geometry in enumerate(community.geometries)
        if geometry is not None and not geometry.is_empty
    }
    tree = shapely.STRtree(list(points.values()))
    missing = len(points) < len(community.geometries)
    for index, point in points.items():
        if len(grids_of[index]) != 1 or not frame_polygon.contains(point):
            continue
        crowd = tree.query(point, predicate="dwithin", distance=CROWD_M)
        if len(crowd) > 1 or missing:
            continue
        (grid,) = grids_of[index]
        if partition.grids[grid].polygon.distance(point) > NEAR_M:
            found.append(f"building {index} stands outside its grid {grid}")
    return found


def _slice_faults(community: Any, partition: Any, rules: Any) -> list[str]:
    """Parts of a sliced building cover its units (and floors) once, in order."""
    found = []
    rows: dict[int, list[tuple[int, int, int, int]]] = defaultdict(list)
    parts = partition.parts
    for row in zip(
        parts.building,
        parts.unit_from,
        parts.unit_to,
        parts.floor_from,
        parts.floor_to,
        strict=True,
    ):
        rows[int(row[0])].append(tuple(int(value) for value in row[1:]))
    for building, ranges in rows.items():
        if ranges == [(0, 0, 0, 0)]:
            continue
        cells = [
            (unit, floor)
            for unit_from, unit_to, floor_from, floor_to in ranges
            for unit in range(unit_from, unit_to + 1)
            for floor in range(floor_from, floor_to + 1)
        ]
        units = int(community.units[building])
        cut = {unit for unit, floor in cells if floor}
        wanted = [
            (unit, floor)
            for unit in (range(1, units + 1) if units else range(1))
            for floor in (range(1, int(community.floors[building]) + 1) if unit in cut else [0])
        ]
        if cells != wanted:
            found.append(f"building {building}: parts {ranges} do not cover its units once")
        if community.households[building] <= rules.max_households:
            found.append(f"building {building} was sliced without need")
    return found


def _number_faults(partition: Any) -> list[str]:
    found = []
    for number, grid in enumerate(partition.grids):
        disc = 4 * math.pi * grid.polygon.area / grid.polygon.length**2
        if abs(disc - grid.compactness) > 1e-3:
            found.append(f"grid {number}: compactness {grid.compactness}, is {disc:.4f}")
    metrics = partition.metrics
    crossed = sum(grid.blocks - 1 for grid in partition.grids)
    if crossed != metrics.blocks_crossed:
        found.append(f"blocks_crossed {metrics.blocks_crossed}, is {crossed}")
    rim = sum(grid.polygon.length for grid in partition.grids)
    inner = (rim - shapely.union_all([grid.polygon for grid in partition.grids]).length) / 2
    if metrics.internal_boundary_m > inner + 1.0:
        found.append(f"open border {metrics.internal_boundary_m} exceeds all borders {inner:.1f}")
    return found
