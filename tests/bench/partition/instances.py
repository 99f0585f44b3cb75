"""Which graphs the race is run on, and the coarse and tight graphs whose answers are known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from services.grid_partition.engine import Rules
from services.grid_partition.engine.exact import Verdict
from services.grid_partition.engine.graph_cut import cut_graph
from tests.bench.partition.graph_file import BenchGraph, IntArray
from tests.bench.partition.houses import to_total
from tests.bench.partition.surveyed import atom_graph, graphs_of
from tests.bench.partition.towns import a_coarse_town, a_district, a_town
from tests.grid_partition.engine.cases import Case, case_folder, load_case

#: Families of the race in the order of the page; cases only where their folder is there.
FAMILIES = ("2k", "6k", "20k", "district", "tainan-east", "monaco")
_TOWNS = (("2k", 2_000, 5), ("6k", 6_000, 5), ("20k", 20_000, 3))
#: name, buildings, households of a building (high end excluded), aspect, how many.
_COARSE = (
    ("60-200", 60, (60, 201), 1.0, 8),
    ("20-120 strip", 44, (20, 121), 20.0, 3),
    ("100-300", 60, (100, 301), 1.0, 8),
    ("150-450, n 40", 40, (150, 451), 1.0, 8),
    ("150-450, n 120", 120, (150, 451), 1.0, 8),
)
#: name, households in all, atoms; ten parts each.
TIGHT = (
    ("slack 1 %", 4_950, 99),
    ("slack 0.1 % below the maximum", 4_995, 100),
    ("slack 0.1 % above the minimum", 3_005, 60),
)
TIGHT_PARTS = 10
_TIGHT_SIZES = (20, 80)


def write_race(folder: Path, *, quick: bool) -> int:
    """Write the race's graphs into an empty folder; returns how many."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.npz"):
        old.unlink()
    written = 0
    for graph in _race_graphs(quick=quick):
        graph.save(folder)
        written += 1
    return written


def _race_graphs(*, quick: bool) -> Iterator[BenchGraph]:
    for family, households, count in _TOWNS:
        for seed in range(1, (1 if quick else count) + 1):
            yield from graphs_of(a_town(seed, households), family)
    district = list(graphs_of(a_district(1), "district"))
    yield from district[::9] if quick else district
    if not quick:
        for name in ("tainan-east", "monaco"):
            if case_folder(name) is not None:
                yield from filter(_possible, graphs_of(load_case(name), name))


def _possible(graph: BenchGraph) -> bool:
    """Whether some cut with whole estates exists, for any number of parts: else nobody can win."""
    held = 300 <= graph.households / graph.count <= 500
    return held and cut_graph(atom_graph(graph), Rules()).verdict is not Verdict.IMPOSSIBLE


def oracle_graphs(*, quick: bool) -> Iterator[BenchGraph]:
    """Coarse graphs small enough for complete enumeration; the planted ones ask for their count."""
    for family, buildings, sizes, aspect, count in _COARSE:
        for seed in range(1, (2 if quick else count) + 1):
            yield from _named(a_coarse_town(seed, buildings, sizes, aspect), family, seed)
    for seed in range(1, (2 if quick else 8) + 1):
        yield planted(seed)


def planted(seed: int, parts: int = 10) -> BenchGraph:
    """A graph with a hidden cut into `parts` parts of 490 to 500 households: hard, yet feasible."""
    rng = np.random.default_rng([seed, parts])
    town = a_coarse_town(seed, 4 * parts, (100, 101))
    graph = next(_named(town, "planted, 490-500", seed))
    hidden = _grown(graph, parts, rng)
    weight = np.zeros(len(graph.weight), dtype=np.int64)
    for part in range(parts):
        atoms = np.flatnonzero(hidden == part)
        share = rng.uniform(0.5, 1.5, len(atoms))
        weight[atoms] = to_total(
            np.rint(share * 100).astype(np.int64), int(rng.integers(490, 501)), rng
        )
    return replace(graph, weight=weight, count=parts)


def tight_graphs(*, quick: bool) -> Iterator[BenchGraph]:
    """Ten parts, atoms of 20 to 80 households, and next to no room."""
    for family, households, atoms in TIGHT:
        for seed in range(1, (2 if quick else 8) + 1):
            graph = next(_named(a_coarse_town(seed, atoms, _TIGHT_SIZES), family, seed))
            rng = np.random.default_rng([seed, households])
            weight = _within(to_total(graph.weight, households, rng), rng)
            yield replace(graph, weight=weight, count=TIGHT_PARTS)


def _named(town: Case, family: str, seed: int) -> Iterator[BenchGraph]:
    for graph in graphs_of(town, family):
        yield replace(graph, name=f"{family} #{seed}")


def _grown(graph: BenchGraph, parts: int, rng: np.random.Generator) -> IntArray:
    """Connected parts of about equal numbers of atoms, grown by turns from random atoms."""
    label = np.full(len(graph.weight), -1, dtype=np.int64)
    label[rng.choice(len(label), parts, replace=False)] = np.arange(parts)
    row = graph.row()
    while (label < 0).any():
        for part in np.argsort(np.bincount(label[label >= 0], minlength=parts), kind="stable"):
            near = graph.indices[(label[row] == part) & (label[graph.indices] < 0)]
            if len(near):
                label[rng.choice(near)] = part
                break
    return label


def _within(weight: IntArray, rng: np.random.Generator) -> IntArray:
    """Move households from atoms above the range of sizes to atoms below it; the total stays."""
    low, high = _TIGHT_SIZES
    held = weight.copy()
    while (over := np.flatnonzero(held > high)).size or (held < low).any():
        giver = rng.choice(over) if over.size else int(np.argmax(held))
        taker = int(np.argmin(held))
        held[giver] -= 1
        held[taker] += 1
    return held
