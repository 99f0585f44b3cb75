"""Figures 1, 12 and 16 on the shipped cases: verdicts, split estates, tiling."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import shapely

from services.grid_partition.domain.projection import Plane
from services.grid_partition.domain.stitching import stitched
from services.grid_partition.engine import (
    Partition,
    cut,
    node_district,
    stitch_coverage,
    warm_up,
)
from tests.bench.partition.end_to_end import outcome
from tests.bench.partition.towns import a_district
from tests.grid_partition.engine.cases import CASES, Case, case_folder, load_case

GENERATED = "generated district"
#: Where the cases are laid down to see their answers: a place in the zone of Chengdong, metres.
_PLANE = Plane(102)
_PLACE_M = (482_100.0, 4_052_000.0)


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
    grids = [[grid.polygon for grid in partition.grids] for partition in partitions]
    lands = [frame.polygon for frame in frames]
    return (
        outcome(partitions)
        | {"cpu_s": cpu_s, "reasons": _reasons(partitions)}
        | {"least_pieces": _least(partitions), "estate_pieces": _pieces(partitions)}
        | _tiling(grids, lands)
        | _across(grids)
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


def _tiling(grids: list[list[Any]], lands: list[Any]) -> dict[str, Any]:
    """Communities whose grids are a valid coverage; gap or overlap with the community, m2."""
    valid, worst = 0, 0.0
    for shapes, land in zip(_by_community(grids, _stitched(grids)), lands, strict=True):
        valid += bool(shapely.coverage_is_valid(shapes)) and all(s.is_valid for s in shapes)
        union = shapely.union_all(shapes)
        overlap = sum(shape.area for shape in shapes) - union.area
        worst = max(worst, abs(overlap), union.symmetric_difference(land).area)
    return {"valid_coverages": valid, "worst_area_m2": worst}


def _across(grids: list[list[Any]]) -> dict[str, Any]:
    """All grids of a case as one coverage: in metres, and in degrees as the service answers them.

    `apart_m`, `unmatched_m`: metres of sides that overlap others without being the same side,
    before and after stitching (both polygons count).
    """
    apart = [shape for shapes in grids for shape in shapes]
    found, answers = _stitched(grids), _answered(grids)
    return {
        "apart_m": _unmatched(apart),
        "unmatched_m": _unmatched(found),
        "district_valid": _is_coverage(found),
        "answers_valid": _is_coverage(answers)
        and all(_is_coverage(shapes) for shapes in _by_community(grids, answers)),
    }


def _is_coverage(shapes: Any) -> bool:
    return bool(shapely.coverage_is_valid(shapes) and shapely.is_valid(shapes).all())


def _unmatched(shapes: Any) -> float:
    return float(shapely.length(shapely.coverage_invalid_edges(shapes)).sum())


def _labels(grids: list[list[Any]]) -> list[int]:
    return [number for number, shapes in enumerate(grids) for _ in shapes]


def _stitched(grids: list[list[Any]]) -> Any:
    return stitch_coverage([shape for shapes in grids for shape in shapes], _labels(grids))


def _by_community(grids: list[list[Any]], shapes: Any) -> list[Any]:
    return np.split(shapes, np.cumsum([len(held) for held in grids])[:-1])


def _answered(grids: list[list[Any]]) -> Any:
    """The grids of communities that were stored one by one, and stitched: read from GeoJSON."""
    moved = shapely.transform(
        np.array([shape for shapes in grids for shape in shapes], dtype=object),
        lambda at: at + np.array(_PLACE_M),
    )
    texts = shapely.to_geojson(_PLANE.to_degrees(moved)).tolist()
    found = stitched(_PLANE.meridian, [str(label) for label in _labels(grids)], texts)
    for place, outline in found.items():
        texts[place] = outline.geometry
    return shapely.from_geojson(texts)
