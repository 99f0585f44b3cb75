"""Long random lives of incidents: whatever is done in whatever order, the books agree."""

from __future__ import annotations

import random
from typing import Any

import httpx
import pytest

from kit.testing.clock import FrozenClock
from tests.incidents.conftest import Caller
from tests.incidents.database import rows
from tests.incidents.partition import FakeGridPartition
from tests.incidents.reports import FIELDS, GRID, HERE, PATH, act, reported

STEPS = 40
ENDED = {"closed", "rejected", "merged", "withdrawn"}


@pytest.fixture(autouse=True)
def _one_grid(grids: FakeGridPartition) -> None:
    grids.cover(GRID, at=HERE)


def walk(
    client: httpx.Client, chance: random.Random, clock: FrozenClock, callers: list[dict[str, str]]
) -> dict[str, Any]:
    """Take actions that the service itself offers, until none is left or the steps are used up."""
    incident = reported(client)
    for _ in range(STEPS):
        clock.move(hours=chance.choice([0, 1, 5]))
        headers = chance.choice(callers)
        incident = client.get(f"{PATH}/{incident['id']}", headers=headers).json()
        offered = [action for action in incident["allowed_actions"] if action != "merge"]
        if not offered:
            continue
        action = chance.choice(offered)
        fields = dict(FIELDS.get(action, {}))
        if "until" in fields:
            fields["until"] = clock.now().replace(year=2027).isoformat()
            if action == "suspend":
                continue
        if action in {"verify_fail", "reopen", "reopen_by_order"}:
            fields["party"] = "sanitation-1"
        answer = act(client, incident["id"], action, headers=headers, **fields)
        assert answer.status_code == 200, (incident["state"], action, answer.text)
        incident = answer.json()
    return incident


@pytest.mark.parametrize("seed", range(4))
def test_an_offered_action_is_always_possible_and_every_step_is_written_down(
    client: httpx.Client, caller: Caller, clock: FrozenClock, url: str, seed: int
) -> None:
    callers = [caller("test-client"), caller("checker"), caller("street")]
    incident = walk(client, random.Random(seed), clock, callers)
    lines = client.get(f"{PATH}/{incident['id']}/history", params={"limit": 1000}).json()["items"]
    assert [line["version"] for line in lines] == list(range(1, incident["version"] + 1))
    states = [line["to_state"] for line in lines]
    assert [line["from_state"] for line in lines] == [None, *states[:-1]]
    assert states[-1] == incident["state"]
    assert incident["is_open"] is (incident["state"] not in ENDED)
    for counter, action in (
        ("returned_count", "return"),
        ("rework_count", "verify_fail"),
        ("urged_count", "urge"),
        ("escalated_level", "escalate"),
        ("extended_count", "extend"),
    ):
        assert incident[counter] == [line["action"] for line in lines].count(action)
    told = rows(url, "SELECT data FROM outbox WHERE subject = $1 ORDER BY seq", incident["id"])
    assert [event["data"]["state"] for event in told] == states
    assert incident["returned_count"] <= 2
    checks = [line for line in lines if line["action"] == "verify_pass"]
    handled = {line["actor"] for line in lines if line["to_state"] == "resolved"}
    assert len(handled) > 1 or all(line["actor"] not in handled for line in checks)
