"""Figures 14 and 15: how many households change hands when old grids are cut anew or mended."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.grid_partition.engine import (
    CommunityFrame,
    CommunityInput,
    Partition,
    Rules,
    cut,
    node_district,
    warm_up,
)
from tests.bench.partition.end_to_end import outcome
from tests.bench.partition.graph_file import HIGH, LOW
from tests.bench.partition.houses import to_total
from tests.bench.partition.towns import a_district

#: Metres of border that one household not moved is worth.
PRICES_M = (0.0, 1.0, 4.0, 10.0)
DRIFTED_GRIDS = 30


def measure_adjustment(*, quick: bool) -> dict[str, Any]:
    """Old grids of 600 to 1500 -> new ones, and a plan with 30 grids that drifted out of range."""
    warm_up()
    case = a_district(1)
    frames = node_district(case.codes, case.boundaries, case.barriers)
    prices = PRICES_M[2:3] if quick else PRICES_M
    old = sum(len(set(c.legacy.tolist())) for c in case.communities if c.legacy is not None)
    plans = [cut(c, f) for c, f in zip(case.communities, frames, strict=True)]
    drifted = _drifted(case.communities, plans)
    return {
        "old_grids": old,
        "drifted_grids": DRIFTED_GRIDS,
        "plan_grids": sum(len(plan.grids) for plan in plans),
        "anew": [_moved(case.communities, frames, price) for price in prices],
        "mended": [_moved(drifted, frames, price) for price in prices],
    }


def _moved(
    communities: list[CommunityInput], frames: tuple[CommunityFrame, ...], price_m: float
) -> dict[str, Any]:
    rules = Rules(move_price_m=price_m)
    began = time.process_time()
    cuts = [cut(c, f, rules) for c, f in zip(communities, frames, strict=True)]
    cpu_s = time.process_time() - began
    told = outcome(cuts)
    moved = sum(held.metrics.moved_households for held in cuts)
    return told | {
        "price_m": price_m,
        "moved": moved,
        "moved_share": moved / told["households"],
        "cpu_s": cpu_s,
    }


def _drifted(communities: list[CommunityInput], plans: list[Partition]) -> list[CommunityInput]:
    """The plan as the old grids, after households of 30 grids left or arrived by the score."""
    rng = np.random.default_rng(30)
    sizes = [len(plan.grids) for plan in plans]
    chosen = np.sort(rng.choice(sum(sizes), DRIFTED_GRIDS, replace=False))
    ends = np.cumsum([0, *sizes])
    changed = []
    for number, (community, plan) in enumerate(zip(communities, plans, strict=True)):
        inside = chosen[(chosen >= ends[number]) & (chosen < ends[number + 1])] - ends[number]
        label = plan.building_grid(len(community.building_ids))
        households = community.households.copy()
        for grid in inside.tolist():
            _drift(households, label == grid, rng)
        changed.append(replace(community, households=households, legacy=label))
    return changed


def _drift(
    households: NDArray[np.int64], inside: NDArray[np.bool_], rng: np.random.Generator
) -> None:
    """Scale the buildings of one grid to a total 10 to 80 households outside the range, in place.

    A building over the maximum would be cut: growth stops short of that.
    """
    total = int(rng.integers(LOW - 80, LOW - 9) if rng.random() < 0.5 else rng.integers(510, 581))
    total = max(total, int(inside.sum()))
    households[inside] = np.minimum(to_total(np.maximum(households[inside], 1), total, rng), HIGH)
