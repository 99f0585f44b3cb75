"""Rule sets: the shipped one, those of an area, and what contradicts itself."""

from __future__ import annotations

from typing import Any

import pytest

from services.grid_partition.domain.rules import shipped_rules
from tests.grid_partition.maps import FIRST, STREET
from tests.grid_partition.service import V1, Service


def make(service: Service, **fields: Any) -> Any:
    return service.client.post(f"{V1}/rule-sets", json={"name": "r", "area": "630102"} | fields)


def test_the_shipped_rules_are_there_after_migration(service: Service) -> None:
    (shipped,) = service.items("/rule-sets")
    assert (shipped["name"], shipped["area"]) == ("default", "*")
    assert shipped["rules"] == shipped_rules()
    assert shipped["rules"]["min_households"] == 300


def test_left_out_rules_are_the_shipped_ones(service: Service) -> None:
    made = make(service, rules={"max_households": 600})
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    assert made.json()["rules"] == shipped_rules() | {"max_households": 600}
    assert service.client.get(made.headers["location"]).json() == made.json()


def test_a_rule_set_changes_by_the_version_that_was_read(service: Service) -> None:
    place = make(service).headers["location"]
    change = {"rules": {"target_households": 350, "barrier_weights": {"wall": 0.5}}}
    assert service.client.patch(place, json=change).status_code == 428
    assert service.client.patch(place, json=change, headers={"If-Match": '"4"'}).status_code == 412
    done = service.client.patch(place, json=change, headers={"If-Match": '"1"'})
    assert (done.status_code, done.headers["etag"]) == (200, '"2"')
    assert done.json()["rules"]["barrier_weights"] == {"wall": 0.5}
    assert done.json()["rules"]["max_households"] == 500


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ({"min_households": 450}, "rule_set.inconsistent"),
        ({"max_households": 350}, "rule_set.inconsistent"),
        ({"min_households": 0}, "request.invalid"),
        ({"min_households": None}, "request.invalid"),
        ({"barrier_weights": {"road": 2}}, "request.invalid"),
        ({"numbering": "spiral"}, "request.invalid"),
        ({"speed": 1}, "request.invalid"),
    ],
)
def test_rules_that_cannot_hold_are_refused(
    service: Service, rules: dict[str, Any], code: str
) -> None:
    refused = make(service, rules=rules)
    assert (refused.status_code, refused.json()["code"]) == (422, code)
    place = make(service).headers["location"]
    answer = service.client.patch(place, json={"rules": rules}, headers={"If-Match": "*"})
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_a_name_stands_once_in_an_area(service: Service) -> None:
    make(service)
    assert make(service).json()["code"] == "rule_set.name_taken"
    assert make(service, area=STREET).status_code == 201


def test_the_nearest_rules_of_a_name_hold(service: Service) -> None:
    make(service, name="default", rules={"publicity_days": 3})
    make(service, name="default", area=STREET, rules={"publicity_days": 1})
    days = []
    for area in (FIRST, "630102"):
        plan = service.plan(area)
        days.append(plan["rules"]["publicity_days"])
        service.act(plan, "cancel")
    assert days == [1, 3]


def test_a_street_reads_the_rules_above_it_and_changes_its_own(service: Service) -> None:
    wider = make(service).headers["location"]
    street = service.seen_by(STREET)
    assert len(service.items("/rule-sets", headers=street)) == 2
    any_version = street | {"If-Match": "*"}
    refused = service.client.patch(wider, json={"rules": {}}, headers=any_version)
    assert (refused.status_code, refused.json()["code"]) == (403, "rule_set.shared")
    own = service.client.post(f"{V1}/rule-sets", json={"name": "r", "area": STREET}, headers=street)
    assert own.status_code == 201
    shared = service.client.post(f"{V1}/rule-sets", json={"name": "r", "area": "*"}, headers=street)
    assert shared.status_code == 403
    neighbour = service.seen_by("630102003")
    hidden = service.client.get(own.headers["location"], headers=neighbour)
    assert (hidden.status_code, hidden.json()["code"]) == (404, "rule_set.not_found")


def test_a_plan_keeps_the_rules_it_was_made_with(service: Service) -> None:
    place = make(service, rules={"publicity_days": 2}).headers["location"]
    plan = service.plan(FIRST, rule_set="r")
    change = {"rules": {"publicity_days": 9}}
    service.client.patch(place, json=change, headers={"If-Match": "*"})
    assert service.get(f"/plans/{plan['id']}")["rules"]["publicity_days"] == 2
