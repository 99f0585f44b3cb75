"""Nothing outside the caller's areas can be read, listed, counted, made or moved."""

from __future__ import annotations

from typing import Any

import pytest

from tests.grid_partition.maps import FIRST, SECOND, a_road, spot
from tests.grid_partition.service import V1, Service

OTHER = ("630103", "630102003", "630102002009")


def paths_of(service: Service, plan: dict[str, Any]) -> list[str]:
    (barrier,) = service.items("/barriers")
    grid = f"{FIRST}001"
    return [
        f"/plans/{plan['id']}",
        f"/plans/{plan['id']}/communities",
        f"/plans/{plan['id']}/grids",
        f"/plans/{plan['id']}/assignments",
        f"/plans/{plan['id']}/violations",
        f"/plans/{plan['id']}/changes",
        f"/plans/{plan['id']}/events",
        f"/grids/{grid}",
        f"/grids/{grid}/buildings",
        f"/barriers/{barrier['id']}",
    ]


@pytest.fixture
def plan(service: Service) -> dict[str, Any]:
    service.import_barriers([a_road()])
    return service.in_force()


def test_what_lies_outside_looks_absent_everywhere(service: Service, plan: dict[str, Any]) -> None:
    for area in OTHER:
        caller = service.seen_by(area)
        for path in paths_of(service, plan):
            answer = service.client.get(V1 + path, headers=caller)
            assert answer.status_code == 404, (area, path, answer.text)
            assert plan["id"] not in answer.text.replace(str(answer.request.url), "").replace(
                answer.json().get("instance", ""), ""
            )


def test_lists_and_counts_hold_only_what_the_caller_may_see(
    service: Service, plan: dict[str, Any]
) -> None:
    outside = service.seen_by("630103")
    for path in ("/plans", "/grids", "/barriers"):
        page = service.get(path, params={"count": "true"}, headers=outside)
        assert (page["items"], page["count"]) == ([], 0)
    street = service.seen_by(FIRST)
    assert {grid["community_code"] for grid in service.items("/grids", headers=street)} == {FIRST}
    everything = {**street, "Accept": "application/x-ndjson"}
    streamed = service.client.get(f"{V1}/grids", headers=everything).text
    assert streamed.count("\n") == 3
    assert SECOND not in streamed
    # A plan of the district is wider than the community's own area: invisible as a whole.
    assert service.items("/plans", headers=street) == []
    del plan


def test_changes_from_outside_are_refused_and_change_nothing(
    service: Service, plan: dict[str, Any]
) -> None:
    outside = service.seen_by("630103")
    grid = f"{V1}/grids/{FIRST}001"
    (barrier,) = service.items("/barriers")
    any_version = {"If-Match": "*"}
    tries = [
        service.client.patch(grid, json={"name": "x"}, headers=outside | any_version),
        service.client.delete(f"{V1}/barriers/{barrier['id']}", headers=outside | any_version),
        service.act(plan, "withdraw", headers=outside),
        service.client.post(
            f"{V1}/plans", json={"kind": "division", "area": FIRST}, headers=outside
        ),
        service.client.post(
            f"{V1}/rule-sets", json={"name": "x", "area": "630102"}, headers=outside
        ),
    ]
    assert [answer.status_code for answer in tries] == [404] * 5
    assert service.get(f"/grids/{FIRST}001")["version"] == 1
    assert service.items("/barriers") == [barrier]


def test_a_running_plan_elsewhere_is_not_named(service: Service) -> None:
    running = service.plan("630102")
    refused = service.client.post(
        f"{V1}/plans",
        json={"kind": "division", "area": FIRST},
        headers=service.seen_by(FIRST),
    )
    assert refused.json()["code"] == "plan.already_running"
    assert running["id"] not in refused.text


def test_points_in_grids_of_others_are_in_no_grid(service: Service, plan: dict[str, Any]) -> None:
    lon, lat = spot(100, 100)
    asked = {"lon": str(lon), "lat": str(lat)}
    assert service.get("/locate", params=asked)["grid_code"].startswith(FIRST)
    neighbour = service.get("/locate", params=asked, headers=service.seen_by(SECOND))
    assert neighbour["grid_code"] is None
    assert neighbour["nearest"]["grid_code"].startswith(SECOND)
    stranger = service.get("/locate", params=asked, headers=service.seen_by("630103"))
    assert (stranger["grid_code"], stranger["nearest"]) == (None, None)
    del plan


def test_rows_outside_cannot_be_imported(service: Service) -> None:
    service.client.headers.update(service.seen_by("630103"))
    job = service.import_barriers([a_road()], area="630102")
    assert (job["state"], job["counts"]["created"], job["counts"]["refused"]) == ("failed", 0, 1)


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/plans", "partition:read"),
        ("GET", "/grids", "partition:read"),
        ("GET", "/locate?lon=1&lat=1", "partition:read"),
        ("GET", "/rule-sets", "partition:read"),
        ("GET", "/barriers", "partition:read"),
        ("POST", "/plans", "partition:propose"),
        ("POST", "/rule-sets", "partition:propose"),
    ],
)
def test_every_door_needs_its_scope(service: Service, method: str, path: str, scope: str) -> None:
    bare = service.seen_by("*", scopes=["registry:read"])
    body = (
        {"kind": "division", "area": "630102"} if path == "/plans" else {"name": "x", "area": "*"}
    )
    options = {"json": body} if method == "POST" else {}
    answer = service.client.request(method, V1 + path, headers=bare, **options)
    assert answer.status_code == 403
    assert f'scope="{scope}"' in answer.headers["www-authenticate"]
    nobody = service.client.request(method, V1 + path, headers={"Authorization": ""}, **options)
    assert nobody.status_code == 401
