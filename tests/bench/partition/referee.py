"""The oracle: every connected set in range, then CP-SAT and HiGHS on the exact cover.

`python -m tests.bench.partition.referee FOLDER OUT LIMIT_S`.  Runs in the environment of the peers;
shares no code with the engine.  Writes per graph: verdict, optimum, columns, seconds.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from ortools.sat.python import cp_model
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csc_array

from tests.bench.partition.checker import CROSSING_M, PIECE_M, SIZE_M
from tests.bench.partition.graph_file import HIGH, LOW, TARGET, BenchGraph, load_graph

_MOST_SETS = 3_000_000


def sets_in_range(graph: BenchGraph) -> list[list[int]] | None:
    """All connected sets of atoms with 300 to 500 households; None when there are too many.

    Grows sets from their smallest atom; `shut` are atoms that a set may not take any more, so that
    none is met twice.
    """
    near = [
        sum(1 << int(b) for b in graph.indices[graph.indptr[a] : graph.indptr[a + 1]])
        for a in range(len(graph.weight))
    ]
    weight = graph.weight.tolist()
    found: list[list[int]] = []
    visited = 0
    for root in range(len(weight)):
        todo = [(1 << root, weight[root], near[root] & -(2 << root), (2 << root) - 1)]
        while todo:
            held, total, fringe, shut = todo.pop()
            visited += 1
            if visited > _MOST_SETS:
                return None
            if LOW <= total <= HIGH:
                found.append([a for a in range(len(weight)) if held >> a & 1])
            while fringe:
                bit = fringe & -fringe
                fringe ^= bit
                atom = bit.bit_length() - 1
                shut |= bit
                if total + weight[atom] <= HIGH:
                    grown = (fringe | near[atom]) & ~shut & ~held
                    todo.append((held | bit, total + weight[atom], grown, shut))
    return found


def column_cost(graph: BenchGraph, atoms: list[int]) -> float:
    """J of one part: half its border, its crossings, its estates, its size; metres."""
    inside = set(atoms)
    border = 0.0
    for atom in atoms:
        for edge in range(int(graph.indptr[atom]), int(graph.indptr[atom + 1])):
            if int(graph.indices[edge]) not in inside:
                border += float(graph.length[edge])
    blocks = {
        int(b)
        for atom in atoms
        for b in graph.block[graph.block_ptr[atom] : graph.block_ptr[atom + 1]]
    }
    estates = {int(graph.estate[atom]) for atom in atoms if graph.estate[atom] >= 0}
    size = int(graph.weight[atoms].sum()) - TARGET
    return (
        border / 2 + CROSSING_M * (len(blocks) - 1) + PIECE_M * len(estates) + SIZE_M * size * size
    )


def decide(graph: BenchGraph, limit_s: float) -> dict[str, Any]:
    """Verdict (optimal, infeasible, feasible, unknown) and J of the best cover, free or counted.

    HiGHS finds the optimum; CP-SAT has the last word on "infeasible", where HiGHS has been seen to
    fail.
    """
    began = time.process_time()
    sets = sets_in_range(graph)
    if sets is None:
        return {"verdict": "unknown", "score_m": None, "columns": 0, "cpu_s": 0.0}
    count = graph.count if graph.family.startswith("planted") else None
    verdict, score = "infeasible", None
    if coverable(graph, sets, count, limit_s):
        verdict, score = cheapest(graph, sets, count, limit_s)
    return {
        "verdict": verdict,
        "score_m": score,
        "columns": len(sets),
        "cpu_s": time.process_time() - began,
    }


def coverable(graph: BenchGraph, sets: list[list[int]], count: int | None, limit_s: float) -> bool:
    """False only where CP-SAT proves that no choice of sets covers every atom once."""
    model = cp_model.CpModel()
    taken = [model.new_bool_var("") for _ in sets]
    holders: list[list[Any]] = [[] for _ in graph.weight]
    for column, atoms in enumerate(sets):
        for atom in atoms:
            holders[atom].append(taken[column])
    for held in holders:
        model.add_exactly_one(held)
    if count is not None:
        model.add(sum(taken) == count)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.max_time_in_seconds = limit_s
    return bool(solver.solve(model) != cp_model.INFEASIBLE)


def cheapest(
    graph: BenchGraph, sets: list[list[int]], count: int | None, limit_s: float
) -> tuple[str, float | None]:
    """Verdict and J of the cheapest choice of sets that covers every atom once."""
    ends = np.cumsum([0, *map(len, sets)])
    members = np.concatenate([np.array(atoms) for atoms in sets])
    shape = (len(graph.weight), len(sets))
    once = csc_array((np.ones(len(members)), members, ends), shape=shape)
    rules = [LinearConstraint(once, 1, 1)]
    if count is not None:
        rules.append(LinearConstraint(np.ones((1, len(sets))), count, count))
    found = milp(
        np.array([column_cost(graph, atoms) for atoms in sets]),
        constraints=rules,
        integrality=np.ones(len(sets)),
        bounds=Bounds(0, 1),
        options={"time_limit": limit_s, "mip_rel_gap": 1e-7},
    )
    if found.x is None:
        return "unknown", None
    estates = len({int(e) for e in graph.estate if e >= 0})
    return ("optimal" if found.status == 0 else "feasible"), float(found.fun) - PIECE_M * estates


def main(folder: Path, out: Path, limit_s: float) -> None:
    """Decide every graph file of a folder."""
    told = {p.stem: decide(load_graph(p), limit_s) for p in sorted(folder.glob("*.npz"))}
    out.write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]))
