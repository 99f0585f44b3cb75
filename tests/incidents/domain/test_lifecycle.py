"""The table of the life of an incident, and what it refuses to be."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from kit.auth import SCOPES
from services.incidents.app import PACKAGE_DIR
from services.incidents.domain.guards import GUARDS
from services.incidents.domain.lifecycle import Lifecycle, read_lifecycle

TABLE: dict[str, Any] = json.loads(
    (PACKAGE_DIR / "data" / "transitions.json").read_text(encoding="utf-8")
)


@pytest.fixture
def lifecycle() -> Lifecycle:
    return read_lifecycle(TABLE)


def test_the_shipped_table_is_whole(lifecycle: Lifecycle) -> None:
    assert lifecycle.initial == "reported"
    assert {step.scope for step in lifecycle.transitions.values()} <= set(SCOPES)
    assert set(lifecycle.guard_texts) == set(GUARDS)


def test_every_state_can_be_reached_and_every_open_one_left(lifecycle: Lifecycle) -> None:
    reached = {lifecycle.initial}
    while True:
        further = {
            step.target
            for state in reached
            for step in lifecycle.actions_from(state)
            if step.target is not None
        }
        if further <= reached:
            break
        reached |= further
    assert reached == set(lifecycle.states)
    for state in lifecycle.states.values():
        leaves = any(step.target for step in lifecycle.actions_from(state.code))
        assert leaves != state.is_terminal, state.code


def test_what_has_ended_is_closed_to_the_public_view(lifecycle: Lifecycle) -> None:
    closed = {code for code in lifecycle.states if not lifecycle.is_open(code)}
    assert closed == {"closed", "rejected", "merged", "withdrawn"}


def _drop_state(table: dict[str, Any]) -> None:
    table["states"] = [state for state in table["states"] if state["code"] != "suspended"]


def _twice(table: dict[str, Any]) -> None:
    table["actions"].append(table["actions"][0])


def _change(name: str, value: object) -> Callable[[dict[str, Any]], None]:
    def change(table: dict[str, Any]) -> None:
        table["actions"][0][name] = value

    return change


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_drop_state, "unknown state: suspended"),
        (_twice, "stands twice"),
        (_change("to", "nirvana"), "unknown state: nirvana"),
        (_change("guards", ["by_magic"]), "unknown guard: by_magic"),
        (_change("needs", ["blood"]), "unknown need: blood"),
        (_change("counters", ["lost_count"]), "unknown counter: lost_count"),
        (_change("sets", {"lucky": True}), "unknown flag: lucky"),
        (_change("from", ["merged"]), "a terminal state is left by send_to_verify"),
    ],
)
def test_a_table_with_a_defect_stops_the_start_by_name(
    spoil: Callable[[dict[str, Any]], None], message: str
) -> None:
    table = copy.deepcopy(TABLE)
    spoil(table)
    with pytest.raises(ValueError, match=message):
        read_lifecycle(table)
