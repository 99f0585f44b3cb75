"""Everything a search needs to know about one community, from map to graph."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.grid_partition.engine.adjacency import touching_cells
from services.grid_partition.engine.arrays import IntArray
from services.grid_partition.engine.edges import CellEdges
from services.grid_partition.engine.frame import CommunityFrame
from services.grid_partition.engine.graph import CellTable
from services.grid_partition.engine.ground import Ground, ground_of
from services.grid_partition.engine.problem import CommunityInput, Rules
from services.grid_partition.engine.sites import Sites, place_sites
from services.grid_partition.engine.tessellation import Cells, tessellate

__all__ = ["Terrain", "survey"]


@dataclass(frozen=True, eq=False)
class Terrain:
    """The community cut into cells.

    `table.households` are what the search sees: a cell above the maximum counts as the maximum.
    `true_households` are per site.
    """

    ground: Ground
    sites: Sites
    cells: Cells
    edges: CellEdges
    table: CellTable

    @property
    def true_households(self) -> IntArray:
        """Households of each site, uncapped."""
        return self.sites.households


def survey(community: CommunityInput, frame: CommunityFrame, rules: Rules) -> Terrain:
    """Place the buildings, tessellate, and find who touches whom."""
    ground = ground_of(frame)
    sites = place_sites(community, ground, rules.max_households)
    cells = tessellate(sites, ground)
    edges = touching_cells(cells, ground)
    return Terrain(ground, sites, cells, edges, _table(sites, cells, rules.max_households))


def _table(sites: Sites, cells: Cells, households_max: int) -> CellTable:
    size = len(cells.block)
    total = np.bincount(cells.site_cell, sites.households, size).astype(np.int64)
    estate = np.full(size, -1, dtype=np.int64)
    old = np.full(size, -1, dtype=np.int64)
    # Reversed, so that the first site in canonical order names a cell that two sites share.
    estate[cells.site_cell[::-1]] = sites.estate[::-1]
    old[cells.site_cell[::-1]] = sites.legacy[::-1]
    return CellTable(np.minimum(total, households_max), cells.block, estate, old)
