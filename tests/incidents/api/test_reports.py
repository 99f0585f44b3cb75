"""Reports: what is taken in, where it lands, what is refused."""

from __future__ import annotations

import threading
from typing import Any

import httpx
import pytest

from kit.coordinates import from_cgcs2000
from tests.incidents.conftest import Caller, Start
from tests.incidents.database import rows
from tests.incidents.partition import FakeGridPartition
from tests.incidents.reports import COMMUNITY, DISTRICT, GRID, HERE, PATH, a_report, reported


@pytest.fixture(autouse=True)
def _one_grid(grids: FakeGridPartition) -> None:
    grids.cover(GRID, at=HERE)


def test_a_report_lands_in_the_grid_that_holds_its_point(client: httpx.Client) -> None:
    made = client.post(PATH, json=a_report())
    assert made.status_code == 201, made.text
    incident = made.json()
    assert (incident["grid_code"], incident["community_code"]) == (GRID, COMMUNITY)
    assert (incident["placement"], incident["locating"]) == ("located", False)
    assert (incident["state"], incident["is_open"], incident["level"]) == (
        "reported",
        True,
        "general",
    )
    assert incident["number"] == "20260302-000001"
    assert incident["grid_code_at_report"] == GRID
    assert made.headers["location"] == f"{PATH}/{incident['id']}"
    assert made.headers["etag"] == '"1"'
    assert client.get(made.headers["location"]).json() == incident


def test_the_least_report_is_a_category_and_a_point(client: httpx.Client) -> None:
    made = client.post(PATH, json=a_report(text=None))
    assert (made.status_code, made.json()["text"]) == (201, "")


@pytest.mark.parametrize("crs", ["CGCS2000", "WGS84", "GCJ02", "BD09"])
def test_a_point_is_understood_in_its_reference_and_answered_in_any(
    client: httpx.Client, crs: Any
) -> None:
    lon, lat = from_cgcs2000(*HERE, crs)
    made = reported(client, point={"lon": lon, "lat": lat, "crs": crs})
    assert made["grid_code"] == GRID
    assert made["point"]["lon"] == pytest.approx(HERE[0], abs=1e-8)
    back = client.get(f"{PATH}/{made['id']}", params={"crs": crs}).json()["point"]
    assert back["crs"] == crs
    assert (back["lon"], back["lat"]) == pytest.approx((lon, lat), abs=1e-8)


def test_a_point_outside_every_grid_waits_for_a_person_with_the_nearest_grid_kept(
    client: httpx.Client,
) -> None:
    made = reported(client, at=(101.99, 36.62))
    assert (made["grid_code"], made["placement"], made["locating"]) == (None, "outside", False)
    assert (made["nearest_grid_code"], made["nearest_m"]) == (GRID, 840.5)


def test_a_grid_may_be_named_instead_of_a_point(client: httpx.Client) -> None:
    made = reported(client, point=None, grid_code=GRID)
    assert (made["grid_code"], made["placement"], made["point"]) == (GRID, "located", None)
    wrong = client.post(PATH, json=a_report(point=None, grid_code="630102002008999"))
    assert (wrong.status_code, wrong.json()["code"]) == (422, "incident.grid_unknown")
    assert wrong.json()["errors"][0]["pointer"] == "/grid_code"


def test_an_address_alone_is_taken_and_waits_for_a_person(client: httpx.Client) -> None:
    made = reported(client, point=None, address="建国路 5 号院")
    assert (made["placement"], made["locating"]) == ("address", False)
    assert made["address"] == "建国路 5 号院"
    beside = reported(client, address="北门")
    assert (beside["placement"], beside["address"]) == ("located", "北门")


@pytest.mark.parametrize(
    "place",
    [
        {"point": None},
        {"grid_code": GRID},
        {"point": None, "grid_code": None, "address": ""},
        {"point": {"lon": 36.62, "lat": 101.79}},
        {"point": {"lon": 101.79}},
        {"point": {"lon": "101.79", "lat": 36.62}},
        {"point": {"lon": 101.79, "lat": 36.62, "crs": "EPSG:3857"}},
        {"point": {"lon": 101.79, "lat": 36.62, "alt": 2200}},
        {"point": [101.79, 36.62]},
        {"point": None, "grid_code": "630102002008"},
        {"point": None, "grid_code": "６３０１０２００２００８００１"},
    ],
)
def test_a_report_needs_exactly_one_good_place(client: httpx.Client, place: dict[str, Any]) -> None:
    answer = client.post(PATH, json=a_report(**place))
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"category_code": "9999"}, "/category_code"),
        ({"category_code": "01"}, "/category_code"),
        ({"text": "x" * 4001}, "/text"),
        ({"text": "a\u0000b"}, "/text"),
        ({"source": "nobody"}, "/source"),
        ({"occurred_at": "2026-03-02"}, "/occurred_at"),
        ({"occurred_at": "2026-03-03T09:00:00+08:00"}, "/occurred_at"),
        ({"dedup_key": "k" * 256}, "/dedup_key"),
        ({"reporter_phone": "13800138000"}, "/reporter_phone"),
        ({"state": "closed"}, "/state"),
        ({"attributes": {"Bad": 1}}, "/attributes/Bad/[key]"),
        ({"attributes": {"colour": "turquoise"}}, "/attributes/colour"),
        ({"attributes": [1]}, "/attributes"),
    ],
)
def test_what_is_wrong_is_named_and_never_echoed(
    client: httpx.Client, fields: dict[str, Any], pointer: str
) -> None:
    answer = client.post(PATH, json=a_report(**fields))
    assert answer.status_code == 422, answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert "13800138000" not in answer.text
    assert "turquoise" not in answer.text


def test_attributes_are_those_of_the_category_and_raise_its_level(client: httpx.Client) -> None:
    needed = client.post(PATH, json=a_report(category_code="1701"))
    assert needed.status_code == 422
    missing = {error["pointer"] for error in needed.json()["errors"]}
    assert "/attributes/worker_count" in missing
    fields = {field["code"]: field for field in _category(client, "1701")["fields"]}
    attributes = {
        code: {"integer": 3, "decimal": "150000.50", "text": "甲", "organization": "乙公司"}[
            field["type"]
        ]
        for code, field in fields.items()
        if field["required"]
    }
    few = reported(client, category_code="1701", attributes=attributes)
    many = reported(client, category_code="1701", attributes=attributes | {"worker_count": 11})
    assert (few["level"], many["level"]) == ("general", "urgent")
    assert few["attributes"] == attributes


def _category(client: httpx.Client, code: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/incidents/v1/categories/{code}").json()
    return found


def test_a_repeat_with_the_same_dedup_key_folds_into_the_open_incident(
    client: httpx.Client, caller: Caller
) -> None:
    first = reported(client, dedup_key="order-77")
    again = client.post(PATH, json=a_report(dedup_key="order-77", text="又报一次"))
    assert (again.status_code, again.json()["id"]) == (200, first["id"])
    assert again.json()["repeated_count"] == 1
    assert again.headers["location"] == f"{PATH}/{first['id']}"
    other = client.post(PATH, json=a_report(dedup_key="order-77"), headers=caller("another-client"))
    assert (other.status_code, other.json()["id"] != first["id"]) == (201, True)
    lines = client.get(f"{PATH}/{first['id']}/history").json()["items"]
    assert [line["action"] for line in lines] == ["report", "repeat"]


def test_an_ended_incident_gives_its_dedup_key_free(client: httpx.Client) -> None:
    first = reported(client, dedup_key="order-78")
    client.post(f"{PATH}/{first['id']}/transitions", json={"action": "withdraw"})
    second = client.post(PATH, json=a_report(dedup_key="order-78"))
    assert (second.status_code, second.json()["id"] != first["id"]) == (201, True)


def test_twenty_repeats_at_once_make_one_incident(client: httpx.Client) -> None:
    answers: list[httpx.Response] = []

    def send() -> None:
        answers.append(client.post(PATH, json=a_report(dedup_key="storm")))

    threads = [threading.Thread(target=send) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    found = client.get(PATH, params={"count": "true"}).json()
    assert (found["count"], found["items"][0]["repeated_count"]) == (1, 19)


def test_a_repeated_idempotency_key_gives_the_first_answer(client: httpx.Client) -> None:
    key = {"Idempotency-Key": "rider-0001"}
    first = client.post(PATH, json=a_report(), headers=key)
    again = client.post(PATH, json=a_report(), headers=key)
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    other = client.post(PATH, json=a_report(text="x"), headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency.key_reused")
    assert client.get(PATH, params={"count": "true"}).json()["count"] == 1


def test_a_report_outside_the_callers_areas_is_refused_and_tells_nothing(
    client: httpx.Client, caller: Caller
) -> None:
    street = caller("street-3", areas=["630102003"])
    places: tuple[dict[str, Any], ...] = ({}, {"point": None, "grid_code": GRID})
    for place in places:
        answer = client.post(PATH, json=a_report(**place), headers=street)
        assert (answer.status_code, answer.json()["code"]) == (422, "incident.outside_area")
        assert "630102002" not in answer.text
    assert client.get(PATH, params={"count": "true"}).json()["count"] == 0


def test_a_report_needs_its_scope(client: httpx.Client, caller: Caller) -> None:
    answer = client.post(PATH, json=a_report(), headers=caller("x", scopes=["incidents:read"]))
    assert (answer.status_code, answer.json()["code"]) == (403, "token.scope_missing")
    assert client.post(PATH, json=a_report(), headers={"Authorization": ""}).status_code == 401


def test_reports_that_come_together_share_one_question_to_the_partition(
    start: Start, grids: FakeGridPartition
) -> None:
    grids.delay_s = 0.1
    with start(locate_patience_s=10) as client:
        threads = [threading.Thread(target=reported, args=(client,)) for _ in range(24)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(grids.batches) == 24
        assert len(grids.batches) < 12, grids.batches
        located = client.get(PATH, params={"grid_code": GRID, "count": "true"})
        assert located.json()["count"] == 24


def test_a_report_is_told_to_the_outbox_without_its_text(client: httpx.Client, url: str) -> None:
    made = reported(client, text="联系人 13800138000")
    event = _events(url)[0]
    assert event["type"] == "incidents.incident.reported"
    assert (event["subject"], event["area"]) == (made["id"], GRID)
    assert event["data"]["category_code"] == "0102"
    assert "13800138000" not in str(event)


def _events(url: str) -> list[dict[str, Any]]:
    return rows(url, "SELECT type, subject, area, data FROM outbox ORDER BY seq")


def test_the_district_sees_what_its_communities_report(
    client: httpx.Client, caller: Caller
) -> None:
    made = reported(client, headers=caller("community-8", areas=[COMMUNITY]))
    seen = client.get(f"{PATH}/{made['id']}", headers=caller("district", areas=[DISTRICT]))
    assert seen.status_code == 200
