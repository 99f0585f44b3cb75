"""A small town, written as a case: square communities of equal buildings, a road between rows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SIDE = 0.006
_COLUMNS = 8


@dataclass(frozen=True, slots=True)
class Town:
    """How large, and where: every town of the tests has a district code of its own."""

    district: str
    communities: int = 3
    buildings: int = 40
    households: int = 32
    west: float = 101.70
    south: float = 36.50

    def code(self, number: int) -> str:
        """Return the code of a community, counted from 0."""
        return f"{self.district}001{number + 1:03d}"

    def corner(self, number: int) -> tuple[float, float]:
        """Return the south-western corner of a community."""
        return self.west + number * _SIDE, self.south

    def place(self, number: int, building: int) -> tuple[float, float]:
        """Return the middle of a building."""
        row, column = divmod(building, _COLUMNS)
        rows = -(-self.buildings // _COLUMNS)
        west, south = self.corner(number)
        return (
            west + (column + 0.5) * _SIDE / _COLUMNS,
            south + (row + 0.5) * _SIDE / rows,
        )

    def building_id(self, number: int, building: int) -> str:
        """Return the id of a building in the case."""
        return f"b{number:03d}-{building:05d}"


def _square(west: float, south: float, side: float) -> dict[str, Any]:
    east, north = west + side, south + side
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [[[round(x, 7), round(y, 7)] for x, y in ring]]}


def _feature(geometry: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def write_town(folder: Path, town: Town) -> Path:
    """Write the town's case files and return their folder."""
    communities, buildings, barriers = [], [], []
    for number in range(town.communities):
        west, south = town.corner(number)
        communities.append(
            _feature(
                _square(west, south, _SIDE),
                code=town.code(number),
                name=f"Community {number}",
                street_code=f"{town.district}001",
                street_name="Test street",
            )
        )
        for building in range(town.buildings):
            lon, lat = town.place(number, building)
            side = _SIDE / _COLUMNS / 3
            buildings.append(
                _feature(
                    _square(lon - side / 2, lat - side / 2, side),
                    building_id=town.building_id(number, building),
                    community_code=town.code(number),
                    households=town.households,
                    kind="slab",
                    hh_source="synthetic",
                )
            )
        middle = south + _SIDE / 2
        line = {"type": "LineString", "coordinates": [[west, middle], [west + _SIDE, middle]]}
        barriers.append(_feature(line, barrier_id=f"r{number}", kind="road"))
    folder.mkdir(parents=True, exist_ok=True)
    layers = {"communities": communities, "buildings": buildings, "barriers": barriers}
    for name, features in layers.items():
        content = {"type": "FeatureCollection", "features": features}
        (folder / f"{name}.geojson").write_text(json.dumps(content), encoding="utf-8")
    about = {"case": f"town-{town.district}", "crs": "EPSG:4326"}
    (folder / "case.json").write_text(json.dumps(about), encoding="utf-8")
    return folder
