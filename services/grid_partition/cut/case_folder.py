"""Reading a case folder: GeoJSON collections, plain or gzip, turned into snapshots.

Communities and buildings must be there; barriers, and estates for their names, may be.
"""

from __future__ import annotations

import gzip
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from services.grid_partition.domain.rules import BarrierSeen


class CaseUnreadable(Exception):
    """The folder is no case; the text says which file and why."""


@dataclass(frozen=True, slots=True)
class Case:
    """Communities in code order, as snapshot texts, and the barriers in id order."""

    name: str
    codes: tuple[str, ...]
    boundaries: tuple[tuple[str, str], ...]
    snapshots: tuple[str, ...]
    barriers: tuple[BarrierSeen, ...]
    #: lines of the barriers for the map, as GeoJSON geometries
    lines: tuple[dict[str, Any], ...]


def read_case(folder: Path) -> Case:
    """Read communities, buildings and barriers of a folder; raises CaseUnreadable."""
    communities = sorted(_features(folder, "communities"), key=lambda f: _text(f, "code"))
    if not communities:
        message = f"{folder}: communities holds no feature"
        raise CaseUnreadable(message)
    buildings: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for feature in _features(folder, "buildings"):
        buildings[_text(feature, "community_code")].append(feature)
    estates = {
        _text(feature, "estate_id"): feature["properties"].get("name")
        for feature in _features(folder, "estates", required=False)
    }
    barriers = sorted(
        _features(folder, "barriers", required=False), key=lambda f: _text(f, "barrier_id")
    )
    codes = tuple(_text(feature, "code") for feature in communities)
    strangers = sorted(buildings.keys() - set(codes))
    if strangers:
        message = f"{folder}: buildings name unknown communities: {', '.join(strangers[:5])}"
        raise CaseUnreadable(message)
    return Case(
        name=folder.name,
        codes=codes,
        boundaries=tuple(
            (code, orjson.dumps(feature["geometry"]).decode())
            for code, feature in zip(codes, communities, strict=True)
        ),
        snapshots=tuple(
            _snapshot(code, feature, buildings[code], estates)
            for code, feature in zip(codes, communities, strict=True)
        ),
        barriers=tuple(_barrier(feature) for feature in barriers),
        lines=tuple(feature["geometry"] for feature in barriers),
    )


def _features(folder: Path, name: str, *, required: bool = True) -> list[dict[str, Any]]:
    packed, plain = folder / f"{name}.geojson.gz", folder / f"{name}.geojson"
    path = packed if packed.exists() else plain
    if not path.exists():
        if not required:
            return []
        message = f"{packed}: no such file"
        raise CaseUnreadable(message)
    try:
        raw = path.read_bytes()
        content = orjson.loads(gzip.decompress(raw) if path.suffix == ".gz" else raw)
        features: list[dict[str, Any]] = content["features"]
        if not all(isinstance(f["properties"], dict) and "geometry" in f for f in features):
            raise KeyError
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        message = f"{path}: not a GeoJSON FeatureCollection"
        raise CaseUnreadable(message) from error
    return features


def _text(feature: dict[str, Any], name: str) -> str:
    value = feature["properties"].get(name)
    if value is None:
        message = f"a feature has no {name}"
        raise CaseUnreadable(message)
    return str(value)


def _snapshot(
    code: str,
    feature: dict[str, Any],
    buildings: list[dict[str, Any]],
    estates: dict[str, Any],
) -> str:
    rows = []
    for building in sorted(buildings, key=lambda f: _text(f, "building_id")):
        known = building["properties"]
        rows.append(
            {
                "id": _text(building, "building_id"),
                "name": _name(known.get("name")),
                "households": known.get("households", 0),
                "geometry": building["geometry"],
                "estate_id": known.get("estate_id"),
                "units": known.get("units"),
                "floors": known.get("floors"),
                "population": known.get("population"),
                "legacy_grid": known.get("legacy_grid"),
            }
        )
    content = {
        "community_code": code,
        "version": "case",
        "name": str(feature["properties"].get("name") or code),
        "boundary": feature["geometry"],
        "buildings": rows,
        "estates": [
            {"id": estate_id, "name": _name(estates.get(estate_id))}
            for estate_id in sorted({row["estate_id"] for row in rows if row["estate_id"]})
        ],
    }
    return orjson.dumps(content).decode()


def _name(value: object) -> str | None:
    return None if value is None else str(value)


def _barrier(feature: dict[str, Any]) -> BarrierSeen:
    known = feature["properties"]
    return BarrierSeen(
        orjson.dumps(feature["geometry"]).decode(),
        str(known.get("kind") or ""),
        str(known.get("class") or ""),
    )
