"""From labels of cells to numbered grids with polygons, figures and a digest."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass

import numpy as np
import shapely

from services.grid_partition.engine.arrays import BoolArray, GeometryArray, IntArray
from services.grid_partition.engine.changes import moved_households
from services.grid_partition.engine.estates import split_estates
from services.grid_partition.engine.kernels.union import components
from services.grid_partition.engine.numbering import reading_order
from services.grid_partition.engine.outline import dissolved
from services.grid_partition.engine.problem import CommunityInput, Rules
from services.grid_partition.engine.solution import Grid, Metrics, Parts, Violation
from services.grid_partition.engine.terrain import Terrain

__all__ = ["Drawn", "digest_of", "draw_grids", "grids_of", "metrics_of", "parts_of"]


@dataclass(frozen=True, eq=False)
class Drawn:
    """Grids in reading order: label per cell, polygons in metres, true households."""

    label: IntArray
    polygons: GeometryArray
    households: IntArray
    connected: BoolArray
    bridged: BoolArray


def draw_grids(terrain: Terrain, label: IntArray) -> Drawn:
    """Dissolve the cells of each label, number the grids, and look how each holds together."""
    cells, edges = terrain.cells, terrain.edges
    count = int(label.max()) + 1
    merged = dissolved(cells, label, terrain.ground)
    order = reading_order(shapely.get_coordinates(shapely.centroid(merged)))
    number = np.empty(count, dtype=np.int64)
    number[order] = np.arange(count)
    label = number[label]
    within = label[edges.low] == label[edges.high]
    pieces = _pieces(label, edges.low[within], edges.high[within], count)
    firm = within & ~edges.bridge
    dry_pieces = _pieces(label, edges.low[firm], edges.high[firm], count)
    site_label = label[cells.site_cell]
    households = np.bincount(site_label, terrain.sites.households, count).astype(np.int64)
    return Drawn(label, merged[order], households, pieces == 1, (pieces == 1) & (dry_pieces > 1))


def _pieces(label: IntArray, low: IntArray, high: IntArray, count: int) -> IntArray:
    piece = components(len(label), low, high)
    first = np.unique(piece, return_index=True)[1]
    return np.bincount(label[first], minlength=count)


def grids_of(terrain: Terrain, drawn: Drawn, community: CommunityInput, rules: Rules) -> list[Grid]:
    """The grids, numbered."""
    count = len(drawn.polygons)
    area, rim = shapely.area(drawn.polygons), shapely.length(drawn.polygons)
    compact = 4 * math.pi * area / np.maximum(rim, 1e-9) ** 2
    blocks = _blocks(terrain, drawn.label, count)
    people = _population(terrain, drawn, community)
    return [
        Grid(
            households=int(drawn.households[grid]),
            polygon=drawn.polygons[grid],
            compactness=round(float(compact[grid]), 6),
            contiguous=bool(drawn.connected[grid]),
            bridged=bool(drawn.bridged[grid]),
            blocks=int(blocks[grid]),
            in_range=bool(rules.min_households <= drawn.households[grid] <= rules.max_households),
            population=None if people is None else int(people[grid]),
        )
        for grid in range(count)
    ]


def _blocks(terrain: Terrain, label: IntArray, count: int) -> IntArray:
    width = int(terrain.cells.block.max(initial=0)) + 1
    seen = np.unique(label * width + terrain.cells.block)
    return np.bincount(seen // width, minlength=count)


def _population(terrain: Terrain, drawn: Drawn, community: CommunityInput) -> IntArray | None:
    """People per grid; a sliced building's people follow its households."""
    if community.population is None:
        return None
    sites = terrain.sites
    whole = np.maximum(community.households[sites.building], 1)
    people = community.population[sites.building] * sites.households / whole
    alone = community.households[sites.building] == 0
    people[alone] = community.population[sites.building[alone]]
    label = drawn.label[terrain.cells.site_cell]
    return np.rint(np.bincount(label, people, len(drawn.polygons))).astype(np.int64)


def parts_of(terrain: Terrain, drawn: Drawn) -> Parts:
    """Where every part of a building went, in the caller's numbering of buildings."""
    sites = terrain.sites
    ranges = sites.ranges
    order = np.lexsort((ranges[:, 2], ranges[:, 0], sites.building))
    label = drawn.label[terrain.cells.site_cell]
    return Parts(
        building=sites.building[order],
        unit_from=ranges[order, 0],
        unit_to=ranges[order, 1],
        floor_from=ranges[order, 2],
        floor_to=ranges[order, 3],
        households=sites.households[order],
        grid=label[order],
    )


def metrics_of(
    terrain: Terrain, drawn: Drawn, grids: list[Grid], rules: Rules, optimal: bool, cpu_s: float
) -> Metrics:
    """Figures of the cut, from true households."""
    edges, table, sites = terrain.edges, terrain.table, terrain.sites
    apart = drawn.label[edges.low] != drawn.label[edges.high]
    border = float(edges.open_m[apart].sum())
    crossed = sum(grid.blocks - 1 for grid in grids)
    split = split_estates(drawn.label, table.estate, len(sites.estate_labels))
    kept = sites.estate >= 0
    total = np.bincount(sites.estate[kept], sites.households[kept], len(split))
    pieces = _estate_pieces(drawn.label, table.estate)
    moved = moved_households(sites.legacy, drawn.label[terrain.cells.site_cell], sites.households)
    off = drawn.households - rules.target_households
    score = border + rules.block_weight_m * crossed + rules.estate_piece_weight_m * pieces
    score += rules.size_weight * float((off * off).sum()) + rules.move_price_m * moved
    return Metrics(
        internal_boundary_m=round(border, 3),
        blocks_crossed=crossed,
        mean_polsby_popper=round(sum(grid.compactness for grid in grids) / len(grids), 6),
        estates_split=int((split & (total <= rules.max_households)).sum()),
        estate_pieces=pieces,
        moved_households=moved,
        score_m=round(score, 3),
        optimal=optimal,
        cpu_s=cpu_s,
    )


def _estate_pieces(label: IntArray, estate: IntArray) -> int:
    known = estate >= 0
    pairs = np.unique(estate[known] * (int(label.max()) + 1) + label[known])
    return len(pairs) - len(np.unique(estate[known]))


def digest_of(
    terrain: Terrain, drawn: Drawn, violations: tuple[Violation, ...], rules: Rules
) -> str:
    """SHA-256 over rules, places, labels, outlines and violations; no ids, no input order."""
    sites = terrain.sites
    label = drawn.label[terrain.cells.site_cell]
    cut = sites.ranges[:, [0, 2]]
    table = np.column_stack([sites.xy + terrain.ground.origin, sites.households, cut, label])
    table = table[np.lexsort(table.T[::-1])]
    told = sorted((v.code, sorted(v.params.items()), v.grid is None) for v in violations)
    content = hashlib.sha256()
    content.update(json.dumps([rules.__dict__, told], sort_keys=True).encode())
    content.update(np.ascontiguousarray(table, dtype="<i8").tobytes())
    outline, grid = shapely.get_coordinates(drawn.polygons, return_index=True)
    content.update(np.rint(outline * 10_000).astype("<i8").tobytes())
    content.update(np.bincount(grid, minlength=len(drawn.polygons)).astype("<i8").tobytes())
    return content.hexdigest()
