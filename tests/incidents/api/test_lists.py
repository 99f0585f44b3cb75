"""Lists of incidents and categories: filters, formats, paging."""

from __future__ import annotations

import csv
import io
import json

import httpx
import pytest

from kit.testing.clock import FrozenClock
from tests.incidents.conftest import Start
from tests.incidents.database import rows
from tests.incidents.partition import FakeGridPartition
from tests.incidents.reports import COMMUNITY, DISTRICT, GRID, HERE, PATH, acted, reported

CATEGORIES = "/incidents/v1/categories"
THERE = (101.80, 36.62)
OTHER_GRID = "630102003007002"


@pytest.fixture(autouse=True)
def _two_grids(grids: FakeGridPartition) -> None:
    grids.cover(GRID, at=HERE)
    grids.cover(OTHER_GRID, at=THERE)


def test_a_list_is_narrowed_by_each_filter(client: httpx.Client, clock: FrozenClock) -> None:
    one = reported(client, text="one")
    two = reported(client, at=THERE, source="rider", category_code="0301", text="two")
    clock.move(hours=1)
    acted(client, one["id"], "withdraw")
    for query, expected in [
        ({}, ["one", "two"]),
        ({"area": DISTRICT}, ["one", "two"]),
        ({"area": COMMUNITY}, ["one"]),
        ({"area": OTHER_GRID}, ["two"]),
        ({"grid_code": GRID}, ["one"]),
        ({"state": "reported"}, ["two"]),
        ({"category": "03"}, ["two"]),
        ({"category": "0102"}, ["one"]),
        ({"source": "rider"}, ["two"]),
        ({"open": "true"}, ["two"]),
        ({"open": "false"}, ["one"]),
        ({"placement": "located"}, ["one", "two"]),
        ({"bbox": "101.78,36.6,101.795,36.7"}, ["one"]),
        ({"bbox": "179,36.6,101.795,36.7"}, ["one"]),
        ({"updated_since": "2026-03-02T01:30:00Z"}, ["one"]),
        ({"updated_since": "2026-03-02T10:30:00+08:00"}, []),
    ]:
        found = client.get(PATH, params=query)
        assert found.status_code == 200, (query, found.text)
        assert [item["text"] for item in found.json()["items"]] == expected, query
    assert two["id"] > one["id"]


@pytest.mark.parametrize(
    "query",
    ["bbox=1,2,3", "bbox=101,37,102,36", "bbox=200,0,210,1", "bbox=a,b,c,d", "bbox=nan,0,1,1",
     "state=gone", "category=1", "area=63", "open=yes", "updated_since=today", "crs=EPSG", "x=1",
     "limit=0", "grid_code=630102"],
)  # fmt: skip
def test_wrong_filters_are_refused_by_name(client: httpx.Client, query: str) -> None:
    answer = client.get(f"{PATH}?{query}")
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["parameter"] == query.split("=", maxsplit=1)[0]


def test_pages_follow_each_other_in_the_order_of_the_reports(client: httpx.Client) -> None:
    made = [reported(client)["id"] for _ in range(5)]
    first = client.get(PATH, params={"limit": 2, "crs": "GCJ02"})
    assert 'rel="next"' in first.headers["link"]
    rest = client.get(PATH, params={"limit": 9, "cursor": first.json()["next_cursor"]}).json()
    assert [item["id"] for item in first.json()["items"] + rest["items"]] == made


def test_incidents_are_listed_as_geojson_csv_and_ndjson(client: httpx.Client) -> None:
    made = reported(client, text="=1+1")
    reported(client, point=None, address="某处")
    found = client.get(PATH, headers={"Accept": "application/geo+json"}).json()
    assert found["type"] == "FeatureCollection"
    assert found["features"][0]["geometry"] == {"type": "Point", "coordinates": list(HERE)}
    assert found["features"][0]["properties"]["id"] == made["id"]
    assert found["features"][1]["geometry"] is None
    table = client.get(PATH, headers={"Accept": "text/csv"})
    lines = list(csv.DictReader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert [line["text"] for line in lines] == ["'=1+1", "垃圾满溢"]
    assert json.loads(lines[0]["point"])["crs"] == "CGCS2000"
    stream = client.get(PATH, headers={"Accept": "application/x-ndjson"}).text.splitlines()
    assert json.loads(stream[0])["id"] == made["id"]


def test_an_incident_is_not_sent_again_when_it_has_not_changed(client: httpx.Client) -> None:
    made = reported(client)
    answer = client.get(f"{PATH}/{made['id']}", headers={"If-None-Match": '"1"'})
    assert (answer.status_code, answer.content) == (304, b"")


def test_the_shipped_categories_are_a_tree_of_two_levels(client: httpx.Client) -> None:
    flat = client.get(CATEGORIES, params={"limit": 1000, "count": "true"}).json()
    assert flat["count"] == len(flat["items"]) > 60
    assert all(item["children"] is None for item in flat["items"])
    tree = client.get(CATEGORIES, params={"view": "tree"}).json()["items"]
    leaves = [leaf for item in tree for leaf in item["children"]]
    assert len(tree) + len(leaves) == flat["count"]
    assert all(leaf["code"][:2] == leaf["parent_code"] for leaf in leaves)
    of_one = client.get(CATEGORIES, params={"parent": "01"}).json()["items"]
    assert [item["code"] for item in of_one][:2] == ["0101", "0102"]
    assert client.get(CATEGORIES, params={"active": "false"}).json()["items"] == []


def test_a_category_says_when_to_file_how_long_and_what_to_tell(client: httpx.Client) -> None:
    answer = client.get(f"{CATEGORIES}/0101")
    category = answer.json()
    assert category["name"] == {"zh": "私搭乱建", "en": "Illegal building"}
    assert category["stages"][0] == {
        "name": "stop", "amount": 4.0, "unit": "working_hour", "from_tag": "a"
    }  # fmt: skip
    assert category["filing_condition"]["zh"]
    assert category["fields"][0]["code"] == "affected_area_m2"
    again = client.get(f"{CATEGORIES}/0101", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    assert client.get(f"{CATEGORIES}/0999").json()["code"] == "category.not_found"


def test_a_second_start_leaves_the_categories_as_they_are(start: Start, url: str) -> None:
    with start():
        before = rows(url, "SELECT code, version, set_version FROM categories ORDER BY code")
    with start():
        after = rows(url, "SELECT code, version, set_version FROM categories ORDER BY code")
    assert before == after
    assert {row["version"] for row in after} == {1}


def test_a_newer_set_changes_and_deactivates_and_keeps_versions(start: Start, url: str) -> None:
    rows(
        url,
        "INSERT INTO categories SELECT '0198', NULL, '旧', 'Old', 'general', '{}', true, '0.9', 1,"
        " now() - interval '1 day', now() - interval '1 day'",
    )
    with start() as client:
        old = client.get(f"{CATEGORIES}/0198").json()
        assert (old["is_active"], old["version"]) == (False, 2)
        refused = client.post(PATH, json={"category_code": "0198", "address": "x"})
        assert refused.status_code == 422
