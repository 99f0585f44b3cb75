"""The partition engine: cuts communities into contiguous grids of a given number of households.

Pure functions of arrays and shapely geometries in metres; no input, no output, no clock, no global
state.  `node_district` once per district, `cut` once per community (in any process),
`stitch_coverage` once over all their grids.
"""

from services.grid_partition.engine.changes import Change, changes, moved_households
from services.grid_partition.engine.driver import cut
from services.grid_partition.engine.frame import CommunityFrame
from services.grid_partition.engine.graph_cut import GraphCut, cut_graph
from services.grid_partition.engine.noding import node_district
from services.grid_partition.engine.problem import Barriers, CommunityInput, Rules
from services.grid_partition.engine.simplify import simplify_coverage
from services.grid_partition.engine.solution import (
    Grid,
    Metrics,
    Partition,
    Parts,
    Violation,
    ViolationCode,
)
from services.grid_partition.engine.stitch import stitch_coverage
from services.grid_partition.engine.warming import warm_up

__all__ = [
    "Barriers",
    "Change",
    "CommunityFrame",
    "CommunityInput",
    "GraphCut",
    "Grid",
    "Metrics",
    "Partition",
    "Parts",
    "Rules",
    "Violation",
    "ViolationCode",
    "changes",
    "cut",
    "cut_graph",
    "moved_households",
    "node_district",
    "simplify_coverage",
    "stitch_coverage",
    "warm_up",
]
