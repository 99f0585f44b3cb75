"""Figures 2, 3 and 17: verdicts and gaps against complete enumeration, and counts with no room."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from services.grid_partition.engine import Rules
from services.grid_partition.engine.exact import Verdict
from services.grid_partition.engine.graph_cut import cut_graph
from tests.bench.partition.checker import judge
from tests.bench.partition.contest import PEERS_PYTHON, ROOT
from tests.bench.partition.graph_file import BenchGraph
from tests.bench.partition.instances import oracle_graphs, tight_graphs
from tests.bench.partition.surveyed import atom_graph

#: Processor seconds a tight graph may take, seed after seed.
TIGHT_LIMIT_S = 10.0


def measure_oracle(*, quick: bool) -> dict[str, Any]:
    """Ours beside the referee's verdict and optimum, graph by graph."""
    graphs = list(oracle_graphs(quick=quick))
    cut_graph(atom_graph(graphs[0]), Rules())
    rows = [_ours(graph) for graph in graphs]
    told = _refereed(graphs, 3.0 if quick else 10.0)
    for row in rows:
        row["referee"] = told[row["graph"]]
    return {"rows": rows}


def measure_tight(*, quick: bool) -> dict[str, Any]:
    """Fixed count, next to no slack: CPU until a feasible cut or a proof that there is none."""
    rows = []
    limit_s = 3.0 if quick else TIGHT_LIMIT_S
    for graph in tight_graphs(quick=quick):
        seen = atom_graph(graph)
        began, seed, feasible, refuted = time.process_time(), 0, False, False
        while not (feasible or refuted) and time.process_time() - began < limit_s:
            seed += 1
            cut = cut_graph(seen, Rules(seed=seed), graph.count)
            feasible = judge(graph, cut.label, graph.count).feasible
            refuted = cut.verdict is Verdict.IMPOSSIBLE
        cpu_s = time.process_time() - began
        rows.append(
            {
                "graph": graph.name,
                "family": graph.family,
                "feasible": feasible,
                "refuted": refuted,
                "seeds": seed,
                "cpu_s": cpu_s,
            }
        )
    return {"rows": rows, "limit_s": limit_s}


def _ours(graph: BenchGraph) -> dict[str, Any]:
    count = graph.count if graph.family.startswith("planted") else None
    began = time.process_time()
    cut = cut_graph(atom_graph(graph), Rules(), count)
    cpu_s = time.process_time() - began
    score = judge(graph, cut.label, count)
    return {
        "graph": graph.name,
        "family": graph.family,
        "cpu_s": cpu_s,
        "verdict": cut.verdict.value,
        "feasible": score.feasible,
        "score_m": score.score_m,
    }


def _refereed(graphs: list[BenchGraph], limit_s: float) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as held:
        folder, out = Path(held) / "graphs", Path(held) / "out.json"
        folder.mkdir()
        for graph in graphs:
            graph.save(folder)
        subprocess.run(
            [
                str(PEERS_PYTHON),
                "-m",
                "tests.bench.partition.referee",
                str(folder),
                str(out),
                str(limit_s),
            ],
            cwd=ROOT,
            check=True,
        )
        told: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
        return told
