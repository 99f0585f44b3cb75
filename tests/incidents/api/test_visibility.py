"""Who sees what: areas, handling parties, and what is hidden from whom."""

from __future__ import annotations

import httpx
import pytest

from tests.incidents.conftest import Caller
from tests.incidents.partition import FakeGridPartition
from tests.incidents.reports import COMMUNITY, GRID, HERE, PATH, act, acted, brought_to, reported

THERE = (101.80, 36.62)
OTHER_GRID = "630102003007002"


@pytest.fixture(autouse=True)
def _two_grids(grids: FakeGridPartition) -> None:
    grids.cover(GRID, at=HERE)
    grids.cover(OTHER_GRID, at=THERE)


def test_another_streets_incident_looks_like_none(client: httpx.Client, caller: Caller) -> None:
    incident_id = reported(client, at=THERE)["id"]
    mine = reported(client)["id"]
    street = caller("street-2", areas=["630102002"])
    absent = "01990000-0000-7000-8000-000000000000"
    for path in ("", "/history"):
        hidden = client.get(f"{PATH}/{incident_id}{path}", headers=street)
        never = client.get(f"{PATH}/{absent}{path}", headers=street)
        assert hidden.status_code == 404
        assert _bare(hidden) == _bare(never)
    hidden = act(client, incident_id, "accept", headers=street)
    assert _bare(hidden) == _bare(act(client, absent, "accept", headers=street))
    merged = act(client, mine, "merge", headers=street, master_id=incident_id)
    never = act(client, mine, "merge", headers=street, master_id=absent)
    assert (merged.status_code, _bare(merged)) == (409, _bare(never))
    listed = client.get(PATH, params={"count": "true"}, headers=street).json()
    assert (listed["count"], [item["id"] for item in listed["items"]]) == (1, [mine])
    for query in ({"area": "630102003"}, {"grid_code": OTHER_GRID}, {"bbox": "101,36,102,37"}):
        found = client.get(PATH, params=query, headers=street).json()["items"]
        assert incident_id not in [item["id"] for item in found]
    for media in ("text/csv", "application/x-ndjson", "application/geo+json"):
        assert incident_id not in client.get(PATH, headers=street | {"Accept": media}).text
    assert client.get(f"{PATH}/{incident_id}").json()["version"] == 1


def _bare(answer: httpx.Response) -> dict[str, object]:
    unlike = {"instance", "request_id"}
    return {name: value for name, value in answer.json().items() if name not in unlike}


def test_a_handling_party_sees_and_moves_only_what_is_assigned_to_it(
    client: httpx.Client, caller: Caller
) -> None:
    mine = brought_to(client, "assigned", {})
    other = reported(client)["id"]
    acted(client, other, "accept")
    acted(client, other, "dispatch", party="gas-company")
    party = caller("sanitation-app", areas=[], organization_id="sanitation-1")
    seen = client.get(PATH, headers=party).json()["items"]
    assert [item["id"] for item in seen] == [mine["id"]]
    assert client.get(f"{PATH}/{other}", headers=party).status_code == 404
    own = client.get(f"{PATH}/{mine['id']}", headers=party).json()
    assert own["allowed_actions"] == ["take", "return", "urge", "escalate"]
    assert act(client, mine["id"], "take", headers=party).status_code == 200
    done = acted(client, mine["id"], "resolve", headers=party, evidence=["photo"])
    assert done["state"] == "resolved"
    sister = caller("sanitation-office", areas=[], organization_id="sanitation-1")
    checked = act(client, mine["id"], "verify_pass", headers=sister)
    assert (checked.status_code, checked.json()["guard"]) == (409, "not_by_handler")


def test_a_party_does_not_learn_who_reported(client: httpx.Client, caller: Caller) -> None:
    rider = caller("rider-app", areas=[COMMUNITY])
    made = reported(client, headers=rider, dedup_key="rider-5")
    acted(client, made["id"], "accept")
    acted(client, made["id"], "dispatch", party="shop-owner")
    party = caller("shop", areas=[], organization_id="shop-owner")
    seen = client.get(f"{PATH}/{made['id']}", headers=party)
    history = client.get(f"{PATH}/{made['id']}/history", headers=party)
    assert seen.json()["reported_by"] is None
    assert history.json()["items"][0]["actor"] is None
    assert "rider" not in seen.text + history.text
    assert client.get(f"{PATH}/{made['id']}").json()["reported_by"] == "rider-app"


def test_a_party_that_returns_an_incident_no_longer_sees_it(
    client: httpx.Client, caller: Caller
) -> None:
    incident_id = brought_to(client, "assigned", {})["id"]
    party = caller("sanitation-app", areas=[], organization_id="sanitation-1")
    assert act(client, incident_id, "return", headers=party, reason="x").status_code == 200
    assert client.get(f"{PATH}/{incident_id}", headers=party).status_code == 404


def test_a_client_without_areas_sees_and_reports_nothing(
    client: httpx.Client, caller: Caller
) -> None:
    reported(client)
    nobody = caller("nobody", areas=[])
    assert client.get(PATH, headers=nobody).json()["items"] == []
    body = {"category_code": "0102", "point": {"lon": HERE[0], "lat": HERE[1]}}
    assert client.post(PATH, json=body, headers=nobody).status_code == 422
