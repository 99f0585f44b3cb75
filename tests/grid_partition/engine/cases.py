"""Loader for the case folders, where the checkout has them beside it."""

from __future__ import annotations

import gzip
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from services.grid_partition.engine import Barriers, CommunityInput

CASES = ("tainan-east", "monaco", "chengdong-synth")
EARTH_RADIUS_M = 6_371_008.8


@dataclass(frozen=True)
class Case:
    """One district, projected to metres around its own middle."""

    codes: list[str]
    boundaries: list[BaseGeometry]
    barriers: Barriers
    communities: list[CommunityInput]


def case_folder(name: str) -> Path | None:
    """Folder of a case in `shared/data` beside the repository, or None."""
    for parent in Path(__file__).resolve().parents:
        folder = parent.parent / "shared" / "data" / name
        if (folder / "communities.geojson.gz").exists():
            return folder
    return None


def needs_case(name: str) -> pytest.MarkDecorator:
    """Skip a test where the case data are not beside the checkout."""
    return pytest.mark.skipif(
        case_folder(name) is None,
        reason=f"case data shared/data/{name} do not lie beside this checkout",
    )


def load_case(name: str) -> Case:
    """Read a case; equirectangular metres are good to a few centimetres a kilometre."""
    folder = case_folder(name)
    assert folder is not None
    areas = _features(folder / "communities.geojson.gz")
    shapes = [shape(area["geometry"]) for area in areas]
    project = _Projection(shapely.total_bounds(shapes))
    lines = _features(folder / "barriers.geojson.gz")
    barriers = Barriers(
        tuple(project(shape(line["geometry"])) for line in lines),
        tuple(line["properties"]["kind"] or "" for line in lines),
        tuple(line["properties"].get("class") or "" for line in lines),
    )
    codes = [area["properties"]["code"] for area in areas]
    members: dict[str, list[dict[str, Any]]] = {code: [] for code in codes}
    for building in _features(folder / "buildings.geojson.gz"):
        members[building["properties"]["community_code"]].append(building)
    communities = [_community(code, members[code], project) for code in codes]
    return Case(codes, [project(area) for area in shapes], barriers, communities)


class _Projection:
    def __init__(self, bounds: Any) -> None:
        west, south, _, north = (float(value) for value in bounds)
        self._corner = np.array([west, south])
        per_degree = EARTH_RADIUS_M * math.pi / 180
        self._scale = np.array([math.cos(math.radians((south + north) / 2)), 1.0]) * per_degree

    def __call__(self, geometry: BaseGeometry) -> BaseGeometry:
        return shapely.transform(geometry, lambda at: (at - self._corner) * self._scale)


def _features(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path) as file:
        features: list[dict[str, Any]] = json.load(file)["features"]
    return features


def _community(code: str, buildings: list[dict[str, Any]], project: _Projection) -> CommunityInput:
    facts = [building["properties"] for building in buildings]
    estates = _numbers([fact.get("estate_id") for fact in facts])
    legacy = _numbers([fact.get("legacy_grid") for fact in facts])
    return CommunityInput(
        code=code,
        building_ids=tuple(fact["building_id"] for fact in facts),
        geometries=tuple(
            None if building["geometry"] is None else project(shape(building["geometry"]))
            for building in buildings
        ),
        households=[fact["households"] for fact in facts],
        estate=estates,
        units=[fact.get("units") or 0 for fact in facts],
        floors=[fact.get("floors") or 0 for fact in facts],
        legacy=legacy,
    )


def _numbers(names: list[str | None]) -> list[int]:
    known: dict[str, int] = {}
    return [-1 if name is None else known.setdefault(name, len(known)) for name in names]
