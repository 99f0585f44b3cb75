"""Graph files from towns, by the engine's own survey and contraction: once, for everybody."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from services.grid_partition.engine import CommunityFrame, CommunityInput, Rules, node_district
from services.grid_partition.engine.contraction import contract_estates, small_estates
from services.grid_partition.engine.graph import AtomGraph
from services.grid_partition.engine.output import draw_grids
from services.grid_partition.engine.terrain import Terrain, survey
from tests.bench.partition.graph_file import BenchGraph, asked_count, load_graph
from tests.grid_partition.engine.cases import Case

__all__ = ["atom_graph", "graphs_of", "stored"]


def graphs_of(case: Case, family: str, count: int | None = None) -> Iterator[BenchGraph]:
    """One graph a community; `count` None asks for households / 400 parts."""
    frames = node_district(case.codes, case.boundaries, case.barriers)
    for community, frame in zip(case.communities, frames, strict=True):
        yield _graph(community, frame, family, count)


def stored(folder: Path) -> list[BenchGraph]:
    """All graph files of a folder, by name."""
    return [load_graph(path) for path in sorted(folder.glob("*.npz"))]


def atom_graph(graph: BenchGraph) -> AtomGraph:
    """The engine's view of a graph file."""
    return AtomGraph(
        indptr=graph.indptr,
        indices=graph.indices,
        length=graph.length,
        weight=graph.weight,
        block_ptr=graph.block_ptr,
        block=graph.block,
        estate=graph.estate,
        old=graph.old,
        blocks=int(graph.block.max(initial=0)) + 1,
        estates=int(graph.estate.max(initial=-1)) + 1,
        olds=int(graph.old.max(initial=-1)) + 1,
    )


def _graph(
    community: CommunityInput, frame: CommunityFrame, family: str, count: int | None
) -> BenchGraph:
    rules = Rules()
    terrain = survey(community, frame, rules)
    whole = small_estates(terrain.table, rules.max_households)
    atoms, group = contract_estates(terrain.table, terrain.edges, whole)
    shapes = _outlines(terrain, group)
    return BenchGraph(
        name=community.code,
        family=family,
        count=count or asked_count(int(atoms.weight.sum())),
        indptr=atoms.indptr,
        indices=atoms.indices,
        length=atoms.length,
        weight=atoms.weight,
        block_ptr=atoms.block_ptr,
        block=atoms.block,
        estate=atoms.estate,
        old=atoms.old,
        xy=shapely.get_coordinates(shapely.centroid(shapes)),
        outline=tuple(shapely.to_wkb(shapes).tolist()),
    )


def _outlines(terrain: Terrain, group: NDArray[np.int64]) -> NDArray[np.object_]:
    """Polygons of the atoms: drawn as if each were a grid, then put back in the atoms' order."""
    drawn = draw_grids(terrain, group)
    number = np.zeros(int(group.max()) + 1, dtype=np.int64)
    number[group] = drawn.label
    shapes: NDArray[np.object_] = drawn.polygons[number]
    return shapes
