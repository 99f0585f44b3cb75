"""The old grids: contiguous, drawn long ago, and by now badly out of balance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from infra.demo.construction import Town
from infra.demo.districting import Patches, divide
from infra.demo.planar import Plan
from infra.demo.recipe import LegacyRule, Recipe
from infra.demo.settlement import Settlement


@dataclass(frozen=True)
class LegacyGrid:
    """An old grid: whole cells of one community; polygon in units of 1e-7 degree."""

    grid_code: str
    name: str
    community: str
    cells: tuple[int, ...]
    polygon: Any
    households: int


def apportion(households: list[int], rule: LegacyRule) -> list[int]:
    """Grids per community, `rule.count` in all, by the highest quotient (d'Hondt).

    A community gets at least as many as its size needs and at most what the minimum allows.
    """
    counts = [max(1, -(-h // (rule.households_max - 150))) for h in households]
    most = [h // (rule.households_min + 60) for h in households]
    while sum(counts) < rule.count:
        open_ = [k for k, c in enumerate(counts) if c < most[k]]
        counts[max(open_, key=lambda k: (households[k] / (counts[k] + 1), -k))] += 1
    return counts


def draw_legacy_grids(
    recipe: Recipe, plan: Plan, settlement: Settlement, town: Town, rng: np.random.Generator
) -> list[LegacyGrid]:
    """Cut every community into old grids, numbered from west to east and north to south.

    Raises districting.Undividable when a community's cells do not allow the bounds.
    """
    weight = np.zeros(len(plan.cells))
    np.add.at(weight, [b.cell for b in town.buildings], [b.households for b in town.buildings])
    centre = shapely.get_coordinates(shapely.centroid([c.metres for c in plan.cells]))
    patches = Patches(centre, weight, plan.borders)
    totals = [int(weight[list(g.cells)].sum()) for g in settlement.grounds]
    rule = recipe.legacy
    bounds = float(rule.households_min), float(rule.households_max)
    grids: list[LegacyGrid] = []
    for ground, count in zip(settlement.grounds, apportion(totals, rule), strict=True):
        parts = divide(patches, ground.cells, count, bounds, rule.spread, rng)
        parts.sort(key=lambda part: tuple((centre[part].mean(axis=0) * (1, -1)).tolist()))
        for number, part in enumerate(parts, 1):
            grids.append(
                LegacyGrid(
                    grid_code=f"{ground.community.code}{number:03d}",
                    name=f"{ground.community.short_name}第{number}网格",
                    community=ground.community.code,
                    cells=tuple(part),
                    polygon=shapely.coverage_union_all([plan.cells[k].units for k in part]),
                    households=int(weight[part].sum()),
                )
            )
    return grids
