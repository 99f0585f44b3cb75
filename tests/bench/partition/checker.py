"""The independent judge of the benchmark: labels and the graph file in, figures out.

Imports nothing of the engine.  Everything is recomputed from the file: households, contiguity,
border off barriers, crossings, estate pieces, J, Polsby-Popper, households moved.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np
import shapely

from tests.bench.partition.graph_file import HIGH, LOW, TARGET, BenchGraph, FloatArray, IntArray

#: Weights of J, frozen: metres per crossing, per extra estate piece, per household squared.
CROSSING_M = 200.0
PIECE_M = 200.0
SIZE_M = 0.005


@dataclass(frozen=True)
class Score:
    """Figures of one answer; lengths in metres.

    `feasible`: every atom labelled, exactly the asked number of parts (where one was asked), each
    contiguous and of 300 to 500 households.
    """

    feasible: bool
    parts: int
    in_range: int
    broken: int
    boundary_m: float
    crossings: int
    estate_pieces: int
    score_m: float
    polsby_popper: float
    moved: int

    def as_row(self) -> dict[str, float | int | bool]:
        """For the results file."""
        return asdict(self)


def judge(graph: BenchGraph, label: IntArray, count: int | None = None) -> Score:
    """Score labels 0.. (any numbers; negative: not assigned).

    `count`: parts that were asked for; another number is then infeasible.  Raises ValueError when
    labels and atoms differ in number.
    """
    label = np.asarray(label, dtype=np.int64)
    if label.shape != graph.weight.shape:
        raise ValueError(f"{len(label)} labels for {len(graph.weight)} atoms")
    complete = bool((label >= 0).all())
    # What nobody took is a part of its own: it costs its border, and is never feasible.
    part = np.unique(label, return_inverse=True)[1].astype(np.int64)
    parts = int(part.max()) + 1
    households = np.bincount(part, graph.weight, parts)
    fits = (households >= LOW) & (households <= HIGH)
    broken = int((pieces_of_parts(graph, part, parts) > 1).sum())
    boundary = boundary_m(graph, part)
    crossed, torn = crossings(graph, part), estate_pieces(graph, part)
    size = float(((households - TARGET) ** 2).sum())
    return Score(
        feasible=complete and bool(fits.all()) and not broken and count in (None, parts),
        parts=parts,
        in_range=int(fits.sum()),
        broken=broken,
        boundary_m=boundary,
        crossings=crossed,
        estate_pieces=torn,
        score_m=boundary + CROSSING_M * crossed + PIECE_M * torn + SIZE_M * size,
        polsby_popper=polsby_popper(graph, part, parts),
        moved=moved(graph, part),
    )


def pieces_of_parts(graph: BenchGraph, part: IntArray, parts: int) -> IntArray:
    """Connected pieces of each part, by a walk over the neighbours."""
    pieces = np.zeros(parts, dtype=np.int64)
    seen = np.zeros(len(part), dtype=bool)
    pointer, neighbour = graph.indptr.tolist(), graph.indices.tolist()
    owner = part.tolist()
    for first in range(len(owner)):
        if seen[first]:
            continue
        pieces[owner[first]] += 1
        seen[first] = True
        todo = [first]
        while todo:
            atom = todo.pop()
            for other in neighbour[pointer[atom] : pointer[atom + 1]]:
                if not seen[other] and owner[other] == owner[first]:
                    seen[other] = True
                    todo.append(other)
    return pieces


def boundary_m(graph: BenchGraph, part: IntArray) -> float:
    """Border between different parts that does not lie on a barrier."""
    apart = part[graph.row()] != part[graph.indices]
    return float(graph.length[apart].sum()) / 2.0


def crossings(graph: BenchGraph, part: IntArray) -> int:
    """Blocks per part beyond the first, summed."""
    holder = np.repeat(part, np.diff(graph.block_ptr))
    pairs = {(int(a), int(b)) for a, b in zip(holder, graph.block, strict=True)}
    return len(pairs) - len({part_ for part_, _ in pairs})


def estate_pieces(graph: BenchGraph, part: IntArray) -> int:
    """Parts per estate beyond the first, summed."""
    named = graph.estate >= 0
    pairs = {(int(e), int(p)) for e, p in zip(graph.estate[named], part[named], strict=True)}
    return len(pairs) - len({estate for estate, _ in pairs})


def polsby_popper(graph: BenchGraph, part: IntArray, parts: int) -> float:
    """Mean of 4 pi area / rim^2 over the parts' polygons; 0 for a graph without a map."""
    if not graph.outline:
        return 0.0
    cells = graph.polygons()
    shapes = np.array([shapely.union_all(cells[part == p], grid_size=1e-5) for p in range(parts)])
    ratio: FloatArray = 4 * math.pi * shapely.area(shapes) / shapely.length(shapes) ** 2
    return float(ratio.mean())


def moved(graph: BenchGraph, part: IntArray) -> int:
    """Households in a part that most households came to from another old grid."""
    flows: dict[int, dict[int, int]] = {}
    for new, old, households in zip(
        part.tolist(), graph.old.tolist(), graph.weight.tolist(), strict=True
    ):
        if old >= 0:
            into = flows.setdefault(new, {})
            into[old] = into.get(old, 0) + households
    return sum(sum(into.values()) - max(into.values()) for into in flows.values())
