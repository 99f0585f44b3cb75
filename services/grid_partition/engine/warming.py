"""Compiles every kernel ahead of time."""

from __future__ import annotations

import numpy as np
import shapely

from services.grid_partition.engine.driver import cut
from services.grid_partition.engine.noding import node_district
from services.grid_partition.engine.problem import CommunityInput, Rules

__all__ = ["warm_up"]


def warm_up() -> None:
    """Run a toy community through every stage, so that no later call waits for the compiler.

    Half a minute with an empty cache, about half a second afterwards.  Three estates of 280
    households can neither stand alone nor join, so the proofs and the openings run too.
    """
    spots = [shapely.Point(20.0 * (i % 6) + 5.0, 20.0 * (i // 6) + 5.0) for i in range(36)]
    community = CommunityInput(
        code="toy",
        building_ids=tuple(str(i) for i in range(36)),
        geometries=tuple(spots),
        households=np.array([23] * 12 + [24] * 12 + [23] * 12),
        estate=np.arange(36) // 12,
        legacy=np.arange(36) % 2,
    )
    (frame,) = node_district(["toy"], [shapely.box(0.0, 0.0, 120.0, 120.0)])
    cut(community, frame, Rules(effort=1))
    cut(community, frame, Rules(effort=1, keep_estates=False, move_price_m=1.0))
