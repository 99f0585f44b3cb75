"""The registry is told which grid holds which building, until it knows."""

from __future__ import annotations

from typing import Any

from tests.fakes.registry import FakeRegistry
from tests.grid_partition.maps import FIRST, SECOND, fill, two_places
from tests.grid_partition.operations.test_worker import sql
from tests.grid_partition.service import Service


def told(registry: FakeRegistry, code: str) -> dict[str, Any]:
    return registry.grids[code]


def calls(registry: FakeRegistry) -> int:
    return sum(method == "PUT" for method, _ in registry.asked)


def test_a_plan_in_force_is_told_building_by_building(
    service: Service, fake_registry: FakeRegistry
) -> None:
    fill(fake_registry, two_places())
    plan = service.in_force()
    service.work()
    for code in (FIRST, SECOND):
        assert told(fake_registry, code)["plan"] == plan["id"]
        assigned = {
            (row["grid_code"], row["building_id"])
            for row in service.items(f"/plans/{plan['id']}/assignments")
            if row["community_code"] == code
        }
        shares = told(fake_registry, code)["shares"]
        assert {(share["grid_code"], share["building_id"]) for share in shares} == assigned
        assert all(share["grid_code"].startswith(code) for share in shares)
    before = calls(fake_registry)
    service.work()
    assert calls(fake_registry) == before


def test_an_absent_registry_is_told_when_it_is_back(
    service: Service, fake_registry: FakeRegistry
) -> None:
    fill(fake_registry, two_places())
    plan = service.in_force()
    fake_registry.is_down = True
    service.work()
    assert fake_registry.grids == {}
    fake_registry.is_down = False
    service.work()
    # The one that was tried rests, the other had not been tried.
    assert set(fake_registry.grids) == {SECOND}
    sql(service, "UPDATE grids_told SET tried_at = tried_at - interval '1 hour'")
    service.work()
    assert {told(fake_registry, code)["plan"] for code in (FIRST, SECOND)} == {plan["id"]}


def test_a_new_plan_is_told_anew_and_grids_that_are_gone_too(
    service: Service, fake_registry: FakeRegistry
) -> None:
    fill(fake_registry, two_places())
    service.in_force()
    service.work()
    second = service.in_force()
    sql(service, "UPDATE grids_told SET tried_at = tried_at - interval '1 hour'")
    service.work()
    assert told(fake_registry, FIRST)["plan"] == second["id"]
    sql(service, f"UPDATE grids SET valid_to = valid_from WHERE community_code = '{FIRST}'")
    sql(service, "UPDATE grids_told SET tried_at = tried_at - interval '1 hour'")
    service.work()
    assert told(fake_registry, FIRST) == {"plan": None, "shares": []}
    assert told(fake_registry, SECOND)["plan"] == second["id"]


def test_a_community_that_the_registry_knows_no_more_is_left(
    service: Service, fake_registry: FakeRegistry
) -> None:
    fill(fake_registry, two_places())
    service.in_force()
    fake_registry.forget(FIRST)
    service.work()
    assert set(fake_registry.grids) == {SECOND}
    before = calls(fake_registry)
    sql(service, "UPDATE grids_told SET tried_at = tried_at - interval '1 hour'")
    service.work()
    assert calls(fake_registry) == before
