"""Imports of divisions, estates, buildings and households."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.registry.factories import V1, A, B, C, Registry, boundary, geojson, inside, square

GEOJSON = "application/geo+json"
NDJSON = "application/x-ndjson"


def counts(job: dict[str, Any]) -> tuple[int, int, int, int]:
    found = job["counts"]
    return found["created"], found["updated"], found["unchanged"], found["refused"]


def flaws(job: dict[str, Any]) -> list[tuple[int, str | None, str]]:
    return [(error["row"], error["column"], error["code"]) for error in job["errors"]]


def test_divisions_bring_the_divisions_above_along(client: Any) -> None:
    registry = Registry(client)
    content = geojson(
        (boundary(A), {"code": A, "name": "甲社区", "street_name": "东关街道"}),
        (boundary(C), {"code": C, "name": "丙社区"}),
    )
    job = registry.load("divisions", content, GEOJSON)
    assert counts(job) == (2, 0, 0, 0), job
    shown = {item["code"]: item["name"] for item in registry.get("divisions")["items"]}
    assert shown == {
        "990001": "990001",
        "990001001": "东关街道",
        A: "甲社区",
        "990001002": "990001002",
        C: "丙社区",
    }
    assert registry.get(f"divisions/{A}")["is_governed"] is True
    assert counts(registry.load("divisions", content, GEOJSON)) == (0, 0, 2, 0)


def test_divisions_of_a_national_sheet_are_read_in_any_order(client: Any) -> None:
    registry = Registry(client)
    sheet = (
        "区划代码,名称,类型,上级代码,是否划分网格,启用日期\n"
        "990001001001,甲社区,community,990001001,true,2023-06-30\n"
        "990001,测试区,district,,false,2023-06-30\n"
        "990001001,东关街道,street,990001,false,2023-06-30\n"
    )
    assert counts(registry.load("divisions", sheet)) == (3, 0, 0, 0)
    found = registry.get(f"divisions/{A}")
    assert (found["valid_from"], found["parent_code"]) == ("2023-06-30", "990001001")


def test_a_second_file_adds_what_the_first_left_out(registry: Registry) -> None:
    before = registry.get(f"divisions/{A}")
    job = registry.load("divisions", f"code,name_en\n{A},Alpha\n")
    assert counts(job) == (0, 1, 0, 0), job
    after = registry.get(f"divisions/{A}")
    assert (after["name_en"], after["boundary"], after["name"]) == (
        "Alpha",
        before["boundary"],
        before["name"],
    )
    registry.load("buildings", geojson((inside(A), {"building_id": "B1"})), GEOJSON)
    job = registry.load("buildings", "building_id,households,层数\nB1,36,6\n")
    assert counts(job) == (0, 1, 0, 0), job
    (building,) = registry.get("buildings")["items"]
    assert (building["community_code"], building["floors"], building["households_resident"]) == (
        A,
        6,
        36,
    )
    assert building["geometry"] == inside(A)


def test_wrong_division_rows_are_named(registry: Registry) -> None:
    registry.client.delete(f"{V1}/divisions/{C}", headers={"If-Match": "*"})
    sheet = (
        "code,name,kind,parent_code\n"
        "99000,a,,\n"
        f"{A},b,street,\n"
        f"{B},c,community,990001002\n"
        f"{C},d,,\n"
        "990001001005,e,,\n"
        "990001001005,f,,\n"
        "990001001006,g,hamlet,\n"
    )
    job = registry.load("divisions", sheet, on_error="skip")
    assert counts(job) == (1, 0, 0, 6), job
    assert flaws(job) == [
        (2, "code", "field.pattern"),
        (3, None, "division.kind_mismatch"),
        (4, None, "division.parent_mismatch"),
        (5, "code", "division.revoked"),
        (7, "code", "row.duplicate"),
        (8, "kind", "field.choice"),
    ]


def test_estates_are_located_by_their_place_and_judged(registry: Registry) -> None:
    point = {"type": "Point", "coordinates": [101.795, 36.605]}
    far = {"type": "Point", "coordinates": [101.0, 36.605]}
    job = registry.load(
        "estates",
        geojson(
            (point, {"estate_id": "E1", "name": "甲", "property_company": "新和物业"}),
            (None, {"estate_id": "E2", "community_code": B, "no_property_no_committee": True}),
            (far, {"estate_id": "E3", "name": "丙"}),
            (None, {"estate_id": "E4", "community_code": "990001001099"}),
            (inside(A), {"name": "no id"}),
        ),
        GEOJSON,
        on_error="skip",
    )
    assert counts(job) == (2, 0, 0, 3), job
    assert flaws(job) == [
        (3, "community_code", "division.not_located"),
        (4, "community_code", "division.not_found"),
        (5, "source_id", "field.missing"),
    ]
    first, second = registry.get("estates")["items"]
    assert (first["community_code"], first["has_property_company"]) == (A, True)
    assert (second["name"], second["has_owners_committee"], second["is_three_no"]) == (
        "E2",
        False,
        None,
    )


def test_buildings_make_the_estates_that_they_name(registry: Registry) -> None:
    known = registry.estate(A, name="旧小区")
    sheet = (
        "楼栋编号,社区代码,小区编号,小区名称,常住户数\n"
        f"B1,{A},E1,文雅名邸,30\n"
        f"B2,{A},E1,文雅名邸,31\n"
        f"B3,{B},E1,文雅名邸,1\n"
        f"B4,{A},,旧小区,32\n"
        f"B5,{A},,新小区,33\n"
        f"B6,{B},,新小区,34\n"
        f"B7,{B},E2,,35\n"
    )
    assert counts(registry.load("buildings", sheet)) == (7, 0, 0, 0)
    estates = {item["id"]: item for item in registry.get("estates")["items"]}
    of_building = {
        item["source_id"]: estates[item["estate_id"]] for item in registry.get("buildings")["items"]
    }
    assert of_building["B1"]["id"] == of_building["B2"]["id"] == of_building["B3"]["id"]
    assert (of_building["B1"]["source_id"], of_building["B1"]["community_code"]) == ("E1", A)
    assert of_building["B4"]["id"] == known["id"]
    assert of_building["B5"]["id"] != of_building["B6"]["id"]
    assert of_building["B7"]["name"] == "E2"
    assert len(estates) == 5
    assert counts(registry.load("buildings", sheet)) == (0, 0, 7, 0)
    assert len(registry.get("estates")["items"]) == 5


def test_wrong_building_rows_are_named_and_the_good_ones_kept(registry: Registry) -> None:
    bow_tie = square(101.795, 36.605)
    ring = bow_tie["coordinates"][0]
    ring[1], ring[2] = ring[2], ring[1]
    job = registry.load(
        "buildings",
        geojson(
            (inside(A), {"building_id": "B1", "community_code": A, "households": 12}),
            (bow_tie, {"building_id": "B2", "community_code": A}),
            (inside(C), {"building_id": "B3", "community_code": A}),
            (inside(A), {"building_id": "B4", "community_code": "990001001099"}),
            (inside(A), {"building_id": "B5", "community_code": A, "households": -1}),
            (inside(A), {"building_id": "B1", "community_code": A}),
            (inside(A), {"building_id": "B7", "community_code": A, "colour": "red"}),
            ({"type": "Point", "coordinates": [36.605, 101.795]}, {"building_id": "B8"}),
            ({"type": "Point", "coordinates": ["x", 1]}, {"building_id": "B9"}),
            (None, {"building_id": "B10"}),
            (square(101.8001, 36.605), {"building_id": "B11", "community_code": A}),
        ),
        GEOJSON,
        on_error="skip",
    )
    assert counts(job) == (2, 0, 0, 9), job
    found = flaws(job)
    assert [code for _, _, code in found] == [
        "geometry.invalid",
        "building.outside_community",
        "division.not_found",
        "field.out_of_range",
        "row.duplicate",
        "field.unknown",
        "coordinates.swapped",
        "field.type",
        "division.not_located",
    ]
    assert [row for row, _, _ in found] == [2, 3, 4, 5, 6, 7, 8, 9, 10]
    (outside,) = registry.get("buildings", outside="true")["items"]
    assert outside["outside_m"] == pytest.approx(27, abs=2)


def test_nothing_is_kept_unless_every_row_is_good(registry: Registry) -> None:
    sheet = f"building_id,community_code,estate_name\nB1,{A},甲\nB2,990001001099,乙\n"
    job = registry.load("buildings", sheet)
    assert job["state"] == "failed"
    assert registry.get("buildings")["items"] == registry.get("estates")["items"] == []
    checked = registry.load("buildings", sheet, mode="check", on_error="skip")
    assert counts(checked) == (1, 0, 0, 1)
    assert registry.get("buildings")["items"] == registry.get("estates")["items"] == []


def test_a_building_that_moves_by_import_is_judged_and_takes_its_households(
    registry: Registry,
) -> None:
    registry.load("buildings", geojson((inside(A), {"building_id": "B1"})), GEOJSON)
    registry.load("households", "household_id,building_id\nH1,B1\n")
    far = registry.load("buildings", f"building_id,community_code\nB1,{C}\n", on_error="skip")
    assert flaws(far) == [(2, "geometry", "building.outside_community")]
    moved = {"type": "Point", "coordinates": [101.805, 36.605]}
    job = registry.load(
        "buildings", geojson((moved, {"building_id": "B1", "community_code": B})), GEOJSON
    )
    assert counts(job) == (0, 1, 0, 0), job
    (household,) = registry.get("households")["items"]
    assert household["community_code"] == B
    areas = {
        item["area"]
        for item in registry.get("changes", noun="building")["items"]
        if item["action"] == "updated"
    }
    assert areas == {A, B}


def test_households_follow_their_buildings(registry: Registry) -> None:
    registry.load("buildings", f"building_id,community_code\nB1,{A}\nB2,{B}\n")
    sheet = (
        "household_id,building_id,community_code,unit,floor,room,lon,lat,户号,居住情况\n"
        f"H1,B1,{A},1,1,101,101.8,36.5,001,both\n"
        "H2,B1,,1,2,201,,,002,registered\n"
        "H3,B2,,1,1,101,,,001,\n"
        f"H4,B2,{A},,,,,,003,\n"
        "H5,B9,,,,,,,004,\n"
        "H6,,,,,,,,005,\n"
        "H7,B1,,,,,,,002,\n"
        "H8,B1,,,,,,,008,owner\n"
    )
    job = registry.load("households", sheet, on_error="skip")
    assert counts(job) == (3, 0, 0, 5), job
    assert flaws(job) == [
        (5, "community_code", "household.community_mismatch"),
        (6, "building_source_id", "building.not_found"),
        (7, "building_source_id", "building.not_found"),
        (8, "household_no", "row.duplicate"),
        (9, "residence", "field.choice"),
    ]
    assert registry.snapshot(A)["totals"]["households"] == 1
    assert registry.snapshot(A, count_basis="registered")["totals"]["households"] == 2
    text = json.dumps(registry.get("households"))
    assert "101.8" not in text
    assert '"101"' not in text


def test_a_household_number_in_use_is_refused(registry: Registry) -> None:
    building = registry.building(A)
    registry.household(building["id"], "001")
    registry.load("buildings", f"building_id,community_code\nB1,{A}\n")
    job = registry.load("households", "household_id,building_id,户号\nH1,B1,001\n", on_error="skip")
    assert flaws(job) == [(2, "household_no", "household.number_taken")]


def test_an_ended_row_comes_back_with_the_file(registry: Registry) -> None:
    sheet = f"building_id,community_code,households\nB1,{A},5\n"
    registry.load("buildings", sheet)
    (building,) = registry.get("buildings")["items"]
    registry.client.delete(f"{V1}/buildings/{building['id']}", headers={"If-Match": "*"})
    assert counts(registry.load("buildings", sheet)) == (0, 1, 0, 0)
    (back,) = registry.get("buildings")["items"]
    assert back["id"] == building["id"]


def test_coordinates_of_a_file_are_converted(registry: Registry) -> None:
    line = {"source_id": "B1", "geometry": {"type": "Point", "coordinates": [101.7962, 36.6049]}}
    registry.load("buildings", json.dumps(line) + "\n", NDJSON, crs="GCJ02")
    (building,) = registry.get("buildings")["items"]
    lon, lat = building["geometry"]["coordinates"]
    assert building["community_code"] == A
    assert (lon, lat) == (pytest.approx(101.7943, abs=0.001), pytest.approx(36.605, abs=0.002))
    assert (lon, lat) != (101.7962, 36.6049)


def test_a_boundary_that_an_import_moves_judges_its_buildings(registry: Registry) -> None:
    made = registry.building(A)
    small = square(101.7925, 36.6011, 0.001)
    registry.load("divisions", geojson((small, {"code": A})), GEOJSON)
    assert registry.get(f"buildings/{made['id']}")["outside_m"] == pytest.approx(116, abs=5)


def test_an_import_is_told_once_a_community_and_its_history_names_the_job(
    registry: Registry,
) -> None:
    job = registry.load("buildings", f"building_id,community_code\nB1,{A}\nB2,{A}\nB3,{B}\n")
    found = registry.get("changes", noun="building")["items"]
    assert [(item["area"], item["action"], item["import_id"]) for item in found] == [
        (A, "created", job["id"]),
        (A, "created", job["id"]),
        (B, "created", job["id"]),
    ]
    registry.load("buildings", f"building_id,community_code,floors\nB1,{A},3\nB2,{A},\n")
    (changed,) = registry.get("changes", noun="building")["items"][3:]
    assert changed["fields"] == ["floors"]
