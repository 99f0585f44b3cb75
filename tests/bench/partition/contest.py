"""Runs contestants in their own processes, two at a time, and has every answer judged."""

from __future__ import annotations

import json
import os
import queue
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.bench.partition.checker import judge
from tests.bench.partition.graph_file import BenchGraph, load_graph
from tests.bench.partition.methods import Method

__all__ = ["Contest", "Row", "best_setting"]

Row = dict[str, Any]

ROOT = Path(__file__).parents[3]
PEERS_PYTHON = ROOT / ".venv-bench" / "bin" / "python"


@dataclass(frozen=True)
class Contest:
    """Where graphs lie, how long a graph may take, which seeds, and who hears of progress."""

    graphs: Path
    limit_s: float
    seeds: tuple[int, ...]
    peers_python: Path = PEERS_PYTHON
    tell: Callable[[str], None] = print

    def run(self, methods: Sequence[Method]) -> list[Row]:
        """Try the settings of each method on a few graphs, then race with the best one."""
        held = {path.stem: load_graph(path) for path in sorted(self.graphs.glob("*.npz"))}
        with _Lanes() as lanes:
            chosen = dict(lanes.map(lambda m, core: (m.name, self._tried(m, held, core)), methods))
            rows = lanes.map(lambda m, core: self._raced(m, chosen[m.name], held, core), methods)
        return [row for part in rows for row in part]

    def _tried(self, method: Method, held: dict[str, BenchGraph], core: int) -> str:
        names = _settings_of(method, self._python(method))
        if len(names) == 1:
            return names[0]
        few = _few(_graphs_for(method, held), method.pilot)
        results = {name: self._judged(method, name, few, (1,), held, core) for name in names}
        best = best_setting(results)
        self.tell(f"{method.name}: {best} of {names}")
        return best

    def _raced(
        self, method: Method, setting: str, held: dict[str, BenchGraph], core: int
    ) -> list[Row]:
        names = _graphs_for(method, held)
        rows = self._judged(method, setting, names, self.seeds[: method.seeds], held, core)
        cpu_s = sum(row["cpu_s"] for row in rows)
        fit = sum(bool(row.get("feasible")) for row in rows)
        self.tell(f"{method.name}: {fit} of {len(rows)} feasible, {cpu_s:.1f} CPU s")
        return rows

    def _judged(
        self,
        method: Method,
        setting: str,
        names: Sequence[str],
        seeds: Sequence[int],
        held: dict[str, BenchGraph],
        core: int,
    ) -> list[Row]:
        rows = []
        for answer in self._solved(method, setting, names, seeds, core):
            label, graph = answer.pop("label"), held[answer["graph"]]
            row = {**answer, "method": method.name, "setting": setting, "asked": graph.count}
            if label is not None:
                asked = None if method.free_count else graph.count
                row |= judge(graph, np.array(label), asked).as_row()
            rows.append(row)
        return rows

    def _solved(
        self, method: Method, setting: str, names: Sequence[str], seeds: Sequence[int], core: int
    ) -> list[Row]:
        with tempfile.TemporaryDirectory() as folder:
            job, out = Path(folder) / "job.json", Path(folder) / "out.jsonl"
            content = {
                "module": method.module,
                "settings": method.settings,
                "setting": setting,
                "graphs": [str(self.graphs / f"{name}.npz") for name in names],
                "seeds": list(seeds),
                "limit_s": self.limit_s,
                "core": core,
                "warm": method.ours,
                "out": str(out),
            }
            job.write_text(json.dumps(content), encoding="utf-8")
            subprocess.run(
                [self._python(method), "-m", "tests.bench.partition.contestant", str(job)],
                cwd=ROOT,
                check=True,
            )
            return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]

    def _python(self, method: Method) -> str:
        return sys.executable if method.ours else str(self.peers_python)


def best_setting(results: dict[str, list[Row]]) -> str:
    """Most feasible answers, then most answers, then the lowest sum of J."""

    def rank(name: str) -> tuple[int, int, float]:
        rows = [row for row in results[name] if "score_m" in row]
        fit = sum(bool(row["feasible"]) for row in rows)
        return -fit, -len(rows), sum(row["score_m"] for row in rows)

    return min(results, key=rank)


def median_by_graph(rows: Iterable[Row], figure: str) -> dict[str, float]:
    """Median over the seeds of each graph, of the rows that have the figure."""
    held: dict[str, list[float]] = {}
    for row in rows:
        if figure in row:
            held.setdefault(row["graph"], []).append(float(row[figure]))
    return {name: statistics.median(values) for name, values in held.items()}


def _graphs_for(method: Method, held: dict[str, BenchGraph]) -> list[str]:
    wanted = method.families
    return [name for name, graph in held.items() if not wanted or graph.family in wanted]


def _few(names: Sequence[str], most: int) -> list[str]:
    """Evenly spread over the list: every family is there."""
    step = max(1, len(names) // most)
    return list(names[::step])


def _settings_of(method: Method, python: str) -> list[str]:
    code = (
        "import importlib, json, sys, warnings; warnings.simplefilter('ignore');"
        f"module = importlib.import_module('{method.module}');"
        f"sys.stdout.write(json.dumps(list(module.{method.settings})))"
    )
    done = subprocess.run(
        [python, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    names: list[str] = json.loads(done.stdout.splitlines()[-1])
    return names


class _Lanes:
    """One lane a core: work is handed the core it is to be pinned to."""

    def __init__(self) -> None:
        cores = sorted(os.sched_getaffinity(0))
        self._free: queue.SimpleQueue[int] = queue.SimpleQueue()
        for core in cores:
            self._free.put(core)
        self._pool = ThreadPoolExecutor(len(cores))

    def __enter__(self) -> _Lanes:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def map(self, work: Callable[[Method, int], Any], methods: Sequence[Method]) -> list[Any]:
        """Results in the order of the methods."""

        def one(method: Method) -> Any:
            core = self._free.get()
            try:
                return work(method, core)
            finally:
                self._free.put(core)

        return list(self._pool.map(one, methods))
