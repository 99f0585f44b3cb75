"""Small made-up maps, in the registry's and in the case folder's form."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from services.grid_partition.domain.projection import Plane
from tests.fakes.registry import FakeRegistry

PLANE = Plane(102)
#: South-west corner of every map, metres of the plane (near 101.8 E, 36.6 N).
EAST_M, NORTH_M = 482_100.0, 4_052_000.0

STREET = "630102002"
FIRST, SECOND = "630102002001", "630102002002"


def lonlat(shape: Any) -> dict[str, Any]:
    """GeoJSON in degrees, seven decimals, of a shape in metres from the corner."""
    moved = shapely.transform(shape, lambda points: points + np.array([EAST_M, NORTH_M]))
    degrees = shapely.transform(PLANE.to_degrees(moved), lambda points: points.round(7))
    geometry: dict[str, Any] = json.loads(shapely.to_geojson(degrees))
    return geometry


def spot(x_m: float, y_m: float) -> tuple[float, float]:
    """Longitude and latitude of a place in metres from the corner."""
    lon, lat = lonlat(shapely.Point(x_m, y_m))["coordinates"]
    return lon, lat


@dataclass
class House:
    source_id: str
    geometry: dict[str, Any] | None
    households: int
    estate: str | None = None
    units: int | None = None
    floors: int | None = None
    point: list[float] | None = None


@dataclass
class Place:
    code: str
    name: str
    boundary: dict[str, Any] | None
    houses: list[House] = field(default_factory=list)

    @property
    def households(self) -> int:
        return sum(house.households for house in self.houses)


@dataclass
class Road:
    source_id: str
    geometry: dict[str, Any]
    kind: str = "road"
    barrier_class: str = "primary"


def a_place(
    code: str, *, at: int = 0, columns: int = 8, rows: int = 6, households: int = 25
) -> Place:
    """A community of 60 m lots in columns and rows, the `at`-th from the west in its street.

    Four neighbouring lots make an estate.  8 x 6 lots of 25 households are 1200.
    """
    west = at * 480.0
    lots = [
        House(
            f"{code}-{column}-{row}",
            lonlat(
                shapely.box(
                    west + column * 60 + 15, row * 60 + 18, west + column * 60 + 45, row * 60 + 42
                )
            ),
            households,
            estate=f"{code}-e{column // 2}-{row // 2}",
        )
        for column in range(columns)
        for row in range(rows)
    ]
    outline = shapely.box(west, 0, west + columns * 60, rows * 60)
    return Place(code, f"社区{code[-3:]}", lonlat(outline), lots)


def two_places() -> list[Place]:
    return [a_place(FIRST), a_place(SECOND, at=1)]


def ragged_places() -> list[Place]:
    """The same two communities with their houses anywhere: grid borders end at different places."""
    return [_scattered(a_place(FIRST), 0.0, 1), _scattered(a_place(SECOND, at=1), 480.0, 2)]


def _scattered(place: Place, west_m: float, seed: int) -> Place:
    rng = np.random.default_rng(seed)
    for house in place.houses:
        x, y = rng.uniform([west_m + 10, 10], [west_m + 470, 350])
        house.geometry = lonlat(shapely.box(x - 4, y - 4, x + 4, y + 4))
        house.estate = None
    return place


def a_road(x_m: float = 240.0) -> Road:
    """A road from south to north, reaching over both ends of the map."""
    return Road(f"road-{x_m:g}", lonlat(shapely.LineString([(x_m, -50), (x_m, 400)])))


def fill(registry: FakeRegistry, places: list[Place]) -> None:
    for place in places:
        registry.put_community(place.code, name=place.name, boundary=place.boundary)
        estates = {
            name: registry.put_estate(place.code, name)
            for name in sorted({h.estate for h in place.houses if h.estate})
        }
        for house in place.houses:
            registry.put_building(
                place.code,
                house.source_id,
                households=house.households,
                estate_id=estates.get(house.estate or ""),
                geometry=house.geometry,
                point=house.point,
                units=house.units,
                floors=house.floors,
            )


def write_case(folder: Path, places: list[Place], roads: list[Road]) -> Path:
    """Write the same map as a case folder."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(
        folder,
        "communities",
        [({"code": p.code, "name": p.name}, p.boundary) for p in places],
    )
    _write(
        folder,
        "buildings",
        [
            (
                {
                    "building_id": h.source_id,
                    "community_code": p.code,
                    "households": h.households,
                    "estate_id": h.estate,
                    "units": h.units,
                    "floors": h.floors,
                },
                h.geometry,
            )
            for p in places
            for h in p.houses
        ],
    )
    _write(
        folder,
        "barriers",
        [
            ({"barrier_id": r.source_id, "kind": r.kind, "class": r.barrier_class}, r.geometry)
            for r in roads
        ],
    )
    return folder


def _write(folder: Path, name: str, rows: list[tuple[dict[str, Any], Any]]) -> None:
    features = [
        {"type": "Feature", "properties": properties, "geometry": geometry}
        for properties, geometry in rows
    ]
    text = json.dumps({"type": "FeatureCollection", "features": features})
    (folder / f"{name}.geojson.gz").write_bytes(gzip.compress(text.encode()))


def barriers_ndjson(roads: list[Road], area: str = "630102") -> bytes:
    """The body of an import of barriers."""
    lines = [
        {
            "source": "survey",
            "source_id": r.source_id,
            "area": area,
            "kind": r.kind,
            "class": r.barrier_class,
            "geometry": r.geometry,
        }
        for r in roads
    ]
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)
