from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from rich.cells import cell_len

from gateway.cli import planning
from gateway.cli.door import Door
from gateway.cli.failures import CliFailure
from gateway.cli.planning import PlanWish
from gateway.cli.screen import Screen

AnyDoor = Callable[..., Door]
QUIET = Screen(quiet=True)
VIOLATIONS = [
    {
        "id": "v1",
        "community_code": "990001001001",
        "grid_code": None,
        "code": "no_count_between",
        "detail": "Cannot be shared out.",
        "acknowledgement": None,
    },
    {
        "id": "v2",
        "community_code": "990001001001",
        "grid_code": "990001001001001",
        "code": "building_over_max",
        "detail": "One building is too large.",
        "acknowledgement": {"reason": "known", "by": "x", "at": "2026-01-01T00:00:00Z"},
    },
]
COMMUNITY = {
    "code": "990001001001",
    "name": "康乐路社区",
    "households": 596,
    "grids": 2,
    "feasible": False,
    "metrics": {"cpu_s": 0.25},
}


class Plans:
    """A plan that goes through its states as the service's table says."""

    def __init__(self, states: list[str]) -> None:
        self.states = states
        self.made: list[dict[str, Any]] = []
        self.moves: list[dict[str, Any]] = []

    def plan(self) -> dict[str, Any]:
        state = self.states[0] if len(self.states) == 1 else self.states.pop(0)
        failure = {"code": "plan.registry_away", "detail": "Nobody answered.", "community": None}
        return {
            "id": "p1",
            "area": "990001",
            "state": state,
            "progress": {"done": 1, "total": 1},
            "failure": failure if state == "failed" else None,
        }

    def handle(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if request.method == "GET":
            lists = {"/communities": [COMMUNITY], "/violations": VIOLATIONS}
            for ending, items in lists.items():
                if path.endswith(ending):
                    return httpx.Response(200, json={"items": items, "next_cursor": None})
            return httpx.Response(200, json=self.plan())
        body = json.loads(request.content)
        if path.endswith("/transitions"):
            self.moves.append(body)
            after = {"submit": "submitted", "approve": "approved", "publish": "in_force"}
            self.states = [after[body["action"]]]
            return httpx.Response(200, json=self.plan())
        self.made.append(body)
        return httpx.Response(202, json=self.plan())


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.cli.imports.time.sleep", lambda _: None)


def test_a_plan_is_asked_for_from_today_on_with_what_was_wished(a_door: AnyDoor) -> None:
    service = Plans(["computing"])
    wish = PlanWish("990001", seed=7, rule_set="mine", base="in_force")
    assert planning.make_plan(a_door(service.handle), wish)["id"] == "p1"
    today = datetime.now(UTC).date().isoformat()
    assert service.made == [
        {
            "kind": "division",
            "area": "990001",
            "seed": 7,
            "rule_set": "mine",
            "base": "in_force",
            "effective_date": today,
        }
    ]


def test_a_plan_that_runs_already_is_followed(a_door: AnyDoor) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            problem = {"code": "plan.already_running", "detail": "one runs", "plan": "p0"}
            return httpx.Response(409, json=problem)
        return httpx.Response(200, json={"id": request.url.path.rpartition("/")[2]})

    assert planning.make_plan(a_door(handler), PlanWish("990001")) == {"id": "p0"}


def test_a_plan_that_runs_where_the_caller_may_not_look_is_refused(a_door: AnyDoor) -> None:
    problem = {"code": "plan.already_running", "detail": "one runs"}
    with pytest.raises(CliFailure) as refused:
        planning.make_plan(a_door(lambda _: httpx.Response(409, json=problem)), PlanWish("990001"))
    assert refused.value.code == "plan.already_running"


def test_a_plan_is_followed_until_it_is_computed(a_door: AnyDoor) -> None:
    door = a_door(Plans(["computing", "computing", "computed"]).handle)
    assert planning.follow_plan(door, QUIET, "p1")["state"] == "computed"


def test_a_failed_plan_ends_with_the_services_own_code(a_door: AnyDoor) -> None:
    with pytest.raises(CliFailure) as refused:
        planning.follow_plan(a_door(Plans(["computing", "failed"]).handle), QUIET, "p1")
    assert refused.value.code == "plan.registry_away"
    assert "Nobody answered." in refused.value.detail


def test_publishing_acknowledges_each_open_violation_with_the_reason(a_door: AnyDoor) -> None:
    service = Plans(["computed"])
    door = a_door(service.handle)
    steps = [
        (action, plan["state"]) for action, plan in planning.publish(door, service.plan(), "seen")
    ]
    assert steps == [("submit", "submitted"), ("approve", "approved"), ("publish", "in_force")]
    assert service.moves[0]["acknowledgements"] == [{"violation_id": "v1", "reason": "seen"}]


def test_publishing_goes_on_from_the_step_that_was_reached(a_door: AnyDoor) -> None:
    service = Plans(["approved"])
    steps = [
        action for action, _ in planning.publish(a_door(service.handle), service.plan(), "seen")
    ]
    assert steps == ["publish"]


def test_a_plan_is_shown_with_its_sums_and_a_sentence_for_each_violation(
    capsys: pytest.CaptureFixture[str],
) -> None:
    plan = Plans(["computed"]).plan()
    planning.show_plan(Screen(), plan, [COMMUNITY], VIOLATIONS)
    shown = capsys.readouterr().out
    assert "596 households -> 2 grids in 1 communities; 0 wholly within the rules; 0.25 s" in shown
    assert "990001001001 no_count_between: Cannot be shared out." in shown
    assert "990001001001001 building_over_max: One building is too large." in shown


def test_the_table_of_a_plan_fits_eighty_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    communities = [COMMUNITY | {"code": f"99000100100{n}", "grids": 12} for n in range(3)]
    communities[1] |= {"name": "某某某路东南第一社区", "households": 12596}
    codes = ("population_over_max", "no_count_between", "missing_location")
    violations = [VIOLATIONS[0] | {"code": code} for code in codes]
    planning.show_plan(Screen(), {"id": "p1", "area": "990001"}, communities, violations)
    table = capsys.readouterr().out.split("households ->")[0].splitlines()[:-1]
    assert max(cell_len(line.rstrip()) for line in table) <= 80
    for code in codes:
        assert sum(code in line for line in table) == 1
    assert "12,596" in "".join(table)
