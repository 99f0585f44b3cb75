"""Units, dwellings, the households in them, and the addresses on their doors."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import asyncpg
import pytest

from tests.registry.factories import DISTRICT, STREET_1, V1, A, B, C, Registry, inside

ANY = {"If-Match": "*"}
DOOR = {"type": "Point", "coordinates": [101.7912, 36.6011]}


@pytest.fixture
def home(registry: Registry) -> dict[str, Any]:
    """A building with a unit and a dwelling whose door bears a code."""
    estate = registry.estate(A, name="团结小区")
    building = registry.building(A, name="3号楼", estate_id=estate["id"])
    own = {"building_id": building["id"]}
    unit = registry.post("units", own | {"name": "2", "geometry": DOOR, "floors": 6})
    dwelling = registry.post(
        "dwellings", own | {"address_code": "DOOR-0001", "unit": "2", "floor": 5, "area_m2": 89.5}
    )
    return {"estate": estate, "building": building, "unit": unit, "dwelling": dwelling}


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_a_dwelling_is_kept_like_every_noun(registry: Registry, home: dict[str, Any]) -> None:
    row = home["dwelling"]
    place = f"{V1}/dwellings/{row['id']}"
    assert (row["community_code"], row["area_m2"]) == (A, 89.5)
    got = registry.client.get(place)
    assert (got.json(), got.headers["etag"]) == (row, '"1"')
    changed = registry.client.patch(place, json={"use": "mixed"}, headers={"If-Match": '"1"'})
    assert (changed.json()["use"], changed.json()["version"]) == ("mixed", 2)
    assert registry.get("dwellings", use="mixed")["items"] == [changed.json()]
    assert registry.get("dwellings", use="office")["items"] == []
    assert registry.client.delete(place, headers=ANY).status_code == 204
    assert registry.get("dwellings")["items"] == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"use": "castle"}, (422, "kind.unknown")),
        ({"address_code": "DOOR-0001"}, (409, "address_code.taken")),
        ({"address_code": "a b"}, (422, "request.invalid")),
        ({"area_m2": 0}, (422, "request.invalid")),
        ({"floor": 301}, (422, "request.invalid")),
        ({"building_id": None}, (404, "building.not_found")),
        ({"building_id": "01900000-0000-7000-8000-000000000000"}, (404, "building.not_found")),
    ],
)
def test_wrong_dwellings_are_refused_by_name(
    registry: Registry, home: dict[str, Any], fields: dict[str, Any], expected: tuple[int, str]
) -> None:
    body = {"building_id": home["building"]["id"]} | fields
    answer = registry.client.post(f"{V1}/dwellings", json=body)
    assert refusal(answer) == expected
    assert "DOOR-0001" not in answer.text
    assert len(registry.get("dwellings")["items"]) == 1


def test_a_door_plate_is_never_given_out_twice(registry: Registry, home: dict[str, Any]) -> None:
    registry.client.delete(f"{V1}/dwellings/{home['dwelling']['id']}", headers=ANY)
    assert registry.client.get(f"{V1}/addresses/DOOR-0001").status_code == 404
    body = {"building_id": home["building"]["id"], "address_code": "DOOR-0001"}
    assert refusal(registry.client.post(f"{V1}/dwellings", json=body)) == (
        409,
        "address_code.taken",
    )


def test_an_address_code_tells_where_its_door_is(registry: Registry, home: dict[str, Any]) -> None:
    found = registry.get("addresses/DOOR-0001")
    assert found["address"] == "区划001区划001区划001团结小区3号楼2单元5层"
    assert (found["dwelling_id"], found["building_id"]) == (
        home["dwelling"]["id"],
        home["building"]["id"],
    )
    assert (found["community_code"], found["estate_name"]) == (A, "团结小区")
    assert found["point"] == DOOR["coordinates"]
    shifted = registry.get("addresses/DOOR-0001", crs="GCJ02")["point"]
    assert 0.0005 < abs(shifted[0] - found["point"][0]) < 0.01
    registry.client.delete(f"{V1}/units/{home['unit']['id']}", headers=ANY)
    lon, lat = registry.get("addresses/DOOR-0001")["point"]
    west, south = inside(A)["coordinates"][0][0]
    assert west < lon < west + 0.0004
    assert south < lat < south + 0.0004


def test_addresses_outside_the_areas_look_absent(
    registry: Registry, home: dict[str, Any], seen_by: Callable[..., dict[str, str]]
) -> None:
    place = f"{V1}/addresses/DOOR-0001"
    assert registry.client.get(place, headers=seen_by(STREET_1)).status_code == 200
    hidden = registry.client.get(place, headers=seen_by(C))
    assert refusal(hidden) == (404, "address.not_found")
    unknown = registry.client.get(f"{V1}/addresses/DOOR-9999")
    assert refusal(unknown) == (404, "address.not_found")
    assert registry.client.get(f"{V1}/addresses/x%00y").status_code == 422
    assert home


def test_a_household_takes_what_its_dwelling_says(registry: Registry, home: dict[str, Any]) -> None:
    body = {"dwelling_id": home["dwelling"]["id"], "household_no": "001"}
    made = registry.post("households", body | {"residence_type": "rented"})
    assert (made["building_id"], made["unit"], made["floor"]) == (home["building"]["id"], "2", 5)
    assert made["residence_type"] == "rented"
    assert registry.get("households", dwelling_id=home["dwelling"]["id"])["items"] == [made]
    other = registry.building(A)
    wrong = body | {"building_id": other["id"], "household_no": "002"}
    answer = registry.client.post(f"{V1}/households", json=wrong)
    assert refusal(answer) == (409, "household.dwelling_mismatch")
    place = f"{V1}/households/{made['id']}"
    same = {"building_id": home["building"]["id"]}
    stays = registry.client.patch(place, json=same, headers=ANY).json()
    assert stays["dwelling_id"] == home["dwelling"]["id"]
    moved = registry.client.patch(place, json={"building_id": other["id"]}, headers=ANY).json()
    assert (moved["building_id"], moved["dwelling_id"]) == (other["id"], None)
    back = {"dwelling_id": home["dwelling"]["id"]}
    again = registry.client.patch(place, json=back, headers=ANY).json()
    assert again["building_id"] == home["building"]["id"]


def test_a_lived_in_dwelling_neither_ends_nor_moves(
    registry: Registry, home: dict[str, Any]
) -> None:
    dwelling = home["dwelling"]
    household = registry.post("households", {"dwelling_id": dwelling["id"], "household_no": "001"})
    other = registry.building(B)
    place = f"{V1}/dwellings/{dwelling['id']}"
    assert refusal(registry.client.delete(place, headers=ANY)) == (409, "dwelling.has_households")
    moved = registry.client.patch(place, json={"building_id": other["id"]}, headers=ANY)
    assert refusal(moved) == (409, "dwelling.has_households")
    registry.client.delete(f"{V1}/households/{household['id']}", headers=ANY)
    moved = registry.client.patch(place, json={"building_id": other["id"]}, headers=ANY)
    assert moved.json()["community_code"] == B


def test_a_building_with_units_or_dwellings_cannot_end_and_takes_them_along(
    registry: Registry, home: dict[str, Any]
) -> None:
    place = f"{V1}/buildings/{home['building']['id']}"
    assert refusal(registry.client.delete(place, headers=ANY)) == (409, "building.has_households")
    since = {"updated_since": "2026-03-02T00:00:00Z"}
    moved = {"community_code": B, "geometry": None}
    registry.done(registry.client.patch(place, json=moved, headers=ANY))
    for noun in ("units", "dwellings"):
        (row,) = registry.get(noun, community_code=B, **since)["items"]
        assert row["version"] == 2
    for noun in ("unit", "dwelling"):
        registry.client.delete(f"{V1}/{noun}s/{home[noun]['id']}", headers=ANY)
    assert registry.client.delete(place, headers=ANY).status_code == 204


def test_unit_names_are_unique_in_a_building(registry: Registry, home: dict[str, Any]) -> None:
    body = {"building_id": home["building"]["id"], "name": "2"}
    answer = registry.client.post(f"{V1}/units", json=body)
    assert refusal(answer) == (409, "unit.name_taken")
    elsewhere = registry.building(A)
    registry.post("units", body | {"building_id": elsewhere["id"]})
    found = registry.get("units", building_id=home["building"]["id"])["items"]
    assert found == [home["unit"]]
    boxed = registry.get("units", bbox="101.791,36.601,101.792,36.602")["items"]
    assert boxed == [home["unit"]]


def flaws(job: dict[str, Any]) -> list[tuple[int, str | None, str]]:
    return [(error["row"], error["column"], error["code"]) for error in job["errors"]]


@pytest.fixture
def sheets(registry: Registry) -> Registry:
    """Two buildings from a sheet: B1 in A, B2 in B."""
    registry.load("buildings", f"楼栋编号,社区代码\nB1,{A}\nB2,{B}\n")
    return registry


def test_sheets_of_units_are_imported_and_judged(sheets: Registry) -> None:
    sheet = (
        "单元编号,楼栋编号,单元名称,层数,常住户数,社区代码\n"
        "U1,B1,1,6,24,\nU2,B1,2,6,24,\nU3,B1,2,,,\nU4,B9,1,,,\nU5,B2,1,,," + A + "\nU6,,1,,,\n"
    )
    job = sheets.load("units", sheet, on_error="skip")
    assert flaws(job) == [
        (4, "name", "row.duplicate"),
        (5, "building_source_id", "building.not_found"),
        (6, "community_code", "household.community_mismatch"),
        (7, "building_source_id", "building.not_found"),
    ]
    assert [unit["name"] for unit in sheets.get("units")["items"]] == ["1", "2"]
    job = sheets.load("units", "单元编号,楼栋编号,单元名称\nU9,B1,2\n", on_error="skip")
    assert flaws(job) == [(2, "name", "unit.name_taken")]


def test_sheets_of_dwellings_and_their_households(sheets: Registry) -> None:
    sheet = (
        "房屋编号,楼栋编号,门牌编码,单元,楼层,房屋用途,面积(平方米)\n"
        "D1,B1,DOOR-1,1,3,residential,88.5\n"
        "D2,B1,DOOR-2,1,4,,\n"
        "D3,B1,DOOR-2,1,5,,\n"
        "D4,B1,,1,5,castle,\n"
        "D5,B9,,1,5,,\n"
        "D6,B1,bad code,1,5,,\n"
    )
    job = sheets.load("dwellings", sheet, on_error="skip")
    assert flaws(job) == [
        (4, "address_code", "row.duplicate"),
        (5, None, "kind.unknown"),
        (6, "building_source_id", "building.not_found"),
        (7, "address_code", "field.pattern"),
    ]
    households = (
        "编号,户号,房屋编号,楼栋编号,居住类型\n"
        "H1,001,D1,,rented\nH2,002,D1,B1,\nH3,003,D1,B2,\nH4,004,D9,,\nH5,005,,B2,\n"
    )
    job = sheets.load("households", households, on_error="skip")
    assert flaws(job) == [
        (4, "dwelling_source_id", "household.dwelling_mismatch"),
        (5, "building_source_id", "building.not_found"),
        (5, "dwelling_source_id", "dwelling.not_found"),
    ]
    first, second, third = sheets.get("households")["items"]
    assert (first["unit"], first["floor"], first["residence_type"]) == ("1", 3, "rented")
    assert first["dwelling_id"] == second["dwelling_id"]
    assert (third["dwelling_id"], third["community_code"]) == (None, B)
    moved = sheets.load("dwellings", "房屋编号,楼栋编号\nD1,B2\n", on_error="skip")
    assert flaws(moved) == [(2, "building_source_id", "dwelling.has_households")]
    taken = sheets.load("dwellings", "房屋编号,楼栋编号,门牌编码\nD7,B1,DOOR-1\n", on_error="skip")
    assert flaws(taken) == [(2, "address_code", "address_code.taken")]
    assert sheets.load("households", households, on_error="skip")["counts"]["unchanged"] == 3


def test_buildings_that_move_by_file_take_everything_along(sheets: Registry) -> None:
    sheets.load("units", "单元编号,楼栋编号,单元名称\nU1,B1,1\n")
    sheets.load("dwellings", "房屋编号,楼栋编号\nD1,B1\n")
    sheets.load("households", "编号,户号,房屋编号\nH1,001,D1\n")
    sheets.load("buildings", f"楼栋编号,社区代码\nB1,{C}\n")
    for noun in ("units", "dwellings", "households"):
        (row,) = sheets.get(noun, community_code=C)["items"]
        assert row["version"] == 2
    assert sheets.get("counts", by="district")["items"][0]["code"] == DISTRICT


ROOM = "3-1-Q4711"
CLEAR = {"X-Purpose": "data_check; counting flats"}


@pytest.fixture
def flat(registry: Registry) -> dict[str, Any]:
    """A dwelling with a room that no other text of a test contains."""
    building = registry.building(A)
    body = {"building_id": building["id"], "address_code": "DOOR-4711", "room": ROOM}
    return registry.post("dwellings", body)


def test_rooms_are_masked_everywhere(
    registry: Registry, flat: dict[str, Any], seen_by: Callable[..., dict[str, str]]
) -> None:
    place = f"{V1}/dwellings/{flat['id']}"
    assert (flat["room"], flat["is_masked"]) == ("3-1-*****", True)
    for path in (place, f"{V1}/dwellings", f"{V1}/addresses/DOOR-4711", f"{V1}/changes"):
        for accept in ("application/json", "text/csv"):
            answer = registry.client.get(path, headers={"Accept": accept})
            assert "Q4711" not in answer.text
    assert registry.get("addresses/DOOR-4711")["room"] == "3-1-*****"
    scopes = ["registry:read", "registry:write"]
    refused = registry.client.get(place, headers=seen_by(A, scopes=scopes) | CLEAR)
    assert (refused.status_code, refused.json()["code"]) == (403, "token.scope_missing")


def test_a_room_is_told_in_clear_for_a_purpose_and_written_down(
    registry: Registry, flat: dict[str, Any]
) -> None:
    place = f"{V1}/dwellings/{flat['id']}"
    clear = registry.client.get(place, headers=CLEAR).json()
    assert (clear["room"], clear["is_masked"]) == (ROOM, False)
    listed = registry.client.get(f"{V1}/dwellings", headers=CLEAR).json()["items"]
    assert listed[0]["room"] == ROOM
    exported = registry.client.get(f"{V1}/dwellings", headers=CLEAR | {"Accept": "text/csv"})
    assert ROOM in exported.text
    told = [entry["action"] for entry in registry.get("audit", noun="dwelling")["items"]]
    assert set(told) >= {"read", "listed", "export_begun", "exported"}


def test_a_room_is_sealed_at_rest_and_bound_to_its_row(
    registry: Registry, flat: dict[str, Any], url: str
) -> None:
    async def ask() -> bytes:
        connection = await asyncpg.connect(url)
        try:
            (row,) = await connection.fetch("SELECT room FROM dwellings")
            return bytes(row["room"])
        finally:
            await connection.close()

    sealed = asyncio.run(ask())
    assert b"4711" not in sealed
    place = f"{V1}/dwellings/{flat['id']}"
    same = registry.client.patch(place, json={"room": ROOM}, headers=ANY).json()
    assert same["version"] == 1
    assert asyncio.run(ask()) == sealed
    changed = registry.client.patch(place, json={"room": "3-1-502"}, headers=ANY).json()
    assert (changed["room"], changed["version"]) == ("3-1-***", 2)
    kept = registry.client.patch(place, json={"floor": 5}, headers=ANY).json()
    assert kept["room"] == "3-1-***"
    emptied = registry.client.patch(place, json={"room": None}, headers=ANY).json()
    assert emptied["room"] is None


def test_a_sheet_brings_rooms_and_a_masked_one_changes_nothing(sheets: Registry) -> None:
    sheet = f"房屋编号,楼栋编号,房号\nD1,B1,{ROOM}\nD2,B1,502\n"
    assert sheets.load("dwellings", sheet)["counts"]["created"] == 2
    assert sheets.load("dwellings", sheet)["counts"]["unchanged"] == 2
    masked = sheets.client.get(f"{V1}/dwellings", headers={"Accept": "text/csv"}).content
    assert b"4711" not in masked
    assert sheets.load("dwellings", masked)["counts"]["unchanged"] == 2
    other = sheets.load("dwellings", "房屋编号,房号\nD1,601\n")
    assert other["counts"]["updated"] == 1
    clear = sheets.client.get(f"{V1}/dwellings", headers=CLEAR).json()["items"]
    assert [item["room"] for item in clear] == ["601", "502"]
