"""What each cell is used for, so that a community comes near the households it should hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from infra.demo.housing import lay_rows
from infra.demo.planar import Plan
from infra.demo.recipe import Recipe
from infra.demo.settlement import Ground, Settlement

_STEPS = 400
_NEAR = 0.03
_BIG_MARGIN_M = 2.0


def free_ground(plan: Plan, recipe: Recipe) -> list[Any]:
    """Per cell the polygon that may be built on: off the roads, rails and banks around it.

    An empty polygon where nothing is left.
    """
    reach = [
        recipe.ways[line.way].width_m / 2 + recipe.ways[line.way].setback_m for line in plan.lines
    ]
    strips = shapely.buffer([line.geometry for line in plan.lines], reach, quad_segs=2)
    cells = [cell.metres for cell in plan.cells]
    tree = shapely.STRtree(strips)
    free: list[Any] = []
    for cell in cells:
        near = strips[np.sort(tree.query(cell, predicate="intersects"))]
        parts = shapely.get_parts(shapely.difference(cell, shapely.union_all(near)))
        largest = max(parts, key=shapely.area, default=shapely.Polygon())
        free.append(shapely.simplify(largest, 0.8))
    return free


def _draw(kinds: dict[str, float], rng: np.random.Generator) -> str:
    return str(rng.choice(list(kinds), p=list(kinds.values())))


def _first_uses(plan: Plan, settlement: Settlement, rng: np.random.Generator) -> list[str]:
    """A block has a main use; one cell in four goes its own way."""
    themes = [_draw(zone.kinds, rng) for zone in settlement.zone_of_block]
    uses: list[str] = []
    for cell in plan.cells:
        zone = settlement.zone_of_block[cell.block]
        theme = themes[cell.block]
        # A whole block of schools and parks would be odd: civic uses are scattered.
        keeps = rng.random() < 0.75 and theme != "civic"
        uses.append(theme if keeps else _draw(zone.kinds, rng))
    return uses


def _plant_villages(
    plan: Plan, recipe: Recipe, settlement: Settlement, uses: list[str], rng: np.random.Generator
) -> None:
    outer = recipe.zones[-1]
    places = [k for k, c in enumerate(plan.cells) if settlement.zone_of_block[c.block] is outer]
    near: set[int] = set()
    while len(near) < recipe.village_cells:
        # Villages are a few neighbouring cells: start anywhere in the outer zone and spread.
        start = int(rng.choice(places))
        near.update([start, *sorted(plan.borders[start])[:2]])
    for k in sorted(near)[: recipe.village_cells]:
        uses[k] = "village"


def _plant_big(
    recipe: Recipe,
    grounds: tuple[Ground, ...],
    free: list[Any],
    uses: list[str],
    rng: np.random.Generator,
) -> None:
    cells = {g.community.code: g.cells for g in grounds}
    for big in recipe.big_buildings:
        by_size = sorted(cells[big.community], key=lambda k: -float(shapely.area(free[k])))
        # More margin than the wall needs: the building will be laid out again with other luck.
        margin = recipe.plots.wall_m + _BIG_MARGIN_M
        for k in by_size:
            inner = shapely.buffer(free[k], -margin, join_style="mitre")
            if lay_rows(inner, recipe.stock[big.stock], rng):
                uses[k] = big.stock
                break
        else:
            raise ValueError(f"no cell of {big.community} holds the {big.stock} building")


def _calibrate(
    recipe: Recipe, ground: Ground, free: list[Any], uses: list[str], rng: np.random.Generator
) -> None:
    """Move single cells up or down the ladder of density until the community is near its count."""
    ladder, density = recipe.ladder, recipe.density_per_ha
    target = ground.households / recipe.planned_occupancy

    def expected(cell: int, use: str) -> float:
        return float(shapely.area(free[cell])) / 1e4 * density[use]

    for _ in range(_STEPS):
        gap = target - sum(expected(k, uses[k]) for k in ground.cells)
        if abs(gap) <= _NEAR * target:
            return
        step = 1 if gap > 0 else -1
        movable = [
            k
            for k in ground.cells
            if uses[k] in ladder[1:] and 0 <= ladder.index(uses[k]) + step < len(ladder)
        ]
        if not movable:
            return
        cell = movable[int(rng.integers(len(movable)))]
        moved = ladder[ladder.index(uses[cell]) + step]
        change = expected(cell, moved) - expected(cell, uses[cell])
        if abs(gap - change) < abs(gap):
            uses[cell] = moved


def plan_uses(
    plan: Plan,
    recipe: Recipe,
    settlement: Settlement,
    free: list[Any],
    rng: np.random.Generator,
) -> list[str]:
    """Return the use of every cell: a step of the ladder, `village`, or a big-building stock."""
    uses = _first_uses(plan, settlement, rng)
    _plant_villages(plan, recipe, settlement, uses, rng)
    _plant_big(recipe, settlement.grounds, free, uses, rng)
    for ground in settlement.grounds:
        _calibrate(recipe, ground, free, uses, rng)
    return uses
