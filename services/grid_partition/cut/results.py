"""The result files of a cut: grids, assignments, summary."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Sequence
from typing import Any

import orjson

from kit.web.listing import csv_cell
from services.grid_partition.domain import findings
from services.grid_partition.domain.cutting import CutAssignment, CutResult
from services.grid_partition.domain.explanation import explain_community

_METRICS = (
    "estates_split",
    "internal_boundary_m",
    "blocks_crossed",
    "mean_polsby_popper",
    "moved_households",
    "cpu_s",
)
_COLUMNS = ("building_id", "unit", "community_code", "grid_code", "households")


def grids_geojson(results: Sequence[CutResult]) -> bytes:
    """Return the FeatureCollection of all grids (degrees)."""
    features = []
    for result in results:
        for grid in result.grids:
            known = {} if grid.population is None else {"population": grid.population}
            features.append(
                {
                    "type": "Feature",
                    "properties": {
                        "grid_code": grid.code,
                        "community_code": result.code,
                        "households": grid.households,
                        "kind": grid.kind,
                        "in_range": grid.in_range,
                        **known,
                        "compactness": grid.compactness,
                    },
                    "geometry": orjson.Fragment(grid.geometry),
                }
            )
    return orjson.dumps({"type": "FeatureCollection", "features": features})


def unit_text(part: CutAssignment) -> str:
    """Return which part of a building is meant: "" all, "1-2" units, "1/3-8" floors of unit 1."""
    units = _span(part.unit_from, part.unit_to)
    floors = _span(part.floor_from, part.floor_to)
    return f"{units}/{floors}" if floors else units


def _span(first: int, last: int) -> str:
    if not first:
        return ""
    return str(first) if first == last else f"{first}-{last}"


def assignments_csv(results: Sequence[CutResult]) -> str:
    """Return the table of buildings, or slices of one, and their grids."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(_COLUMNS)
    for result in results:
        for part in result.assignments:
            table.writerow(
                [
                    csv_cell(part.building_id),
                    unit_text(part),
                    result.code,
                    part.grid_code,
                    part.households,
                ]
            )
    return out.getvalue()


def summary_of(
    case: str, results: Sequence[CutResult], *, seed: int, began: float
) -> dict[str, Any]:
    """Return totals and the figures of each community; `began` is a perf_counter reading."""
    communities = [_community(result) for result in results]
    return {
        "case": case,
        "seed": seed,
        "totals": {
            "communities": len(results),
            "households": sum(result.households for result in results),
            "buildings": sum(result.buildings for result in results),
            "grids": sum(len(result.grids) for result in results),
            "feasible_communities": sum(result.feasible for result in results),
            "violations": sum(len(result.violations) for result in results),
            "estates_split": sum(row["estates_split"] for row in communities),
            "internal_boundary_m": round(sum(r["internal_boundary_m"] for r in communities), 2),
            "blocks_crossed": sum(row["blocks_crossed"] for row in communities),
            "moved_households": sum(row["moved_households"] for row in communities),
            "cpu_s": round(sum(row["cpu_s"] for row in communities), 3),
            "seconds": round(time.perf_counter() - began, 3),
        },
        "communities": communities,
    }


def _community(result: CutResult) -> dict[str, Any]:
    return {
        "code": result.code,
        "households": result.households,
        "grids": len(result.grids),
        "feasible": result.feasible,
        "violations": [
            {
                "code": violation.code,
                "detail": findings.explain(violation.code, violation.params, "en"),
                "detail_zh": findings.explain(violation.code, violation.params, "zh-CN"),
                "grid_code": violation.grid_code,
                "culprits": violation.culprits,
            }
            for violation in result.violations
        ],
        **{name: result.metrics[name] for name in _METRICS},
        "digest": result.digest,
        "explanation": explain_community(result.facts, "en"),
        "explanation_zh": explain_community(result.facts, "zh-CN"),
    }
