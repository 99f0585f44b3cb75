"""Figures 1, 12 and 16 on the shipped cases: verdicts, split estates, tiling."""

from __future__ import annotations

import time
from typing import Any

import shapely

from services.grid_partition.engine import Partition, cut, node_district, warm_up
from tests.bench.partition.end_to_end import outcome
from tests.bench.partition.towns import a_district
from tests.grid_partition.engine.cases import CASES, Case, case_folder, load_case

GENERATED = "generated district"


def measure_cases(*, quick: bool) -> dict[str, Any]:
    """Every case whose folder is there, and the generated district."""
    warm_up()
    found = {GENERATED: _measured(a_district(2))}
    for name in CASES:
        if case_folder(name) is not None and not (quick and name == "chengdong-synth"):
            found[name] = _measured(load_case(name))
    return {"cases": found, "absent": [name for name in CASES if case_folder(name) is None]}


def _measured(case: Case) -> dict[str, Any]:
    began = time.process_time()
    frames = node_district(case.codes, case.boundaries, case.barriers)
    partitions = [cut(c, f) for c, f in zip(case.communities, frames, strict=True)]
    cpu_s = time.process_time() - began
    lands = [frame.polygon for frame in frames]
    return (
        outcome(partitions)
        | {"cpu_s": cpu_s, "reasons": _reasons(partitions)}
        | {"least_pieces": _least(partitions), "estate_pieces": _pieces(partitions)}
        | _tiling(partitions, lands)
    )


def _reasons(partitions: list[Partition]) -> dict[str, list[str]]:
    """Why a community is not feasible, with the figures of its violation."""
    return {
        p.community_code: [
            f"{v.code.value} {dict(v.params)}" for v in p.violations if v.code != "estates_block"
        ]
        for p in partitions
        if not p.feasible
    }


def _least(partitions: list[Partition]) -> int:
    """Extra estate pieces that are proved unavoidable, over all communities."""
    return sum(
        int(violation.params.get("least_pieces", 0))
        for partition in partitions
        for violation in partition.violations
        if violation.code == "estates_block"
    )


def _pieces(partitions: list[Partition]) -> int:
    return sum(partition.metrics.estate_pieces for partition in partitions)


def _tiling(partitions: list[Partition], lands: list[Any]) -> dict[str, Any]:
    """Communities whose grids are a valid coverage; gap or overlap with the community, m2."""
    valid, worst = 0, 0.0
    everything: list[Any] = []
    for partition, land in zip(partitions, lands, strict=True):
        shapes = [grid.polygon for grid in partition.grids]
        everything += shapes
        valid += bool(shapely.coverage_is_valid(shapes)) and all(s.is_valid for s in shapes)
        union = shapely.union_all(shapes)
        overlap = sum(shape.area for shape in shapes) - union.area
        worst = max(worst, abs(overlap), union.symmetric_difference(land).area)
    return {
        "valid_coverages": valid,
        "district_valid": bool(shapely.coverage_is_valid(everything)),
        "worst_area_m2": worst,
    }
