"""Which block belongs to which street and community, and how many households it should hold."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

import numpy as np
import shapely

from infra.demo.districting import Patches, divide, divide_by_street
from infra.demo.lattice import Lattice
from infra.demo.planar import Plan
from infra.demo.recipe import Community, Recipe, Zone


@dataclass(frozen=True)
class Ground:
    """A community on the map: its cells, and the households that the plan wants there."""

    community: Community
    cells: tuple[int, ...]
    households: float


@dataclass(frozen=True)
class Settlement:
    """All communities, and for each block its zone (old town, middle, outer)."""

    grounds: tuple[Ground, ...]
    zone_of_block: tuple[Zone, ...]


def patches_of_blocks(plan: Plan, lattice: Lattice) -> Patches:
    """Blocks as patches, weighted by area."""
    polygons = [block.polygon for block in lattice.blocks]
    borders: list[dict[int, float]] = [defaultdict(float) for _ in polygons]
    for cell, neighbours in zip(plan.cells, plan.borders, strict=True):
        for other, metres in neighbours.items():
            block = plan.cells[other].block
            if block != cell.block:
                borders[cell.block][block] += metres
    centre = shapely.get_coordinates(shapely.centroid(polygons))
    return Patches(centre, shapely.area(polygons), borders)


def _zones(recipe: Recipe, lattice: Lattice, patches: Patches) -> tuple[Zone, ...]:
    east = patches.centre[:, 0] / lattice.length_m
    rows = np.array([block.key[1] for block in lattice.blocks])
    # Hill-side blocks belong further out than blocks of the same length on the river.
    is_rim = (rows == rows.min()) | (rows == rows.max())
    place = np.clip(east + 0.12 * is_rim, 0, 1)
    return tuple(next(z for z in recipe.zones if p < z.until) for p in place.tolist())


def _by_community(
    recipe: Recipe, patches: Patches, lattice: Lattice, rng: np.random.Generator
) -> dict[Community, list[int]]:
    shares = Counter(c.street_code for c in recipe.communities)
    found: dict[Community, list[int]] = {}
    for bank in ("south", "north"):
        streets = [s for s in recipe.streets if s.bank == bank and shares[s.code]]
        is_south = [b.key[1] < recipe.valley.river_line for b in lattice.blocks]
        members = [k for k, south in enumerate(is_south) if south == (bank == "south")]
        for code, blocks in divide_by_street(patches, members, streets, shares).items():
            governed = [c for c in recipe.communities if c.street_code == code]
            mean = float(patches.weight[blocks].sum()) / len(governed)
            parts = divide(patches, blocks, len(governed), (0.5 * mean, 1.6 * mean), 0.12, rng)
            parts.sort(key=lambda part: tuple(patches.centre[part].mean(axis=0)))
            found |= dict(zip(governed, parts, strict=True))
    return found


def settle(recipe: Recipe, plan: Plan, lattice: Lattice, rng: np.random.Generator) -> Settlement:
    """Draw the communities; each is contiguous, inside its street and on one bank."""
    patches = patches_of_blocks(plan, lattice)
    zones = _zones(recipe, lattice, patches)
    blocks_of = _by_community(recipe, patches, lattice, rng)
    density = np.array([zone.density for zone in zones]) * patches.weight
    wanted = np.array([density[blocks_of[c]].sum() for c in recipe.communities])
    wanted *= np.exp(rng.normal(0, recipe.community_spread, len(wanted)))
    wanted *= recipe.households / wanted.sum()
    limits = recipe.community_households_min, recipe.community_households_max
    wanted = np.clip(wanted, *limits)
    wanted *= recipe.households / wanted.sum()
    cells_of: dict[int, list[int]] = defaultdict(list)
    for index, cell in enumerate(plan.cells):
        cells_of[cell.block].append(index)
    grounds = tuple(
        Ground(c, tuple(sorted(k for b in blocks_of[c] for k in cells_of[b])), float(households))
        for c, households in zip(recipe.communities, wanted, strict=True)
    )
    return Settlement(grounds, zones)
