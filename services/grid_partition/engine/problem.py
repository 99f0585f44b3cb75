"""What the engine is asked: the rules, the barriers and one community's buildings.

Every coordinate is in metres of one projected plane; the caller projects.  Every value is checked
here, once, with a ValueError that names the field; the stages behind trust what they get.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from services.grid_partition.engine.arrays import IntArray, as_int_array

__all__ = ["Barriers", "CommunityInput", "Rules"]

_FOOTPRINTS = frozenset({"Point", "Polygon", "MultiPolygon"})
_LINES = frozenset({"LineString", "MultiLineString", "LinearRing"})


def _bounded(name: str, value: float, low: float, high: float) -> None:
    if not math.isfinite(value) or not low <= value <= high:
        raise ValueError(f"rules.{name} must lie between {low:g} and {high:g}, got {value!r}")


@dataclass(frozen=True)
class Rules:
    """What a good cut is; the same rules and seed give the same cut on every machine.

    Lengths are metres of border: `block_weight_m` is the border length one is willing to draw to
    keep a grid from reaching over one barrier more, `estate_piece_weight_m` the same for an estate
    that falls into one piece more, `size_weight` the price of (households - target) squared, and
    `move_price_m` the price of one household that changes its grid.  A barrier of weight 1 makes a
    border along it free, 0 makes it no barrier; `barrier_weights` is looked up by class first,
    then by kind, and what it does not name weighs 1.  `effort` is how often a search begins,
    and about a tenth of its steps per atom (a building or a whole estate); results get better
    slowly above 20, and at 2 they take a tenth of the time.  `population_max` is reported, not
    steered by.
    """

    min_households: int = 300
    max_households: int = 500
    target_households: int = 400
    keep_estates: bool = True
    block_weight_m: float = 200.0
    estate_piece_weight_m: float = 200.0
    size_weight: float = 0.005
    move_price_m: float = 0.0
    barrier_weights: Mapping[str, float] = field(default_factory=dict)
    population_max: int | None = None
    seed: int = 1
    effort: int = 20

    def __post_init__(self) -> None:
        _bounded("min_households", self.min_households, 1, 1_000_000)
        _bounded("max_households", self.max_households, self.min_households, 1_000_000)
        _bounded(
            "target_households", self.target_households, self.min_households, self.max_households
        )
        for name in ("block_weight_m", "estate_piece_weight_m", "move_price_m"):
            _bounded(name, getattr(self, name), 0.0, 100_000.0)
        _bounded("size_weight", self.size_weight, 0.0, 100.0)
        _bounded("seed", self.seed, 0, 2**31 - 1)
        _bounded("effort", self.effort, 1, 100_000)
        if self.population_max is not None:
            _bounded("population_max", self.population_max, 1, 10_000_000)
        for name, weight in self.barrier_weights.items():
            _bounded(f"barrier_weights[{name!r}]", weight, 0.0, 1.0)
        object.__setattr__(self, "barrier_weights", dict(self.barrier_weights))

    def barrier_weight(self, kind: str, barrier_class: str) -> float:
        """Weight of one barrier: its class, else its kind, else 1."""
        weights = MappingProxyType(dict(self.barrier_weights))
        return float(weights.get(barrier_class, weights.get(kind, 1.0)))


@dataclass(frozen=True, eq=False)
class Barriers:
    """Centre lines of roads, rails and waters that a grid should not reach over.

    `kinds` and `classes` are parallel to `lines` (for instance "road", "primary").
    Raises ValueError for unequal lengths, a geometry that is no line, or a coordinate that is not
    finite.
    """

    lines: tuple[BaseGeometry, ...] = ()
    kinds: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not len(self.lines) == len(self.kinds) == len(self.classes):
            raise ValueError("barriers: lines, kinds and classes must have the same length")
        for number, line in enumerate(self.lines):
            if line.geom_type not in _LINES:
                raise ValueError(f"barriers.lines[{number}] is a {line.geom_type}, not a line")
            if not np.isfinite(shapely.get_coordinates(line)).all():
                raise ValueError(f"barriers.lines[{number}] has a coordinate that is not finite")


@dataclass(frozen=True, eq=False)
class CommunityInput:
    """The buildings of one community, as parallel sequences of the same length.

    `geometries`: Point, Polygon or MultiPolygon in metres, None (or empty) when nobody knows where
    the building stands.  `households` >= 0.  `estate`: any whole number that is equal for the
    buildings of one estate, -1 for none.  `units` and `floors`: 0 when unknown; they matter only
    for a building above the maximum.  `legacy`: label of the old grid, -1 for none.
    `population`: people per building, or None when not known.  `building_ids` must be unique; they
    break ties and name culprits, nothing else, so other ids give the same cut.
    """

    code: str
    building_ids: tuple[str, ...]
    geometries: tuple[BaseGeometry | None, ...]
    households: IntArray
    estate: IntArray | None = None
    units: IntArray | None = None
    floors: IntArray | None = None
    legacy: IntArray | None = None
    population: IntArray | None = None

    def __post_init__(self) -> None:
        size = len(self.building_ids)
        if len(set(self.building_ids)) != size:
            raise ValueError(f"community {self.code}: building_ids must be unique")
        if len(self.geometries) != size:
            raise ValueError(f"community {self.code}: {size} building_ids, other geometries")
        for name, empty, lowest in (
            ("households", None, 0),
            ("estate", -1, -1),
            ("units", 0, 0),
            ("floors", 0, 0),
            ("legacy", -1, -1),
        ):
            self._settle(name, empty, lowest)
        if self.population is not None:
            self._settle("population", None, 0)
        for building_id, geometry in zip(self.building_ids, self.geometries, strict=True):
            _check_footprint(building_id, geometry)

    def _settle(self, name: str, empty: int | None, lowest: int) -> None:
        size = len(self.building_ids)
        given = getattr(self, name)
        if given is None and empty is not None:
            given = np.full(size, empty, dtype=np.int64)
        try:
            values = as_int_array(given)
        except (TypeError, ValueError) as error:
            raise ValueError(f"community {self.code}: {name}: whole numbers expected") from error
        if values.shape != (size,):
            raise ValueError(f"community {self.code}: {name} must hold {size} numbers")
        if size and int(values.min()) < lowest:
            raise ValueError(f"community {self.code}: {name} must be {lowest} or more")
        object.__setattr__(self, name, values)


def _check_footprint(building_id: str, geometry: BaseGeometry | None) -> None:
    if geometry is None or geometry.is_empty:
        return
    if geometry.geom_type not in _FOOTPRINTS:
        raise ValueError(f"building {building_id}: a {geometry.geom_type} is no footprint")
    if not np.isfinite(shapely.get_coordinates(geometry)).all():
        raise ValueError(f"building {building_id}: a coordinate is not finite")
