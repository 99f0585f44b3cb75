"""The files of a cut: units, table, map; and the folder they come from."""

from __future__ import annotations

import csv
import gzip
import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.grid_partition.cut.case_folder import CaseUnreadable, read_case
from services.grid_partition.cut.map_drawing import draw_map
from services.grid_partition.cut.results import assignments_csv, grids_geojson, unit_text
from services.grid_partition.domain.cutting import (
    CutAssignment,
    CutResult,
    CutTask,
    FramesTask,
    cut_community,
    frame_communities,
)
from services.grid_partition.domain.explanation import explain_community
from services.grid_partition.domain.rules import engine_rules, shipped_rules
from services.grid_partition.domain.snapshots import read_snapshot
from tests.grid_partition.maps import FIRST, House, a_place, a_road, two_places, write_case

PART = CutAssignment("b1", None, None, 0, 0, 0, 0, 25, f"{FIRST}001", None)


@pytest.mark.parametrize(
    ("at", "wanted"),
    [
        ((0, 0, 0, 0), ""),
        ((1, 1, 0, 0), "1"),
        ((1, 3, 0, 0), "1-3"),
        ((2, 2, 3, 8), "2/3-8"),
        ((0, 0, 3, 3), "/3"),
    ],
)
def test_the_part_of_a_building_is_told_in_short(at: tuple[int, ...], wanted: str) -> None:
    names = ("unit_from", "unit_to", "floor_from", "floor_to")
    assert unit_text(replace(PART, **dict(zip(names, at, strict=True)))) == wanted


def results(folder: Path) -> tuple[list[CutResult], Any]:
    case = read_case(folder)
    rules = engine_rules(shipped_rules(), 1)
    frames = frame_communities(FramesTask(case.boundaries, case.barriers, rules))
    tasks = [
        CutTask(text, frame, frames.meridian, rules)
        for text, frame in zip(case.snapshots, frames.frames, strict=True)
    ]
    return [cut_community(task) for task in tasks], case


def test_a_spreadsheet_runs_nothing_from_the_table(tmp_path: Path) -> None:
    place = a_place(FIRST, columns=4, rows=4)
    place.houses[0] = replace_id(place.houses[0], "=1+1")
    found, _ = results(write_case(tmp_path, [place], []))
    assert "'=1+1," in assignments_csv(found)


def replace_id(house: House, source_id: str) -> House:
    return House(source_id, house.geometry, house.households, house.estate)


def test_the_map_shows_what_is_out_of_range_and_escapes_names(tmp_path: Path) -> None:
    small = a_place("630102003001", columns=2, rows=2, households=60)
    found, case = results(write_case(tmp_path, [small], [a_road(60.0)]))
    drawing = draw_map("<a & b>", found, case.lines)
    root = ET.fromstring(drawing)
    assert root.findtext("{*}title") == "<a & b>"
    (grid,) = root.findall("{*}path[@class='g']")
    assert grid.get("fill") == "#e2574c"
    assert len(root.findall("{*}path[@class='b']")) == 1
    assert len(root.findall("{*}path[@class='c']")) == 1
    assert root.findtext("{*}text") == "001"


def test_population_is_told_where_every_building_has_one(tmp_path: Path) -> None:
    folder = write_case(tmp_path, [a_place(FIRST, columns=4, rows=4)], [])
    path = folder / "buildings.geojson.gz"
    content = json.loads(gzip.decompress(path.read_bytes()))
    for feature in content["features"]:
        feature["properties"]["population"] = 60
    path.write_bytes(gzip.compress(json.dumps(content).encode()))
    found, _ = results(folder)
    (grid,) = json.loads(grids_geojson(found))["features"]
    assert grid["properties"]["population"] == 960
    del content["features"][0]["properties"]["population"]
    path.write_bytes(gzip.compress(json.dumps(content).encode()))
    (grid,) = json.loads(grids_geojson(results(folder)[0]))["features"]
    assert "population" not in grid["properties"]


def test_a_folder_is_read_in_the_order_of_its_codes(tmp_path: Path) -> None:
    case = read_case(write_case(tmp_path / "a", two_places(), [a_road(9.0), a_road(1.0)]))
    turned = read_case(write_case(tmp_path / "a", two_places()[::-1], [a_road(1.0), a_road(9.0)]))
    assert case == turned
    seen = read_snapshot(case.snapshots[0])
    assert (seen.code, seen.households, len(seen.buildings)) == (FIRST, 1200, 48)


@pytest.mark.parametrize(
    ("units", "floors", "wanted"),
    [
        (4, 18, [("1-2", 320), ("3-4", 320)]),
        (1, 18, [("1/1-9", 320), ("1/10-18", 320)]),
        (None, 18, [("/1-9", 320), ("/10-18", 320)]),
    ],
)
def test_the_table_tells_units_and_floors_of_a_tower(
    tmp_path: Path, units: int | None, floors: int, wanted: list[tuple[str, int]]
) -> None:
    place = a_place(FIRST)
    tower = place.houses[9]
    tower.households, tower.units, tower.floors, tower.estate = 640, units, floors, None
    found, _ = results(write_case(tmp_path, [place], []))
    rows = [
        row
        for row in csv.DictReader(assignments_csv(found).splitlines())
        if row["building_id"] == tower.source_id
    ]
    assert [(row["unit"], int(row["households"])) for row in rows] == wanted


def test_estates_are_told_by_the_names_of_their_file(tmp_path: Path) -> None:
    place = a_place(FIRST)
    for house in place.houses[:4]:
        house.households, house.estate = 200, "E1"
    folder = write_case(tmp_path, [place], [])
    assert "E1 (800 households" in explain_community(results(folder)[0][0].facts, "en")
    known = {"estate_id": "E1", "name": "夏都花园", "community_code": FIRST}
    unknown = {"estate_id": "E2", "name": "别处"}
    features = [
        {"type": "Feature", "properties": properties, "geometry": None}
        for properties in (known, unknown)
    ]
    text = json.dumps({"type": "FeatureCollection", "features": features})
    (folder / "estates.geojson").write_text(text)
    (found,), case = results(folder)
    assert "夏都花园 (800 households" in explain_community(found.facts, "en")
    assert "别处" not in case.snapshots[0]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"[]", "FeatureCollection"),
        (b'{"features": [1]}', "FeatureCollection"),
        (b'{"features": [{"properties": {}, "geometry": null}]}', "no code"),
        (b'{"features": []}', "no feature"),
    ],
)
def test_collections_that_are_none_are_told(tmp_path: Path, content: bytes, told: str) -> None:
    folder = write_case(tmp_path, two_places(), [])
    (folder / "communities.geojson.gz").write_bytes(gzip.compress(content))
    with pytest.raises(CaseUnreadable, match=told):
        read_case(folder)


def test_a_folder_without_barriers_is_a_case(tmp_path: Path) -> None:
    folder = write_case(tmp_path, two_places(), [])
    (folder / "barriers.geojson.gz").unlink()
    assert read_case(folder).barriers == ()
