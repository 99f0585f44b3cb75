"""Bad cases through the command line: each is refused by name, and nothing of it is kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.cli.door import Door
from tests.system.small_case import Town, write_town

Change = Callable[[dict[str, list[dict[str, Any]]]], None]
_LAYERS = ("communities", "buildings", "barriers")


def a_case(folder: Path, district: str, change: Change) -> Path:
    """Write a town of one community and change its features."""
    write_town(folder, Town(district, communities=1, buildings=8, west=102.1))
    layers = {
        name: json.loads((folder / f"{name}.geojson").read_text(encoding="utf-8"))["features"]
        for name in _LAYERS
    }
    change(layers)
    for name, features in layers.items():
        content = {"type": "FeatureCollection", "features": features}
        (folder / f"{name}.geojson").write_text(json.dumps(content), encoding="utf-8")
    return folder


def twin_building(layers: dict[str, list[dict[str, Any]]]) -> None:
    layers["buildings"].append(layers["buildings"][0])


def far_building(layers: dict[str, list[dict[str, Any]]]) -> None:
    layers["buildings"][0]["geometry"] = {"type": "Point", "coordinates": [102.5, 36.5]}


def swapped_building(layers: dict[str, list[dict[str, Any]]]) -> None:
    layers["buildings"][0]["geometry"] = {"type": "Point", "coordinates": [36.502, 102.102]}


def homeless_building(layers: dict[str, list[dict[str, Any]]]) -> None:
    layers["buildings"][0]["properties"]["community_code"] = "971999001999"


def negative_count(layers: dict[str, list[dict[str, Any]]]) -> None:
    layers["buildings"][0]["properties"]["households"] = -1


def bow_tie(layers: dict[str, list[dict[str, Any]]]) -> None:
    ring = layers["communities"][0]["geometry"]["coordinates"][0]
    ring[1], ring[2] = ring[2], ring[1]


def short_line(layers: dict[str, list[dict[str, Any]]]) -> None:
    line = layers["barriers"][0]["geometry"]["coordinates"]
    line[1] = line[0]


@pytest.mark.parametrize(
    ("change", "layer", "family"),
    [
        (twin_building, "buildings", "row.duplicate"),
        (far_building, "buildings", "building."),
        (swapped_building, "buildings", ""),
        (homeless_building, "buildings", ""),
        (negative_count, "buildings", "field."),
        (bow_tie, "communities", "geometry."),
        (short_line, "barriers", "geometry."),
    ],
)
def test_a_bad_row_stops_its_layer_and_is_named(
    jingwei: Any, tmp_path: Path, change: Change, layer: str, family: str
) -> None:
    number = f"{sum(map(ord, change.__name__)) % 1000:03d}"
    folder = a_case(tmp_path / "case", f"971{number}", change)
    result = jingwei.run("load", folder, "--json")
    assert result.exit_code == 1, result.output
    last = json.loads(result.stdout)["imports"][-1]
    assert (last["layer"], last["state"]) == (layer, "failed")
    assert last["counts"]["refused"] >= 1
    assert last["counts"]["created"] == 0
    codes = {error["code"] for error in last["errors"]}
    assert any(code.startswith(family) and "." in code for code in codes), codes


def test_bad_rows_are_left_out_on_request(jingwei: Any, tmp_path: Path) -> None:
    folder = a_case(tmp_path / "case", "972001", negative_count)
    result = jingwei.run("load", folder, "--on-error", "skip", "--json")
    assert result.exit_code == 1
    counts = {row["layer"]: row["counts"] for row in json.loads(result.stdout)["imports"]}
    assert (counts["buildings"]["created"], counts["buildings"]["refused"]) == (7, 1)
    assert counts["barriers"]["created"] == 1


def test_single_households_count_instead_of_what_was_stated(
    jingwei: Any, door: Door, tmp_path: Path
) -> None:
    town = Town("972002", communities=1, buildings=8, west=102.2)
    folder = write_town(tmp_path / "case", town)
    rows = [f"h{n},{town.building_id(0, 0)},{town.code(0)}" for n in range(5)]
    text = "\n".join(["household_id,building_id,community_code", *rows]) + "\n"
    (folder / "households.csv").write_text(text, encoding="utf-8")
    loaded = jingwei.answer("load", folder, "--households")
    assert loaded["imports"][-2]["counts"]["created"] == 5
    found = door.get("/registry/v1/counts", area=town.code(0), by="community")["items"][0]
    assert found["households"] == 5 + 7 * town.households


def test_a_household_without_its_building_is_refused_by_name(jingwei: Any, tmp_path: Path) -> None:
    town = Town("972003", communities=1, buildings=8, west=102.3)
    folder = write_town(tmp_path / "case", town)
    (folder / "households.csv").write_text("household_id,building_id\nh1,nowhere\n", "utf-8")
    result = jingwei.run("load", folder, "--households", "--json")
    assert result.exit_code == 1
    last = json.loads(result.stdout)["imports"][-1]
    assert last["layer"] == "households"
    assert {error["code"] for error in last["errors"]} == {"building.not_found"}


def test_a_truncated_file_is_refused_before_anything_of_it_is_sent(
    jingwei: Any, door: Door, tmp_path: Path
) -> None:
    town = Town("972004", communities=1, buildings=8, west=102.4)
    folder = write_town(tmp_path / "case", town)
    path = folder / "buildings.geojson"
    path.write_bytes(path.read_bytes()[:-100])
    result = jingwei.run("load", folder, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stderr)["code"] == "cli.broken_file"
    assert list(door.pages("/registry/v1/buildings", community_code=town.code(0))) == []


def test_a_case_under_another_prefix_is_another_place(
    jingwei: Any, door: Door, tmp_path: Path
) -> None:
    town = Town("972005", communities=1, buildings=8, west=102.5)
    folder = write_town(tmp_path / "case", town)
    loaded = jingwei.answer("load", folder, "--area-prefix", "972006")
    assert loaded["areas"] == ["972006"]
    (own,) = loaded["codes"].values()
    assert door.get(f"/registry/v1/divisions/{own}")["is_governed"] is True
