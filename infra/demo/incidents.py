"""A handful of made-up reports from the demo district, for the demo and for tests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry import shape

from infra.demo.case_files import CaseFiles
from infra.demo.features import Feature

_REPORTS = Path(__file__).parent / "reports.json"


@dataclass(frozen=True)
class SampleReport:
    """What a resident or a member would send: a category, a few words, a point (EPSG:4326).

    `attributes` are what the category asks for beside them.
    """

    category: str
    text: str
    community_code: str
    building_id: str
    lon: float
    lat: float
    attributes: Mapping[str, Any] = field(default_factory=dict)


def _pick(found: list[Feature], kinds: list[str], rng: np.random.Generator) -> Feature:
    """One building, of the wanted kinds where the community has any."""
    fitting = [b for b in found if b["properties"]["kind"] in kinds] or found
    return fitting[int(rng.integers(len(fitting)))]


def _report(row: dict[str, Any], building: Feature) -> SampleReport:
    properties = building["properties"]
    point = shapely.point_on_surface(shape(building["geometry"]))
    place = f"{properties['estate_name'] or ''}{properties['name']}"
    return SampleReport(
        category=row["category"],
        text=row["text"].format(place=place),
        community_code=row["community"],
        building_id=properties["building_id"],
        lon=round(float(point.x), 7),
        lat=round(float(point.y), 7),
        attributes=row.get("attributes", {}),
    )


def sample_reports(case: CaseFiles, seed: int = 1, path: Path = _REPORTS) -> list[SampleReport]:
    """Place the shipped report texts on buildings of the district.

    Each point lies on a building of the community that the text is meant for; the same case and
    seed give the same reports.  They name no person.
    """
    rng = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    buildings = case.features("buildings")
    reports = []
    for row in rows:
        found = [b for b in buildings if b["properties"]["community_code"] == row["community"]]
        reports.append(_report(row, _pick(found, row["kinds"], rng)))
    return reports
