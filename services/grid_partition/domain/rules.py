"""A rule set as the engine takes it, and its barriers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import shapely

from services.grid_partition.domain.projection import Plane
from services.grid_partition.engine import Barriers, Rules

_ENGINE_FIELDS = (
    "min_households",
    "max_households",
    "target_households",
    "keep_estates",
    "block_weight_m",
    "estate_piece_weight_m",
    "size_weight",
    "move_price_m",
    "population_max",
    "effort",
)


@lru_cache(maxsize=1)
def _shipped() -> str:
    return (Path(__file__).parent.parent / "data" / "rule_set_default.json").read_text("utf-8")


def shipped_rules() -> dict[str, Any]:
    """Return the rules that come with the product."""
    rules: dict[str, Any] = json.loads(_shipped())
    return rules


def engine_rules(rules: Mapping[str, Any], seed: int, *, with_base: bool = False) -> Rules:
    """Return the engine's rules of a stored rule set; what only officials need is left out.

    Without a base nobody can be moved, so moving has no price then.
    """
    taken = {name: rules[name] for name in _ENGINE_FIELDS}
    if not with_base:
        taken["move_price_m"] = 0.0
    return Rules(
        **taken,
        barrier_weights=dict(rules["barrier_weights"]),
        seed=seed,
    )


@dataclass(frozen=True, slots=True)
class BarrierSeen:
    """One barrier line: GeoJSON text in degrees, its kind and class."""

    geometry: str
    kind: str
    barrier_class: str


def engine_barriers(barriers: Sequence[BarrierSeen], plane: Plane) -> Barriers:
    """Project barriers into the plane, in the given order."""
    lines = shapely.from_geojson([barrier.geometry for barrier in barriers])
    return Barriers(
        lines=tuple(plane.to_metres(lines)) if len(barriers) else (),
        kinds=tuple(barrier.kind for barrier in barriers),
        classes=tuple(barrier.barrier_class for barrier in barriers),
    )
