"""Actions: every pair of state and action moves as the table says, or is refused by name."""

from __future__ import annotations

import json
import threading
from typing import Any, get_args

import httpx
import pytest

from kit.testing.clock import FrozenClock
from services.incidents.api.schemas.incidents import ActionWord, SourceWord, StateWord
from services.incidents.app import PACKAGE_DIR
from services.incidents.storage.recording import COUNTED
from tests.incidents.conftest import Caller
from tests.incidents.database import rows
from tests.incidents.partition import FakeGridPartition
from tests.incidents.reports import FIELDS, GRID, HERE, PATH, act, acted, brought_to, reported

TABLE: dict[str, Any] = json.loads(
    (PACKAGE_DIR / "data" / "transitions.json").read_text(encoding="utf-8")
)
STATES = [state["code"] for state in TABLE["states"]]
ACTIONS: dict[str, dict[str, Any]] = {entry["action"]: entry for entry in TABLE["actions"]}
#: What a fresh incident in the right state still lacks: the guard that says no.
GUARDED = {
    "request_arbitration": "returns_used_up",
    "arbitrate": "arbitration_was_requested",
    "extend": "extension_was_requested",
    "suspend": "suspension_was_requested",
    "refuse_request": "request_is_pending",
}


@pytest.fixture(autouse=True)
def _one_grid(grids: FakeGridPartition) -> None:
    grids.cover(GRID, at=HERE)


@pytest.fixture
def checker(caller: Caller) -> dict[str, str]:
    return caller("checker")


def test_the_contract_names_the_words_of_the_table() -> None:
    assert list(get_args(StateWord)) == STATES
    assert list(get_args(ActionWord)) == list(ACTIONS)
    assert set(TABLE["parameters"]["sources_to_verify"]) <= set(get_args(SourceWord))
    assert [*TABLE["counters"], "repeated_count"] == list(COUNTED)


@pytest.mark.parametrize("state", STATES)
def test_every_action_moves_as_the_table_says_or_is_refused_by_name(
    client: httpx.Client, checker: dict[str, str], state: str
) -> None:
    still = brought_to(client, state, checker)
    master = reported(client)["id"]
    for action, entry in ACTIONS.items():
        starts_here = state in entry["from"]
        moving = starts_here and action not in GUARDED
        incident = brought_to(client, state, checker) if moving else still
        fields = dict(FIELDS.get(action, {})) | ({"master_id": master} if action == "merge" else {})
        headers = checker if action.startswith("verify") else None
        answer = act(client, incident["id"], action, headers=headers, **fields)
        if not moving:
            _assert_refused(answer, state, action, GUARDED.get(action))
            continue
        assert answer.status_code == 200, (state, action, answer.text)
        assert answer.json()["state"] == (entry["to"] or state)
        for counter in entry["counters"]:
            assert answer.json()[counter] == incident[counter] + 1


def _assert_refused(answer: httpx.Response, state: str, action: str, guard: str | None) -> None:
    assert answer.status_code == 409, (state, action, answer.text)
    problem = answer.json()
    assert (problem["code"], problem["state"], problem["action"]) == (
        "transition.refused",
        state,
        action,
    )
    assert action not in problem["allowed_actions"]
    expected = guard if state in ACTIONS[action]["from"] else None
    assert problem.get("guard") == expected


def test_the_way_from_report_to_end_is_kept_line_by_line(
    client: httpx.Client, checker: dict[str, str], clock: FrozenClock, url: str
) -> None:
    incident = reported(client)
    for action in ("accept", "dispatch", "take", "resolve"):
        clock.move(hours=1)
        incident = acted(client, incident["id"], action, **FIELDS.get(action, {}))
    assert incident["handling_party"] == "sanitation-1"
    incident = acted(client, incident["id"], "verify_fail", headers=checker, reason="未清理")
    assert (incident["state"], incident["rework_count"]) == ("assigned", 1)
    acted(client, incident["id"], "take")
    acted(client, incident["id"], "resolve", evidence=["photo 9"], note="再次清运")
    ended = acted(client, incident["id"], "verify_pass", headers=checker)
    assert (ended["state"], ended["is_open"], ended["version"]) == ("closed", False, 9)
    lines = client.get(f"{PATH}/{incident['id']}/history").json()["items"]
    assert [line["action"] for line in lines] == [
        "report", "accept", "dispatch", "take", "resolve", "verify_fail", "take", "resolve",
        "verify_pass",
    ]  # fmt: skip
    assert [line["version"] for line in lines] == list(range(1, 10))
    assert (lines[2]["from_state"], lines[2]["to_state"]) == ("accepted", "assigned")
    assert lines[2]["details"] == {"party": "sanitation-1"}
    assert (lines[5]["actor"], lines[5]["reason"]) == ("checker", "未清理")
    assert (lines[5]["counters"], lines[7]["note"]) == ({"rework_count": 1}, "再次清运")
    told = rows(url, "SELECT type, data FROM outbox ORDER BY seq")
    assert len(told) == 9
    assert told[-1]["data"] | {"action": "verify_pass", "previous": "resolved"} == told[-1]["data"]


def test_who_handled_it_cannot_check_it(client: httpx.Client, checker: dict[str, str]) -> None:
    incident = brought_to(client, "resolved", checker)
    assert "verify_pass" not in incident["allowed_actions"]
    own = act(client, incident["id"], "verify_pass")
    assert (own.status_code, own.json()["guard"]) == (409, "not_by_handler")
    assert own.json()["detail"] == "Who handled it cannot check it"
    chinese = act(client, incident["id"], "verify_pass", headers={"Accept-Language": "zh-CN"})
    assert chinese.json()["detail"] == "核查人不能是处置人"
    other = client.get(f"{PATH}/{incident['id']}", headers=checker).json()
    assert "verify_pass" in other["allowed_actions"]
    assert act(client, incident["id"], "verify_pass", headers=checker).status_code == 200


def test_a_party_returns_twice_then_the_street_decides(client: httpx.Client) -> None:
    incident_id = brought_to(client, "assigned", {})["id"]
    for times in (1, 2):
        back = acted(client, incident_id, "return", reason="非本单位职责")
        assert (back["state"], back["returned_count"], back["handling_party"]) == (
            "accepted",
            times,
            None,
        )
        acted(client, incident_id, "dispatch", party=f"party-{times}")
    third = act(client, incident_id, "return", reason="x")
    assert (third.status_code, third.json()["guard"]) == (409, "max_two_returns")
    assert "request_arbitration" in third.json()["allowed_actions"]
    asked = acted(client, incident_id, "request_arbitration", reason="请街道裁定")
    assert (asked["state"], asked["flags"]) == ("assigned", ["arbitration_requested"])
    decided = acted(client, incident_id, "arbitrate", reason="权责清单第三条", party="party-1")
    assert (decided["handling_party"], decided["flags"]) == ("party-1", ["arbitrated"])
    again = act(client, incident_id, "request_arbitration", reason="x")
    assert again.json()["guard"] == "not_arbitrated"


def test_reports_of_residents_must_be_verified_before_they_are_accepted(
    client: httpx.Client,
) -> None:
    incident = reported(client, source="resident")
    assert "accept" not in incident["allowed_actions"]
    refused = act(client, incident["id"], "accept")
    assert refused.json()["guard"] == "verified_when_source_requires"
    acted(client, incident["id"], "send_to_verify")
    assert acted(client, incident["id"], "confirm", evidence=["photo"])["state"] == "accepted"


def test_the_reporter_may_reopen_for_ten_days_and_a_superior_later_too(
    client: httpx.Client, checker: dict[str, str], clock: FrozenClock
) -> None:
    incident_id = brought_to(client, "closed", checker)["id"]
    assert act(client, incident_id, "reopen", headers=checker, reason="x").json()["guard"] == (
        "by_reporter"
    )
    clock.move(days=10)
    again = acted(client, incident_id, "reopen", reason="又出现了")
    assert (again["state"], again["reopened_count"], again["closed_at"]) == ("assigned", 1, None)
    for action in ("take", "resolve"):
        acted(client, incident_id, action, **FIELDS.get(action, {}))
    acted(client, incident_id, "verify_pass", headers=checker)
    clock.move(days=10, seconds=1)
    late = act(client, incident_id, "reopen", reason="x")
    assert (late.status_code, late.json()["guard"]) == (409, "within_reopen_window")
    ordered = acted(client, incident_id, "reopen_by_order", reason="督办")
    assert (ordered["state"], ordered["reopened_count"]) == ("assigned", 2)


def test_an_incident_handled_by_oneself_needs_a_party_when_it_comes_back(
    client: httpx.Client, checker: dict[str, str]
) -> None:
    incident_id = brought_to(client, "accepted", checker)["id"]
    acted(client, incident_id, "self_handle", evidence=["photo"])
    missing = act(client, incident_id, "verify_fail", headers=checker, reason="x")
    assert (missing.status_code, missing.json()["code"]) == (422, "transition.invalid")
    assert missing.json()["errors"][0]["pointer"] == "/party"
    back = acted(
        client, incident_id, "verify_fail", headers=checker, reason="x", party="sanitation-1"
    )
    assert (back["state"], back["handling_party"]) == ("assigned", "sanitation-1")


def test_an_extension_is_asked_for_and_granted_once(client: httpx.Client) -> None:
    incident_id = brought_to(client, "in_progress", {})["id"]
    asked = acted(client, incident_id, "request_extension", **FIELDS["request_extension"])
    assert asked["flags"] == ["extension_requested"]
    granted = acted(client, incident_id, "extend", **FIELDS["extend"])
    assert (granted["extended_until"], granted["flags"], granted["extended_count"]) == (
        "2026-03-20T00:00:00Z",
        [],
        1,
    )
    acted(client, incident_id, "request_extension", **FIELDS["request_extension"])
    second = act(client, incident_id, "extend", **FIELDS["extend"])
    assert second.json()["guard"] == "max_extensions"
    assert acted(client, incident_id, "refuse_request", reason="已延期一次")["flags"] == []


def test_a_suspension_ends_and_has_a_longest_length(
    client: httpx.Client, clock: FrozenClock
) -> None:
    incident_id = brought_to(client, "in_progress", {})["id"]
    acted(client, incident_id, "request_suspension", **FIELDS["request_suspension"])
    far = act(client, incident_id, "suspend", approval="同意", until="2027-01-01T00:00:00Z")
    assert far.json()["guard"] == "within_suspension_limit"
    past = act(client, incident_id, "suspend", approval="同意", until="2026-01-01T00:00:00Z")
    assert (past.status_code, past.json()["errors"][0]["code"]) == (422, "field.past")
    halted = acted(client, incident_id, "suspend", **FIELDS["suspend"])
    assert (halted["state"], halted["suspended_until"]) == ("suspended", "2026-04-20T00:00:00Z")
    clock.move(days=3)
    back = acted(client, incident_id, "resume")
    assert (back["state"], back["suspended_until"]) == ("in_progress", None)


def test_urging_too_often_is_refused(client: httpx.Client, clock: FrozenClock) -> None:
    incident_id = reported(client)["id"]
    assert acted(client, incident_id, "urge")["urged_count"] == 1
    assert act(client, incident_id, "urge").json()["guard"] == "urge_interval_passed"
    clock.move(hours=4)
    assert acted(client, incident_id, "urge")["urged_count"] == 2


def test_a_merge_needs_an_open_master_that_is_another_and_visible(
    client: httpx.Client, checker: dict[str, str]
) -> None:
    incident = reported(client)
    ended = brought_to(client, "rejected", checker)
    for master in (incident["id"], ended["id"], "01990000-0000-7000-8000-000000000000"):
        answer = act(client, incident["id"], "merge", master_id=master)
        assert (answer.status_code, answer.json()["guard"]) == (409, "master_is_open")
    master = reported(client)
    merged = acted(client, incident["id"], "merge", master_id=master["id"])
    assert (merged["state"], merged["master_id"]) == ("merged", master["id"])
    line = client.get(f"{PATH}/{master['id']}/history").json()["items"][-1]
    assert (line["action"], line["details"]) == ("absorb", {"incident_id": incident["id"]})


def test_an_action_needs_its_fields_and_takes_no_others(client: httpx.Client) -> None:
    incident_id = reported(client)["id"]
    bare = act(client, incident_id, "reject")
    assert (bare.status_code, bare.json()["errors"]) == (
        422,
        [{"pointer": "/reason", "code": "field.missing", "detail": "This field is required."}],
    )
    more = act(client, incident_id, "accept", party="sanitation-1")
    assert more.json()["errors"][0]["code"] == "field.not_taken"
    word = act(client, incident_id, "explode")
    assert (word.status_code, word.json()["errors"][0]["pointer"]) == (422, "/action")
    assert client.get(f"{PATH}/{incident_id}").json()["version"] == 1


def test_an_action_needs_its_own_scope(client: httpx.Client, caller: Caller) -> None:
    incident_id = reported(client)["id"]
    reader = caller("reader", scopes=["incidents:read"])
    assert client.get(f"{PATH}/{incident_id}", headers=reader).json()["allowed_actions"] == []
    answer = act(client, incident_id, "accept", headers=reader)
    assert (answer.status_code, answer.json()["code"]) == (403, "token.scope_missing")
    assert 'scope="incidents:handle"' in answer.headers["www-authenticate"]


def test_sixteen_who_take_at_once_make_one_winner(client: httpx.Client) -> None:
    incident_id = brought_to(client, "assigned", {})["id"]
    answers: list[httpx.Response] = []
    threads = [
        threading.Thread(target=lambda: answers.append(act(client, incident_id, "take")))
        for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 15
    assert client.get(f"{PATH}/{incident_id}").json()["version"] == 4


def test_if_match_is_honoured_when_it_is_sent(client: httpx.Client) -> None:
    incident_id = reported(client)["id"]
    stale = act(client, incident_id, "accept", headers={"If-Match": '"7"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition.failed")
    fresh = act(client, incident_id, "accept", headers={"If-Match": '"1"'})
    assert (fresh.status_code, fresh.headers["etag"]) == (200, '"2"')


def test_an_action_repeated_with_its_key_is_done_once(client: httpx.Client) -> None:
    incident_id = reported(client)["id"]
    key = {"Idempotency-Key": "accept-0001"}
    first = act(client, incident_id, "accept", headers=key)
    again = act(client, incident_id, "accept", headers=key)
    assert (again.status_code, again.json()) == (200, first.json())


def test_an_unknown_incident_is_not_found(client: httpx.Client) -> None:
    absent = "01990000-0000-7000-8000-000000000000"
    assert act(client, absent, "accept").json()["code"] == "incident.not_found"
    assert client.get(f"{PATH}/{absent}").status_code == 404
    assert client.get(f"{PATH}/{absent}/history").status_code == 404
    assert client.get(f"{PATH}/nonsense").status_code == 422
