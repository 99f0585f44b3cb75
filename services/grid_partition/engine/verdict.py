"""Names what could not be kept, and why."""

from __future__ import annotations

import numpy as np

from services.grid_partition.engine.arrays import IntArray
from services.grid_partition.engine.output import Drawn
from services.grid_partition.engine.problem import Rules
from services.grid_partition.engine.solution import Grid, Violation, ViolationCode
from services.grid_partition.engine.solve import Found
from services.grid_partition.engine.terrain import Terrain

__all__ = ["violations_of"]


def violations_of(
    terrain: Terrain,
    found: Found,
    grids: list[Grid],
    drawn: Drawn,
    rules: Rules,
) -> tuple[Violation, ...]:
    """All violations: first those that leave a grid outside the rules, then the explanations."""
    named = _buildings_over_max(terrain, drawn, rules)
    told = {violation.grid for violation in named}
    outside = [n for n, grid in enumerate(grids) if not grid.in_range and n not in told]
    if outside:
        named.append(_community_wide(terrain, found, outside, rules))
    named += _explanations(terrain, found, grids, rules)
    return tuple(named)


def _members(terrain: Terrain, cells: IntArray) -> tuple[int, ...]:
    sites = np.isin(terrain.cells.site_cell, cells)
    return tuple(int(b) for b in np.unique(terrain.sites.building[sites]))


def _buildings_over_max(terrain: Terrain, drawn: Drawn, rules: Rules) -> list[Violation]:
    sites = terrain.sites
    label = drawn.label[terrain.cells.site_cell]
    return [
        Violation(
            ViolationCode.BUILDING_OVER_MAX,
            {"households": int(sites.households[site]), "max": rules.max_households},
            buildings=(int(sites.building[site]),),
            grid=int(label[site]),
        )
        for site in np.flatnonzero(sites.households > rules.max_households)
    ]


def _community_wide(terrain: Terrain, found: Found, outside: list[int], rules: Rules) -> Violation:
    total = int(terrain.sites.households.sum())
    bounds: dict[str, int | str | bool] = {
        "households": total,
        "min": rules.min_households,
        "max": rules.max_households,
    }
    if total < rules.min_households:
        del bounds["max"]
        return Violation(ViolationCode.TOO_FEW_HOUSEHOLDS, bounds, grid=0)
    if found.proof:
        bounds["proof"] = found.proof
        if found.proof == "enumeration":
            bounds["columns"] = found.columns
        return Violation(ViolationCode.NO_COUNT_BETWEEN, bounds)
    if len(found.stuck):
        buildings = _members(terrain, found.stuck)
        inside = np.isin(terrain.sites.building, buildings)
        bounds["households"] = int(terrain.sites.households[inside].sum())
        return Violation(ViolationCode.UNREACHABLE_PART, bounds, buildings=buildings)
    return Violation(ViolationCode.NOT_FOUND, {"households": total, "grids_outside": len(outside)})


def _explanations(
    terrain: Terrain, found: Found, grids: list[Grid], rules: Rules
) -> list[Violation]:
    sites, told = terrain.sites, []
    if found.opened.any():
        opened = np.flatnonzero(found.opened)
        told.append(
            Violation(
                ViolationCode.ESTATES_BLOCK,
                {
                    "proven": found.whole_impossible,
                    "split": len(opened),
                    "least_pieces": found.least_pieces,
                },
                buildings=_members(terrain, found.blocked),
                estates=tuple(sorted(int(sites.estate_labels[e]) for e in opened)),
            )
        )
    lost = np.unique(sites.building[~sites.located])
    if len(lost):
        told.append(
            Violation(
                ViolationCode.MISSING_LOCATION,
                {"count": len(lost)},
                buildings=tuple(int(building) for building in lost),
            )
        )
    for number, grid in enumerate(grids):
        cap, people = rules.population_max, grid.population
        if cap is not None and people is not None and people > cap:
            params: dict[str, int | str | bool] = {"population": people, "max": cap}
            told.append(Violation(ViolationCode.POPULATION_OVER_MAX, params, grid=number))
    return told
