"""What an action changes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kit.auth import SCOPES
from kit.errors import TransitionRefused
from services.incidents.app import PACKAGE_DIR
from services.incidents.domain.guards import Actor, Case, Given, Question
from services.incidents.domain.lifecycle import read_lifecycle
from services.incidents.domain.moves import allowed_actions, changes_of, check_move
from services.incidents.domain.problems import ActionInvalid

LIFECYCLE = read_lifecycle(
    json.loads((PACKAGE_DIR / "data" / "transitions.json").read_text(encoding="utf-8"))
)
NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
ACTOR = Actor("street-app")


def asked(case: Case, **given: Any) -> Question:
    return Question(case, ACTOR, NOW, LIFECYCLE.parameters, Given(**given))


def a_case(state: str, **fields: Any) -> Case:
    return Case(**({"state": state, "source": "member", "reported_by": "rider"} | fields))


def changes(action: str, case: Case, **given: Any) -> dict[str, Any]:
    step = LIFECYCLE.transitions[action]
    question = asked(case, **given)
    check_move(LIFECYCLE, step, question, frozenset(SCOPES))
    return changes_of(LIFECYCLE, step, question)


def test_resolving_notes_who_did_it_and_when() -> None:
    found = changes("resolve", a_case("in_progress"), evidence=("photo",))
    assert found["state"] == "resolved"
    assert (found["resolved_by"], found["resolved_at"]) == ("street-app", NOW)
    assert found["is_open"] is True


def test_closing_ends_it_and_frees_its_dedup_key() -> None:
    found = changes("verify_pass", a_case("resolved", resolved_by="party"))
    assert (found["state"], found["is_open"], found["closed_at"]) == ("closed", False, NOW)
    assert found["dedup_claim"] is None


def test_an_action_that_stays_touches_only_what_it_counts() -> None:
    found = changes("urge", a_case("assigned", counters={"urged_count": 2}))
    assert found == {"state": "assigned", "is_open": True, "urged_count": 3, "urged_at": NOW}


def test_flags_are_raised_and_lowered() -> None:
    case = a_case("assigned", flags=frozenset({"arbitration_requested", "overdue"}))
    found = changes("arbitrate", case, party="gas", reason="x")
    assert found["flags"] == ["arbitrated", "overdue"]
    assert found["handling_party"] == "gas"


@pytest.mark.parametrize(
    ("action", "link"), [("start_mediation", "dispute_id"), ("hand_to_police", "handoff_id")]
)
def test_what_it_hangs_on_is_kept(action: str, link: str) -> None:
    assert changes(action, a_case("in_progress"), **{link: "D-1"})["linked_id"] == "D-1"


def test_a_time_in_the_past_is_refused() -> None:
    case = a_case("in_progress")
    with pytest.raises(ActionInvalid) as refusal:
        changes("request_extension", case, reason="x", until=NOW - timedelta(seconds=1))
    assert [error.pointer for error in refusal.value.errors] == ["/until"]


def test_a_refusal_lists_what_the_actor_may_do() -> None:
    with pytest.raises(TransitionRefused) as refusal:
        changes("verify_pass", a_case("reported"))
    allowed = refusal.value.extra["allowed_actions"]
    assert allowed == allowed_actions(LIFECYCLE, a_case("reported"), ACTOR, frozenset(SCOPES), NOW)
    assert allowed == ["send_to_verify", "accept", "reject", "merge", "urge", "escalate"]


def test_a_caller_without_scopes_may_do_nothing() -> None:
    assert allowed_actions(LIFECYCLE, a_case("reported"), ACTOR, frozenset(), NOW) == []
