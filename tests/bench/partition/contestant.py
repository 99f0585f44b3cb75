"""One method's own process: loads the library, then solves graph after graph in forked children.

`python -m tests.bench.partition.contestant JOB.json`.  A child has one core, a limit of processor
time, and counts the time of `solve` alone: imports, reading of files and the first call's set-up
(by the smallest graph) are over before it starts.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import multiprocessing
import os
import resource
import sys
import time
import warnings
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tests.bench.partition.graph_file import BenchGraph, IntArray, load_graph

Solve = Callable[[BenchGraph, dict[str, Any], int], IntArray]

_WALL_FACTOR = 4.0


def solved(
    solve: Solve,
    graph: BenchGraph,
    setting: dict[str, Any],
    seed: int,
    limit_s: float,
    first: BenchGraph | None = None,
) -> dict[str, Any]:
    """Solve in a child; `label` is None after an error or past the limit (`failed` says which).

    `first`: a small graph that is solved before the time counts.
    """
    fork = multiprocessing.get_context("fork")
    ours, theirs = fork.Pipe(duplex=False)
    child = fork.Process(target=_child, args=(theirs, solve, graph, setting, seed, limit_s, first))
    child.start()
    theirs.close()
    answer: dict[str, Any] = {"label": None, "cpu_s": limit_s, "rss_mb": 0.0, "failed": "timeout"}
    try:
        if ours.poll(limit_s * _WALL_FACTOR + 10.0):
            answer = ours.recv()
    except EOFError:
        pass  # killed at the limit: the answer above stands
    finally:
        child.kill()
        child.join()
        ours.close()
    return {"graph": graph.name, "family": graph.family, "seed": seed, **answer}


def _child(
    pipe: Connection,
    solve: Solve,
    graph: BenchGraph,
    setting: dict[str, Any],
    seed: int,
    limit_s: float,
    first: BenchGraph | None,
) -> None:
    whole = max(1, int(limit_s))
    resource.setrlimit(resource.RLIMIT_CPU, (whole, whole + 2))
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    if first is not None:
        # What a fresh process does once (page faults after the fork, loading of code) is nobody's
        # solving.
        with contextlib.suppress(Exception):
            solve(first, setting, seed)
    began = time.process_time()
    try:
        label = [int(part) for part in solve(graph, setting, seed)]
        failed = ""
    except Exception as error:  # noqa: BLE001 - a library may raise anything; it is reported
        label, failed = None, f"{type(error).__name__}: {error}"[:200]
    cpu_s = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
    pipe.send({"label": label, "cpu_s": cpu_s, "rss_mb": peak, "failed": failed})
    pipe.close()


def main(job_file: Path) -> None:
    """Do one job: {module, settings, setting, graphs, seeds, limit_s, core, out, warm}."""
    job = json.loads(job_file.read_text(encoding="utf-8"))
    os.sched_setaffinity(0, {job["core"]})
    warnings.simplefilter("ignore")
    module = importlib.import_module(job["module"])
    setting = getattr(module, job["settings"])[job["setting"]]
    if job["warm"]:
        # As every process of the product does at its start; else each child would load its kernels.
        module.warm()
    first = load_graph(Path(min(job["graphs"], key=lambda path: Path(path).stat().st_size)))
    with Path(job["out"]).open("w", encoding="utf-8") as out:
        for path in job["graphs"]:
            graph = load_graph(Path(path))
            for seed in job["seeds"]:
                row = solved(module.solve, graph, setting, seed, job["limit_s"], first)
                out.write(json.dumps(row) + "\n")
                out.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
