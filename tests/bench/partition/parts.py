"""The parts of the run: each in a process of its own, each with a stored result."""

from __future__ import annotations

import datetime as dt
import importlib
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

from tests.bench.partition.contest import PEERS_PYTHON, ROOT, Contest
from tests.bench.partition.instances import write_race
from tests.bench.partition.methods import METHODS

__all__ = ["PARTS", "measure", "run_alone", "stored_results"]

_HERE = "tests.bench.partition"
#: part -> (module, function); the race is run from here, it starts processes itself.
PARTS: dict[str, tuple[str, str]] = {
    "race": (f"{_HERE}.parts", "measure_race"),
    "ours": (f"{_HERE}.parts", "measure_ours"),
    "oracle": (f"{_HERE}.oracle", "measure_oracle"),
    "tight": (f"{_HERE}.oracle", "measure_tight"),
    "cases": (f"{_HERE}.shipped_cases", "measure_cases"),
    "district": (f"{_HERE}.end_to_end", "measure_district"),
    "million": (f"{_HERE}.end_to_end", "measure_million"),
    "ten_million": (f"{_HERE}.end_to_end", "measure_ten_million"),
    "community": (f"{_HERE}.end_to_end", "measure_community"),
    "adjustment": (f"{_HERE}.adjusting", "measure_adjustment"),
    "start": (f"{_HERE}.starting", "measure_start"),
}
_PACKAGES = ("numpy", "shapely", "numba")
_PEER_PACKAGES = (
    "gerrychain",
    "pymetis",
    "kahip",
    "mtkahypar",
    "spopt",
    "k-means-constrained",
    "ortools",
    "scipy",
)


def measure_race(*, quick: bool) -> dict[str, Any]:
    """Every contestant on every graph; quick leaves spopt out and gives 10 s a graph."""
    graphs = ROOT / "var" / "bench" / "partition" / ("quick-graphs" if quick else "graphs")
    count = write_race(graphs, quick=quick)
    entered = list(METHODS)
    if quick:
        entered = [replace(m, pilot=1) for m in METHODS if not m.name.startswith("spopt")]
    contest = _contest(graphs, quick=quick)
    rows = contest.run(entered)
    return {"rows": rows, "graphs": count, "limit_s": contest.limit_s, "seeds": len(contest.seeds)}


def measure_ours(*, quick: bool) -> dict[str, Any]:
    """This engine again on the graphs of the last race, whose other rows stay."""
    graphs = ROOT / "var" / "bench" / "partition" / ("quick-graphs" if quick else "graphs")
    ours = [method for method in METHODS if method.ours]
    return {"rows": _contest(graphs, quick=quick).run(ours)}


def _contest(graphs: Path, *, quick: bool) -> Contest:
    return Contest(
        graphs,
        limit_s=10.0 if quick else 60.0,
        seeds=(1,) if quick else (1, 2, 3, 4, 5),
        tell=_tell,
    )


def _tell(line: str) -> None:
    sys.stderr.write(f"  {line}\n")


def run_alone(part: str, folder: Path, *, quick: bool) -> None:
    """Run one part in its own process, pinned to one core unless it is the race."""
    words = [sys.executable, "-m", f"{_HERE}.parts", part, str(folder), "quick" if quick else ""]
    subprocess.run(words, cwd=ROOT, check=True)


def measure(part: str, folder: Path, *, quick: bool) -> None:
    """Measure in this process and store the result with its circumstances."""
    if part not in ("race", "ours"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    module, name = PARTS[part]
    work: Callable[..., dict[str, Any]] = getattr(importlib.import_module(module), name)
    began = time.perf_counter()
    result = work(quick=quick)
    result["run"] = {
        "date": dt.datetime.now(tz=dt.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "command": f'make bench PART=partition ARGS="{"--quick " if quick else ""}--only {part}"',
        "wall_s": time.perf_counter() - began,
        "machine": _machine(),
        "versions": _versions(part),
    }
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(result, default=str, indent=None)
    (folder / f"{part}.json").write_text(text, encoding="utf-8")
    if part == "race":
        (folder / "ours.json").unlink(missing_ok=True)


def stored_results(folder: Path) -> dict[str, Any]:
    """What was measured so far, in the order of the parts."""
    results = {
        part: json.loads((folder / f"{part}.json").read_text(encoding="utf-8"))
        for part in PARTS
        if (folder / f"{part}.json").exists()
    }
    if "race" in results and "ours" in results:
        ours = {row["method"] for row in results["ours"]["rows"]}
        others = [row for row in results["race"]["rows"] if row["method"] not in ours]
        results["race"]["rows"] = others + results["ours"]["rows"]
    return results


def _machine() -> str:
    model = platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text(encoding="utf-8").splitlines()
        names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
        model = names[0] if names else model
    return f"{os.cpu_count()} cores, {model}, Linux"


def _versions(part: str) -> str:
    told = [f"Python {platform.python_version()}"]
    told += [f"{name} {metadata.version(name)}" for name in _PACKAGES]
    if part in ("race", "oracle"):
        code = (
            "import sys; from importlib import metadata;"
            "sys.stdout.write(', '.join(f'{n} {metadata.version(n)}' for n in sys.argv[1:]))"
        )
        words = [str(PEERS_PYTHON), "-c", code, *_PEER_PACKAGES]
        told.append(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    return ", ".join(told)


if __name__ == "__main__":
    measure(sys.argv[1], Path(sys.argv[2]), quick=sys.argv[3:] == ["quick"])
