"""Buildings: the smallest lots that are placed as a whole, and how their households are counted.

How stated counts and single household rows relate: as soon as a building has any active
household row, its rows are its count, for the resident and the registered basis alike, even when
that makes one of them 0; a building without rows counts what was stated for it.  A basis for
which nothing is known counts 0 and is reported as `buildings_without_count`, never hidden.
Dwellings are always the stated number: empty flats have no household row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from services.registry.domain.problems import OutsideCommunity

CountBasis = Literal["resident", "registered", "dwellings"]
CountSource = Literal["count", "derived", "synthetic"]


@dataclass(frozen=True, slots=True)
class Placement:
    """How far outside its community a place may lie: noted from the first metre, then refused."""

    refused_beyond_m: float


def judge_distance(distance_m: float, placement: Placement) -> float | None:
    """Return the metres to note beside the place, None inside; OutsideCommunity when too far."""
    if distance_m <= 0:
        return None
    if distance_m > placement.refused_beyond_m:
        raise OutsideCommunity(
            distance_m=round(distance_m), limit_m=round(placement.refused_beyond_m)
        )
    return round(distance_m, 1)
