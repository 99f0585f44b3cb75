"""Buildings: the smallest lots that are placed as a whole, and how their households are counted.

How stated counts and single rows relate: as soon as a building has any active household row, its
rows are its count, for the resident and the registered basis alike, even when that makes one of
them 0; a building without rows counts what was stated for it.  Dwellings go the same way by
themselves: a building with dwelling rows counts those that are homes, empty ones too.  A basis for
which nothing is known counts 0 and is reported as `buildings_without_count`, never hidden.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from kit.errors import Language, Text
from services.registry.domain.problems import OutsideCommunity

CountBasis = Literal["resident", "registered", "dwellings"]
CountSource = Literal["count", "derived", "synthetic"]


@dataclass(frozen=True, slots=True)
class Placement:
    """How far outside its community a place may lie: warned from the first metre, then refused.

    Up to `near_m` it may be the drawing of the boundary; beyond, somebody should look.
    """

    near_m: float = 50.0
    refused_beyond_m: float = 500.0


@dataclass(frozen=True, slots=True)
class Remark:
    """Something odd that was accepted: a stable code, and a text with its figures."""

    code: str
    text: Text
    params: Mapping[str, object] = field(default_factory=dict)

    def render(self, language: Language) -> str:
        """Return the text in one language."""
        return self.text.render(language, dict(self.params))


NEAR_OUTSIDE = Remark(
    "building.near_outside",
    Text(
        "The place lies {distance_m} m outside its community's boundary: perhaps the drawing.",
        "该位置在所属社区边界之外 {distance_m} 米，可能为边界绘制误差。",
    ),
)
FAR_OUTSIDE = Remark(
    "building.far_outside",
    Text(
        "The place lies {distance_m} m outside its community's boundary, more than {limit_m} m: "
        "check the community code, the coordinates and their crs.",
        "该位置在所属社区边界之外 {distance_m} 米，超过 {limit_m} 米：请核对社区代码、坐标及其"
        "坐标系 crs。",
    ),
)


def remark_on(outside_m: float | None, placement: Placement) -> Remark | None:
    """Return the remark on a place that lies outside its community, None inside it."""
    if outside_m is None:
        return None
    remark = NEAR_OUTSIDE if outside_m <= placement.near_m else FAR_OUTSIDE
    figures = {"distance_m": round(outside_m, 1), "limit_m": round(placement.near_m)}
    return replace(remark, params=figures)


def judge_distance(distance_m: float, placement: Placement) -> float | None:
    """Return the metres to note beside the place, None inside; OutsideCommunity when too far."""
    if distance_m <= 0:
        return None
    if distance_m > placement.refused_beyond_m:
        raise OutsideCommunity(
            distance_m=round(distance_m), limit_m=round(placement.refused_beyond_m)
        )
    return round(distance_m, 1)
