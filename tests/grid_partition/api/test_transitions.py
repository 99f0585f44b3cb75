"""From computed to force: who may do what, what must be told, and when it switches."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.grid_partition.maps import FIRST, SECOND, a_place, fill
from tests.grid_partition.service import V1, Service

PROPOSE = ["partition:read", "partition:propose"]
REVIEW = ["partition:read", "partition:review"]
PUBLISH = ["partition:read", "partition:publish"]


def test_a_plan_goes_into_force_by_its_three_hands(service: Service) -> None:
    plan = service.computed(effective_date="2026-03-01")
    steps = [("submit", PROPOSE), ("approve", REVIEW), ("publish", PUBLISH)]
    for action, scopes in steps:
        caller = service.seen_by("630102", scopes=scopes)
        seen = service.get(f"/plans/{plan['id']}", headers=caller)
        assert action in seen["allowed_actions"]
        assert service.act(plan, action, headers=caller).status_code == 200
    done = service.get(f"/plans/{plan['id']}")
    assert done["state"] == "in_force"
    assert [note["action"] for note in done["notes"]] == [
        "create", "compute", "submit", "approve", "publish",
    ]  # fmt: skip
    assert len(service.items("/grids")) == 6


@pytest.mark.parametrize(
    ("action", "scopes", "missing"),
    [
        ("submit", REVIEW, "partition:propose"),
        ("withdraw", PUBLISH, "partition:propose"),
        ("submit", ["partition:read"], "partition:propose"),
    ],
)
def test_an_action_needs_its_scope(
    service: Service, action: str, scopes: list[str], missing: str
) -> None:
    plan = service.computed()
    caller = service.seen_by("*", scopes=scopes)
    refused = service.act(plan, action, headers=caller)
    assert (refused.status_code, refused.json()["code"]) == (403, "token.scope_missing")
    assert f'scope="{missing}"' in refused.headers["www-authenticate"]
    assert service.get(f"/plans/{plan['id']}", headers=caller)["allowed_actions"] == []
    assert service.get(f"/plans/{plan['id']}")["state"] == "computed"


@pytest.mark.parametrize("action", ["approve", "reject", "publish", "cancel"])
def test_an_action_of_another_state_is_refused_by_name(service: Service, action: str) -> None:
    refused = service.act(service.computed(FIRST), action)
    assert (refused.status_code, refused.json()["code"]) == (409, "transition.refused")
    assert refused.json()["state"] == "computed"
    assert refused.json()["allowed_actions"] == ["submit", "withdraw"]


def test_submit_needs_every_violation_acknowledged(service: Service) -> None:
    service.registry.put_building(FIRST, "lost", households=30)
    fill(service.registry, [a_place("630102003001", columns=2, rows=2, households=60)])
    plan = service.computed()
    refused = service.act(plan, "submit")
    assert (refused.status_code, refused.json()["code"]) == (409, "plan.violations_open")
    open_ones = refused.json()["violations"]
    assert {row["code"] for row in open_ones} == {"missing_location", "too_few_households"}
    first = {"violation_id": open_ones[0]["id"], "reason": "measured next month"}
    still = service.act(plan, "submit", acknowledgements=[first])
    assert [row["id"] for row in still.json()["violations"]] == [open_ones[1]["id"]]
    both = service.acknowledge_all(plan)
    assert service.act(plan, "submit", acknowledgements=both).json()["state"] == "submitted"
    kept = service.items(f"/plans/{plan['id']}/violations")
    assert all(row["acknowledgement"]["reason"] == "known to the street" for row in kept)


def test_an_acknowledgement_of_nothing_is_refused(service: Service) -> None:
    plan = service.computed(FIRST)
    strange = [{"violation_id": str(uuid4()), "reason": "x"}]
    refused = service.act(plan, "submit", acknowledgements=strange)
    assert (refused.status_code, refused.json()["code"]) == (422, "plan.violation_unknown")
    assert refused.json()["errors"][0]["pointer"] == "/acknowledgements/0/violation_id"
    misplaced = service.act(plan, "withdraw", acknowledgements=strange)
    assert (misplaced.status_code, misplaced.json()["code"]) == (422, "request.invalid")


def test_a_register_that_changed_since_stops_the_submission(service: Service) -> None:
    plan = service.computed()
    service.registry.put_building(SECOND, "new", households=3, geometry=None)
    fill(service.registry, [a_place("630102003001")])
    refused = service.act(plan, "submit")
    assert (refused.status_code, refused.json()["code"]) == (409, "plan.registry_changed")
    assert refused.json()["communities"] == [SECOND, "630102003001"]


def test_without_the_registry_nothing_is_submitted(service: Service) -> None:
    plan = service.computed()
    service.registry.is_down = True
    refused = service.act(plan, "submit")
    assert (refused.status_code, refused.json()["code"]) == (503, "peer.unavailable")
    assert service.get(f"/plans/{plan['id']}")["state"] == "computed"


def test_a_plan_without_a_date_is_publicised_and_switches_by_itself_once(service: Service) -> None:
    plan = service.in_force(effective_date=None)
    assert plan["state"] == "publicised"
    assert plan["switches_on"] == "2026-03-09"
    service.work()
    assert service.items("/grids") == []
    service.clock.move(days=6, hours=14, minutes=59)
    service.work()
    assert service.get(f"/plans/{plan['id']}")["state"] == "publicised"
    service.clock.move(minutes=2)
    service.work()
    service.work()
    done = service.get(f"/plans/{plan['id']}")
    assert done["state"] == "in_force"
    assert [note["action"] for note in done["notes"]].count("switch") == 1
    assert {grid["version"] for grid in service.items("/grids")} == {1}


def test_rules_without_publicity_switch_at_once(service: Service) -> None:
    made = service.client.post(
        f"{V1}/rule-sets",
        json={"name": "swift", "area": "630102", "rules": {"publicity_days": 0}},
    )
    assert made.status_code == 201
    assert service.in_force(effective_date=None, rule_set="swift")["state"] == "in_force"


def test_a_date_to_come_is_waited_for_even_without_publicity(service: Service) -> None:
    service.client.post(
        f"{V1}/rule-sets",
        json={"name": "swift", "area": "*", "rules": {"publicity_days": 0}},
    )
    plan = service.in_force(effective_date="2026-05-01", rule_set="swift")
    assert (plan["state"], plan["switches_on"]) == ("publicised", "2026-05-01")


def test_a_publicised_plan_can_be_stopped_by_who_published_it(service: Service) -> None:
    plan = service.in_force(effective_date=None)
    street = service.seen_by("630102", scopes=PROPOSE)
    assert service.act(plan, "withdraw", headers=street).status_code == 403
    assert service.act(plan, "withdraw").json()["state"] == "withdrawn"
    service.clock.move(days=30)
    service.work()
    assert service.items("/grids") == []


def test_a_new_plan_takes_the_place_of_the_old(service: Service) -> None:
    first = service.in_force()
    before = service.items("/grids")
    service.clock.move(hours=1)
    second = service.in_force(seed=2)
    after = service.items("/grids")
    assert service.get(f"/plans/{first['id']}")["state"] == "superseded"
    assert {grid["plan_id"] for grid in after} == {second["id"]}
    assert {grid["version"] for grid in after} == {2}
    assert len({grid["code"] for grid in after}) == len(after)
    old = service.items("/grids", params={"as_of": before[0]["valid_from"]})
    assert [(g["code"], g["plan_id"]) for g in old] == [(g["code"], first["id"]) for g in before]


def test_a_plan_of_one_community_leaves_its_neighbours_alone(service: Service) -> None:
    first = service.in_force()
    service.clock.move(hours=1)
    second = service.in_force(FIRST, seed=3)
    by_community = {grid["community_code"]: grid["plan_id"] for grid in service.items("/grids")}
    assert by_community == {FIRST: second["id"], SECOND: first["id"]}
    assert service.get(f"/plans/{first['id']}")["state"] == "in_force"
    service.clock.move(hours=1)
    service.in_force(SECOND)
    assert service.get(f"/plans/{first['id']}")["state"] == "superseded"


def test_a_plan_on_the_grids_in_force_tells_what_it_changes(service: Service) -> None:
    service.in_force()
    service.clock.move(hours=1)
    same = service.computed(base="in_force")
    changes = service.items(f"/plans/{same['id']}/changes")
    assert {change["effect"] for change in changes} == {"kept"}
    assert same["totals"]["moved_households"] == 0
    for number in range(4):
        service.registry.put_building(
            FIRST, f"more-{number}", households=90, point=[101.8001 + number / 1e4, 36.6],
        )  # fmt: skip
    service.act(same, "withdraw")
    grown = service.computed(base="in_force")
    flows = service.items(f"/plans/{grown['id']}/changes", params={"community": FIRST})
    assert sum(flow["households"] for flow in flows) == 1200
    assert {flow["new_code"][:12] for flow in flows} == {FIRST}


def test_a_plan_from_scratch_has_no_changes_to_tell(service: Service) -> None:
    plan = service.computed(FIRST)
    answer = service.client.get(f"{V1}/plans/{plan['id']}/changes")
    assert (answer.status_code, answer.json()["code"]) == (404, "plan.no_base")


def test_every_step_leaves_an_event_for_other_systems(service: Service, outbox: Any) -> None:
    plan = service.in_force()
    told = [(row["type"], row["area"]) for row in outbox()]
    assert [kind for kind, _ in told] == [
        "partition.plan.computing",
        "partition.plan.computed",
        "partition.plan.submitted",
        "partition.plan.approved",
        "partition.grids.changed",
        "partition.plan.in_force",
    ]
    assert {area for _, area in told} == {"630102"}
    assert plan["id"] in json.dumps([dict(row["data"]) for row in outbox()])


def test_eta_falls_while_communities_are_done(service: Service) -> None:
    service.plan()
    service.clock.move(seconds=timedelta(seconds=1).total_seconds())
    assert service.items("/plans")[0]["progress"]["eta_s"] is None
