"""The life of a plan, as a table: every state, every action, every scope."""

from __future__ import annotations

from datetime import date
from itertools import product

import pytest

from kit.errors import TransitionRefused
from services.grid_partition.domain.lifecycle import (
    ACTIONS,
    PROPOSE,
    PUBLISH,
    REVIEW,
    STATES,
    TRANSITIONS,
    Action,
    State,
    advance,
    after_publication,
    allowed_actions,
    switch_day,
)

LIFE: dict[tuple[str, str], tuple[str, str]] = {
    ("computing", "cancel"): ("cancelled", PROPOSE),
    ("computed", "submit"): ("submitted", PROPOSE),
    ("computed", "withdraw"): ("withdrawn", PROPOSE),
    ("submitted", "withdraw"): ("withdrawn", PROPOSE),
    ("submitted", "approve"): ("approved", REVIEW),
    ("submitted", "reject"): ("rejected", REVIEW),
    ("approved", "publish"): ("publicised", PUBLISH),
    ("approved", "withdraw"): ("withdrawn", PROPOSE),
    ("publicised", "withdraw"): ("withdrawn", PUBLISH),
}


@pytest.mark.parametrize(("state", "action"), list(product(STATES, ACTIONS)))
def test_every_state_knows_its_actions_and_refuses_the_others(state: State, action: Action) -> None:
    if (state, action) in LIFE:
        step = advance(state, action)
        assert (step.to, step.scope) == LIFE[state, action]
        return
    with pytest.raises(TransitionRefused) as refused:
        advance(state, action)
    told = refused.value.extra
    assert told["state"] == state
    assert told["allowed_actions"] == [known for at, known in LIFE if at == state]
    assert state in refused.value.render_detail("en")
    assert state in refused.value.render_detail("zh-CN")


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("scopes", [(), (PROPOSE,), (REVIEW,), (PUBLISH,), (PROPOSE, PUBLISH)])
def test_a_caller_is_offered_what_its_scopes_allow(state: State, scopes: tuple[str, ...]) -> None:
    wanted = [act for (at, act), (_, scope) in LIFE.items() if at == state and scope in scopes]
    assert allowed_actions(state, scopes) == wanted


def test_ended_plans_stay_ended() -> None:
    ended = {"superseded", "failed", "cancelled", "rejected", "withdrawn", "in_force"}
    assert ended.isdisjoint(state for state, _ in TRANSITIONS)


@pytest.mark.parametrize(
    ("effective", "days", "wanted"),
    [
        (None, 7, date(2026, 3, 9)),
        (None, 0, date(2026, 3, 2)),
        (date(2026, 3, 1), 7, date(2026, 3, 1)),
        (date(2026, 5, 1), 0, date(2026, 5, 1)),
    ],
)
def test_the_day_of_the_switch(effective: date | None, days: int, wanted: date) -> None:
    day = switch_day(effective, publicity_days=days, published_on=date(2026, 3, 2))
    assert day == wanted


def test_a_day_that_has_come_switches_at_once() -> None:
    today = date(2026, 3, 2)
    assert after_publication(today, today) == "in_force"
    assert after_publication(date(2026, 3, 3), today) == "publicised"
