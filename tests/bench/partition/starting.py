"""Seconds until the first cut: with an empty cache of compiled kernels, and with a full one."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from typing import Any

from tests.bench.partition.contest import ROOT

_PROGRAM = """
import json, sys, time
began = time.perf_counter()
from services.grid_partition.engine import warm_up
loaded = time.perf_counter()
warm_up()
sys.stdout.write(json.dumps({
    "import_s": loaded - began,
    "warm_up_s": time.perf_counter() - loaded,
    "cpu_s": time.process_time(),
}))
"""


def measure_start(*, quick: bool) -> dict[str, Any]:
    """Cold, then warm three times (the best counts); quick leaves the cold one out."""
    with tempfile.TemporaryDirectory() as cache:
        cold = None if quick else _started(cache)
        warm = [_started(None if quick else cache) for _ in range(3)]
    return {"cold": cold, "warm": min(warm, key=lambda run: run["import_s"] + run["warm_up_s"])}


def _started(cache: str | None) -> dict[str, float]:
    setting = [] if cache is None else [f"NUMBA_CACHE_DIR={cache}"]
    done = subprocess.run(
        ["env", *setting, sys.executable, "-c", _PROGRAM],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    times: dict[str, float] = json.loads(done.stdout)
    return times
