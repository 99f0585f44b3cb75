"""Figures 8 to 12: a district by stages, a million and ten million households, one community."""

from __future__ import annotations

import math
import resource
import statistics
import time
from collections.abc import Iterable, Sequence
from typing import Any

from services.grid_partition.engine import (
    CommunityFrame,
    CommunityInput,
    Partition,
    Rules,
    cut,
    node_district,
    stitch_coverage,
    warm_up,
)
from services.grid_partition.engine.output import draw_grids
from services.grid_partition.engine.solve import solve
from services.grid_partition.engine.terrain import survey
from tests.bench.partition.towns import DISTRICT_HOUSEHOLDS, a_district, a_province, a_town
from tests.grid_partition.engine.cases import Case

MILLION = 1_000_000
#: A reason that is a proof: these leave a community outside the range by necessity.
_UNPROVED = "not_found"


def measure_district(*, quick: bool) -> dict[str, Any]:
    """Processor seconds by stage, best of the repetitions, and what came out."""
    warm_up()
    case = a_district(1)
    runs = [_staged(case) for _ in range(1 if quick else 5)]
    best = min(runs, key=lambda run: run["node"] + run["cut"] + run["stitch"])
    frames = node_district(case.codes, case.boundaries, case.barriers)
    partitions = [cut(c, f) for c, f in zip(case.communities, frames, strict=True)]
    return best | outcome(partitions) | {"runs": len(runs)}


def measure_million(*, quick: bool) -> dict[str, Any]:
    """About a million households, district after district."""
    return _streamed(DISTRICT_HOUSEHOLDS if quick else MILLION, seed=11)


def measure_ten_million(*, quick: bool) -> dict[str, Any]:
    """About ten million households, district after district."""
    return _streamed(DISTRICT_HOUSEHOLDS if quick else 10 * MILLION, seed=12)


def measure_community(*, quick: bool) -> dict[str, Any]:
    """Communities of 20,000 households again and again in one process: seconds per cut."""
    warm_up()
    cpu_s, wall_s = [], []
    for seed in (1, 2, 3):
        case = a_town(seed, 20_000)
        (frame,) = node_district(case.codes, case.boundaries, case.barriers)
        for turn in range(5 if quick else 40):
            wall, cpu = time.perf_counter(), time.process_time()
            cut(case.communities[0], frame, Rules(seed=1 + turn))
            cpu_s.append(time.process_time() - cpu)
            wall_s.append(time.perf_counter() - wall)
    return {
        "calls": len(cpu_s),
        "cpu_p95_s": percentile(cpu_s, 0.95),
        "cpu_median_s": statistics.median(cpu_s),
        "wall_p95_s": percentile(wall_s, 0.95),
        "wall_median_s": statistics.median(wall_s),
    }


def outcome(partitions: Iterable[Partition]) -> dict[str, Any]:
    """What a set of cuts came to: communities by verdict, grids, crossings, estates, shape."""
    held = list(partitions)
    codes = [{v.code.value for v in partition.violations} for partition in held]
    grids = [grid for partition in held for grid in partition.grids]
    failed = [p.community_code for p, told in zip(held, codes, strict=True) if _UNPROVED in told]
    return {
        "communities": len(held),
        "feasible": sum(partition.feasible for partition in held),
        "proved_impossible": sum(
            not partition.feasible and _UNPROVED not in told
            for partition, told in zip(held, codes, strict=True)
        ),
        "not_found": failed,
        "households": sum(grid.households for grid in grids),
        "grids": len(grids),
        "crossings": sum(grid.blocks - 1 for grid in grids),
        "estates_split": sum(p.metrics.estates_split for p in held),
        "boundary_m": sum(p.metrics.internal_boundary_m for p in held),
        "score_m": sum(p.metrics.score_m for p in held),
        "polsby_popper": statistics.fmean(grid.compactness for grid in grids),
    }


def percentile(values: Sequence[float], share: float) -> float:
    """Smallest value that at least `share` of the values do not exceed."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(share * len(ranked)) - 1)]


def _staged(case: Case) -> dict[str, float]:
    """Seconds of noding, of three stages one by one, of `cut` (all three), and of stitching."""
    rules = Rules()
    began = time.process_time()
    frames = node_district(case.codes, case.boundaries, case.barriers)
    seconds = {"node": time.process_time() - began, "survey": 0.0, "solve": 0.0, "dissolve": 0.0}
    for community, frame in zip(case.communities, frames, strict=True):
        _stages(community, frame, rules, seconds)
    began = time.process_time()
    pairs = zip(case.communities, frames, strict=True)
    partitions = [cut(community, frame, rules) for community, frame in pairs]
    ended = time.process_time()
    _stitch(partitions)
    seconds |= {"cut": ended - began, "stitch": time.process_time() - ended}
    return seconds


def _stitch(partitions: Sequence[Partition]) -> None:
    stitch_coverage(
        [grid.polygon for partition in partitions for grid in partition.grids],
        [number for number, partition in enumerate(partitions) for _ in partition.grids],
    )


def _stages(
    community: CommunityInput, frame: CommunityFrame, rules: Rules, seconds: dict[str, float]
) -> None:
    marks = [time.process_time()]
    terrain = survey(community, frame, rules)
    marks.append(time.process_time())
    found = solve(terrain, rules)
    marks.append(time.process_time())
    draw_grids(terrain, found.label)
    marks.append(time.process_time())
    for name, first, last in zip(
        ("survey", "solve", "dissolve"), marks[:-1], marks[1:], strict=True
    ):
        seconds[name] += last - first


def _streamed(households: int, seed: int) -> dict[str, Any]:
    """Generation is not counted; the peak of memory is of the whole process, generator and all."""
    warm_up()
    before = _peak_mb()
    total = {"households": 0, "communities": 0, "grids": 0, "feasible": 0, "proved_impossible": 0}
    not_found: list[str] = []
    node_s = cut_s = stitch_s = 0.0
    for case in a_province(seed, households):
        began = time.process_time()
        frames = node_district(case.codes, case.boundaries, case.barriers)
        noded = time.process_time()
        partitions = [cut(c, f) for c, f in zip(case.communities, frames, strict=True)]
        ended = time.process_time()
        _stitch(partitions)
        stitch_s += time.process_time() - ended
        cut_s += ended - noded
        node_s += noded - began
        told = outcome(partitions)
        total = {name: count + told[name] for name, count in total.items()}
        not_found += told["not_found"]
    return total | {
        "not_found": not_found,
        "node_s": node_s,
        "cut_s": cut_s,
        "stitch_s": stitch_s,
        "cpu_s": node_s + cut_s + stitch_s,
        "peak_mb": _peak_mb(),
        "peak_before_mb": before,
    }


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
