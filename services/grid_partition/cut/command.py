"""The command: read, frame, cut community by community, write, tell."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from services.grid_partition.cut.case_folder import Case, CaseUnreadable, read_case
from services.grid_partition.cut.map_drawing import draw_map
from services.grid_partition.cut.results import assignments_csv, grids_geojson, summary_of
from services.grid_partition.domain.cutting import (
    CutResult,
    CutTask,
    FramesTask,
    cut_community,
    frame_communities,
)
from services.grid_partition.domain.rules import engine_rules, shipped_rules
from services.grid_partition.domain.snapshots import SnapshotUnreadable
from services.grid_partition.domain.stitching import stitched_results
from services.grid_partition.engine import Rules
from services.grid_partition.operations.processes import new_pool

_OLD_GRIDS = ("none", "legacy")


@dataclass(frozen=True, slots=True)
class CutOptions:
    """What to cut, with which rules and seed, and where to write.

    `base` "legacy" prices households that leave their old grid; with "none" they are counted only.
    """

    case: Path
    out: Path
    seed: int = 1
    rules: Path | None = None
    base: str = "none"


def run_cut(options: CutOptions, *, processes: int, as_json: bool) -> int:
    """Cut a case; returns the exit code: 0 done, 2 when the case or the rules cannot be read."""
    console = Console(stderr=True)
    try:
        summary = cut_case(options, processes=processes, console=console)
    except (CaseUnreadable, SnapshotUnreadable, ValueError, OSError) as error:
        console.print(f"cannot cut {options.case}: {error}", style="red", markup=False)
        return 2
    if as_json:
        sys.stdout.write(json.dumps(summary, ensure_ascii=False) + "\n")
    else:
        totals = summary["totals"]
        console.print(
            f"{totals['grids']} grids for {totals['households']} households in "
            f"{totals['communities']} communities, {totals['feasible_communities']} of them "
            f"wholly within the limits; {options.out}",
            markup=False,
        )
    return 0


def cut_case(options: CutOptions, *, processes: int, console: Console) -> dict[str, Any]:
    """Cut a case, write its four files, and return the summary."""
    began = time.perf_counter()
    rules = read_rules(options)
    case = read_case(options.case)
    frames = frame_communities(FramesTask(case.boundaries, case.barriers, rules))
    tasks = [
        CutTask(snapshot, frame, frames.meridian, rules)
        for snapshot, frame in zip(case.snapshots, frames.frames, strict=True)
    ]
    with _bar(console, len(tasks)) as advance:
        found = _cut_all(tasks, processes, advance)
    results = stitched_results([found[code] for code in case.codes], frames.meridian)
    summary = summary_of(case.name, results, seed=options.seed, began=began)
    _write(options.out, case, results, summary)
    return summary


def read_rules(options: CutOptions) -> Rules:
    """Return the shipped rules with the file's changes; raises ValueError, OSError."""
    rules = shipped_rules()
    if options.rules is not None:
        changes = json.loads(options.rules.read_text(encoding="utf-8"))
        unknown = sorted(changes.keys() - rules.keys())
        if unknown:
            message = f"{options.rules}: unknown rules: {', '.join(unknown)}"
            raise ValueError(message)
        rules |= changes
    if options.base not in _OLD_GRIDS:
        message = f"base is one of {', '.join(_OLD_GRIDS)}"
        raise ValueError(message)
    return engine_rules(rules, options.seed, with_base=options.base == "legacy")


def _cut_all(
    tasks: list[CutTask], processes: int, advance: Callable[[], None]
) -> dict[str, CutResult]:
    found: dict[str, CutResult] = {}
    if processes == 1 or len(tasks) == 1:
        for task in tasks:
            result = cut_community(task)
            found[result.code] = result
            advance()
        return found
    with new_pool(min(processes, len(tasks))) as pool:
        # The largest first: the last to end is then a small one.
        queue = sorted(tasks, key=lambda task: -len(task.snapshot))
        for future in as_completed([pool.submit(cut_community, task) for task in queue]):
            found[future.result().code] = future.result()
            advance()
    return found


@contextmanager
def _bar(console: Console, total: int) -> Iterator[Callable[[], None]]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("communities", total=total)
        yield lambda: progress.advance(task)


def _write(out: Path, case: Case, results: list[CutResult], summary: dict[str, Any]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / "grids.geojson").write_bytes(grids_geojson(results))
    (out / "assignments.csv").write_text(assignments_csv(results), encoding="utf-8")
    text = json.dumps(summary, ensure_ascii=False, indent=1) + "\n"
    (out / "summary.json").write_text(text, encoding="utf-8")
    (out / "map.svg").write_text(draw_map(case.name, results, case.lines), encoding="utf-8")
