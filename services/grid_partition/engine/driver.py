"""Cuts one community: survey, solve, draw, name what could not be kept, check the promises."""

from __future__ import annotations

import time

from services.grid_partition.engine.frame import CommunityFrame
from services.grid_partition.engine.output import (
    digest_of,
    draw_grids,
    grids_of,
    metrics_of,
    parts_of,
)
from services.grid_partition.engine.problem import CommunityInput, Rules
from services.grid_partition.engine.promises import check_promises
from services.grid_partition.engine.solution import Partition
from services.grid_partition.engine.solve import solve
from services.grid_partition.engine.terrain import survey
from services.grid_partition.engine.verdict import violations_of

__all__ = ["cut"]


def cut(community: CommunityInput, frame: CommunityFrame, rules: Rules | None = None) -> Partition:
    """Cut one community into grids.

    Pure: the same buildings, frame and rules give the same answer in any process, in any order of
    the buildings, whatever their ids.  Never fails on a hard map: what cannot be kept is named in
    `violations`.  Raises ValueError when the frame is another community's.  About 5 ms of processor
    time per thousand households.
    """
    rules = rules or Rules()
    if frame.code != community.code:
        raise ValueError(f"frame of {frame.code!r} given for community {community.code!r}")
    began = time.process_time()
    terrain = survey(community, frame, rules)
    found = solve(terrain, rules)
    drawn = draw_grids(terrain, found.label)
    grids = grids_of(terrain, drawn, community, rules)
    violations = violations_of(terrain, found, grids, drawn, rules)
    parts = parts_of(terrain, drawn)
    check_promises(community, parts, grids, violations, rules)
    cpu_s = round(time.process_time() - began, 6)
    return Partition(
        community_code=community.code,
        parts=parts,
        grids=tuple(grids),
        violations=violations,
        metrics=metrics_of(terrain, drawn, grids, rules, found.optimal, cpu_s),
        feasible=all(grid.in_range and grid.contiguous for grid in grids),
        digest=digest_of(terrain, drawn, violations, rules),
    )
