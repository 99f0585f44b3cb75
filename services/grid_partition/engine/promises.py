"""The engine's own check of what every cut promises, on every result, before it leaves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely

from services.grid_partition.engine.problem import CommunityInput, Rules
from services.grid_partition.engine.solution import Grid, Parts, Violation, ViolationCode

__all__ = ["PromiseBrokenError", "check_promises"]

_EXPLAINS_RANGE = frozenset(
    {
        ViolationCode.TOO_FEW_HOUSEHOLDS,
        ViolationCode.NO_COUNT_BETWEEN,
        ViolationCode.BUILDING_OVER_MAX,
        ViolationCode.UNREACHABLE_PART,
        ViolationCode.NOT_FOUND,
    }
)


class PromiseBrokenError(AssertionError):
    """The engine contradicts itself: a defect of the engine, never of the input."""


def check_promises(
    community: CommunityInput,
    parts: Parts,
    grids: Sequence[Grid],
    violations: Sequence[Violation],
    rules: Rules,
) -> None:
    """Raise PromiseBrokenError unless promises 1 to 3 hold.

    Every household in exactly one grid; every grid contiguous, and in range or named by a
    violation; polygons valid and one coverage.
    """
    _check_households(community, parts, grids, rules)
    _check_grids(grids, violations)
    polygons = np.array([grid.polygon for grid in grids], dtype=object)
    if not shapely.is_valid(polygons).all() or not shapely.coverage_is_valid(polygons):
        raise PromiseBrokenError(f"community {community.code}: grid polygons do not tile")


def _check_households(
    community: CommunityInput, parts: Parts, grids: Sequence[Grid], rules: Rules
) -> None:
    count = len(community.building_ids)
    placed = np.bincount(parts.building, parts.households, count).astype(np.int64)
    times = np.bincount(parts.building, minlength=count)
    inside = np.bincount(parts.grid, parts.households, len(grids)).astype(np.int64)
    small = community.households <= rules.max_households
    if not (
        (placed == community.households).all()
        and (times >= 1).all()
        and (times[small] == 1).all()
        and inside.tolist() == [grid.households for grid in grids]
    ):
        raise PromiseBrokenError(f"community {community.code}: households lost or doubled")


def _check_grids(grids: Sequence[Grid], violations: Sequence[Violation]) -> None:
    named = {v.grid for v in violations if v.code in _EXPLAINS_RANGE}
    for number, grid in enumerate(grids):
        if not grid.contiguous:
            raise PromiseBrokenError(f"grid {number} is not contiguous")
        if not grid.in_range and number not in named and None not in named:
            raise PromiseBrokenError(f"grid {number} is outside the range without a reason")
