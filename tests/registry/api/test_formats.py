"""Every list in every format it offers, paged or streamed."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from tests.registry.factories import V1, A, B, Registry, a_service_point, a_team, inside

LISTS = (
    "divisions",
    "estates",
    "buildings",
    "units",
    "dwellings",
    "households",
    "organizations",
    "service-points",
    "teams",
    "memberships",
    "counts",
    "changes",
)
PLACES = {
    "divisions": "boundary",
    "estates": "geometry",
    "buildings": "geometry",
    "units": "geometry",
    "service-points": "geometry",
}


@pytest.fixture
def filled(registry: Registry) -> Registry:
    for code in (A, B):
        estate = registry.estate(code, name="=1+1", geometry=inside(code))
        building = registry.building(code, estate_id=estate["id"], name='1号楼, 东"侧"')
        registry.organization(code, jurisdiction=[code])
        place = {"type": "Point", "coordinates": inside(code)["coordinates"][0][0]}
        registry.post("service-points", a_service_point(code, geometry=place, services=["充电"]))
        team = registry.post("teams", a_team(code))
        member = registry.post(
            "members", {"division_code": code, "kind": "grid_head", "name": "王五"}
        )
        registry.post("memberships", {"team_id": team["id"], "member_id": member["id"]})
        own = {"building_id": building["id"]}
        registry.post("units", own | {"name": "1", "geometry": place})
        registry.post("dwellings", own | {"address_code": f"DOOR-{code}", "unit": "1"})
        registry.household(building["id"], "001")
        registry.household(building["id"], "002")
    return registry


def stream(registry: Registry, noun: str, accept: str) -> str:
    answer = registry.client.get(f"{V1}/{noun}", headers={"Accept": accept})
    assert answer.headers["content-type"].startswith(accept)
    assert answer.headers["vary"].startswith("Accept")
    return answer.content.decode("utf-8")


@pytest.mark.parametrize("noun", LISTS)
def test_pages_and_streams_hold_the_same_rows_in_the_same_order(
    filled: Registry, noun: str
) -> None:
    whole = filled.get(noun, limit=1000)["items"]
    assert whole
    lines = stream(filled, noun, "application/x-ndjson").splitlines()
    assert [json.loads(line) for line in lines] == whole
    paged: list[Any] = []
    cursor: dict[str, str] = {}
    while True:
        page = filled.get(noun, limit=2, **cursor)
        paged += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert paged == whole
    assert filled.get(noun, limit=1, count="true")["count"] == len(whole)


@pytest.mark.parametrize("noun", LISTS)
def test_csv_has_the_columns_of_the_answers(filled: Registry, noun: str) -> None:
    text = stream(filled, noun, "text/csv")
    assert text.startswith("\ufeff")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    whole = filled.get(noun, limit=1000)["items"]
    assert len(rows) == len(whole)
    assert list(rows[0]) == [name for name in whole[0] if name != "warnings"]
    for row, item in zip(rows, whole, strict=True):
        for name, value in item.items():
            if name == "warnings":
                continue
            if isinstance(value, int) and not isinstance(value, bool):
                assert row[name] == str(value)
            if value is None:
                assert row[name] == ""


def test_cells_that_a_spreadsheet_would_run_are_defused(filled: Registry) -> None:
    text = stream(filled, "estates", "text/csv")
    assert ",'=1+1," in text
    assert ",=1+1," not in text


@pytest.mark.parametrize(("noun", "member"), sorted(PLACES.items()))
def test_geojson_carries_the_place_as_geometry(filled: Registry, noun: str, member: str) -> None:
    answer = filled.client.get(f"{V1}/{noun}", headers={"Accept": "application/geo+json"})
    found = answer.json()
    items = filled.get(noun)["items"]
    assert found["numberReturned"] == len(items)
    for feature, item in zip(found["features"], items, strict=True):
        assert feature["geometry"] == item[member]
        assert feature["properties"] == {
            name: value for name, value in item.items() if name != member
        }


@pytest.mark.parametrize("noun", sorted(set(LISTS) - set(PLACES)))
def test_lists_without_places_offer_no_geojson(filled: Registry, noun: str) -> None:
    answer = filled.client.get(f"{V1}/{noun}", headers={"Accept": "application/geo+json"})
    assert (answer.status_code, answer.json()["code"]) == (406, "request.not_acceptable")


@pytest.mark.parametrize(("noun", "member"), sorted(PLACES.items()))
def test_lists_answer_in_the_reference_asked_for(filled: Registry, noun: str, member: str) -> None:
    def first(**params: str) -> list[float]:
        items = filled.get(noun, area=A, **params)["items"]
        place = next(item[member] for item in items if item[member])
        found: list[float] = place["coordinates"]
        return found if place["type"] == "Point" else found[0][0]  # type: ignore[index]

    plain = first()
    assert first(crs="WGS84") == plain
    for crs, least, most in (("GCJ02", 0.0005, 0.005), ("BD09", 0.005, 0.02)):
        shifted = first(crs=crs)
        assert least < abs(shifted[0] - plain[0]) < most, crs


def test_the_next_page_is_linked(filled: Registry) -> None:
    answer = filled.client.get(f"{V1}/buildings", params={"limit": 1, "area": A[:6]})
    link = answer.headers["link"]
    assert 'rel="next"' in link
    following = filled.client.get(link.partition(">")[0].removeprefix("<"))
    assert [item["community_code"] for item in following.json()["items"]] == [B]


def test_texts_go_in_and_come_out_as_they_are(registry: Registry) -> None:
    # Rare characters, astral planes, right-to-left letters, a combining accent.
    for name in (
        "𠮷野家小区",
        "Café d’été",
        "حي السلام",
        "e\u0301cole",
        "小区（一期）·东",
        "'; DROP TABLE",
    ):
        made = registry.estate(A, name=name)
        assert made["name"] == name
        assert registry.get(f"estates/{made['id']}")["name"] == name
