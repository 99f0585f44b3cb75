"""The recipe of the demo district: every number and word that shapes it, read from data files."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
_DIVISIONS = _HERE.parents[1] / "services" / "registry" / "data" / "divisions_630102.csv"


@dataclass(frozen=True)
class Way:
    """A class of line in the plan; `kind` None is the rim of the built-up area, not a barrier."""

    kind: str | None
    width_m: float
    setback_m: float
    wiggle_m: float
    points: int


@dataclass(frozen=True)
class Stock:
    """A type of building: `units` and `floors` are inclusive ranges, `most` 0 means no limit."""

    kind: str
    unit_m: float
    depth_m: float
    units: tuple[int, int]
    floors: tuple[int, int]
    per_floor: int
    gap_m: float
    row_gap_m: float
    shop_floors: int = 0
    units_known: bool = True
    most: int = 0


@dataclass(frozen=True)
class Valley:
    """The lattice of main lines: rows are listed from south to north, columns run west to east."""

    column_m: tuple[float, float]
    columns: int
    row_m: tuple[float, ...]
    rows: tuple[str, ...]
    river_line: int
    columns_cycle: tuple[str, ...]
    meander_m: float
    meander_length_m: float
    widening: float
    jitter_m: float
    absent_share: float
    cell_max_m2: float


@dataclass(frozen=True)
class Zone:
    """A ring around the old town; `until` is a share of the valley's length."""

    until: float
    density: float
    kinds: dict[str, float]


@dataclass(frozen=True)
class Street:
    """A street or town: its bank of the river and where on that bank it lies (0..1 east, north)."""

    code: str
    name: str
    bank: str
    anchor: tuple[float, float]


@dataclass(frozen=True)
class Community:
    """A governed community of the division table."""

    code: str
    name: str
    street_code: str

    @property
    def short_name(self) -> str:
        """The everyday name, without the words for the committee."""
        return self.name.removesuffix("居民委员会")


@dataclass(frozen=True)
class LegacyRule:
    """How the old grids were cut: how many, and between which household counts."""

    count: int
    households_min: int
    households_max: int
    spread: float


@dataclass(frozen=True)
class PlotRule:
    """How a cell is shared out: walls, the shop front's depth, and sizes of plots in metres."""

    wall_m: float
    street_depth_m: float
    two_estates_chance: float
    half_m: float
    courtyard_m: tuple[float, float]


@dataclass(frozen=True)
class BigBuilding:
    """One single large building; `hard` names why its community is hard to cut."""

    community: str
    stock: str
    hard: str | None = None


@dataclass(frozen=True)
class Recipe:
    """Everything the generator knows before it draws its first random number."""

    households: int
    planned_occupancy: float
    occupancy_range: tuple[float, float]
    community_spread: float
    community_households_min: int
    community_households_max: int
    points_instead_of_footprints: int
    village_cells: int
    origin: tuple[float, float]
    legacy: LegacyRule
    valley: Valley
    ways: dict[str, Way]
    zones: tuple[Zone, ...]
    ladder: tuple[str, ...]
    density_per_ha: dict[str, float]
    civic: tuple[str, ...]
    stock: dict[str, Stock]
    plots: PlotRule
    estates: dict[str, dict[str, float]]
    names: dict[str, Any]
    big_buildings: tuple[BigBuilding, ...]
    streets: tuple[Street, ...]
    communities: tuple[Community, ...]


def _tuples(row: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}


def _divisions(path: Path) -> tuple[dict[str, str], tuple[Community, ...]]:
    with path.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    names = {row["code"]: row["name"] for row in rows}
    governed = tuple(
        Community(row["code"], row["name"], row["parent_code"])
        for row in rows
        if row["kind"] == "community" and row["is_governed"] == "true"
    )
    return names, governed


def load_recipe(path: Path = _HERE / "recipe.json", divisions: Path = _DIVISIONS) -> Recipe:
    """Read the recipe and the governed communities of the division table.

    Raises KeyError when the recipe and the table do not name the same streets.
    """
    raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    names, governed = _divisions(divisions)
    streets = raw.pop("streets")
    origin = raw.pop("origin")
    built: dict[str, Any] = {
        "origin": (origin["lon"], origin["lat"]),
        "plots": PlotRule(**_tuples(raw.pop("plots"))),
        "legacy": LegacyRule(**raw.pop("legacy")),
        "valley": Valley(**_tuples(raw.pop("valley"))),
        "ways": {name: Way(**row) for name, row in raw.pop("ways").items()},
        "zones": tuple(Zone(**row) for row in raw.pop("zones").values()),
        "stock": {name: Stock(**_tuples(row)) for name, row in raw.pop("stock").items()},
        "big_buildings": tuple(BigBuilding(**row) for row in raw.pop("big_buildings")),
        "streets": tuple(
            Street(code, names[code], row["bank"], tuple(row["anchor"]))
            for code, row in streets.items()
        ),
        "communities": governed,
    }
    return Recipe(**built, **_tuples(raw))
