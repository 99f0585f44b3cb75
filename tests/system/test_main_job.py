"""Households become grids and a report finds its grid, through every process."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyproj
import pytest
import shapely
from shapely.geometry import shape

from gateway.cli.door import Door
from infra.deployment import Deployment
from tests.system.small_case import Town, write_town

ROOT = Path(__file__).parents[2]
TOWN = Town("970001")


@pytest.fixture(scope="module")
def loaded(jingwei: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    folder = write_town(tmp_path_factory.mktemp("town"), TOWN)
    return folder, jingwei.answer("load", folder)


@pytest.fixture(scope="module")
def planned(jingwei: Any, loaded: tuple[Path, Any]) -> Any:
    del loaded
    return jingwei.answer("plan", "--area", TOWN.district, "--publish")


@pytest.fixture(scope="module")
def grids(door: Door, planned: Any) -> list[Any]:
    plan = planned["plan"]["id"]
    return list(door.pages(f"/partition/v1/plans/{plan}/grids"))


def counts(loaded: Any, name: str) -> dict[str, int]:
    return {row["layer"]: row["counts"][name] for row in loaded["imports"]}


def test_a_case_is_loaded_and_loading_it_again_changes_nothing(
    jingwei: Any, loaded: tuple[Path, Any]
) -> None:
    folder, first = loaded
    again = jingwei.answer("load", folder)
    assert counts(first, "created") == {
        "divisions": 2,
        "communities": TOWN.communities,
        "buildings": TOWN.communities * TOWN.buildings,
        "barriers": TOWN.communities,
    }
    assert set(counts(again, "created").values()) == {0}
    assert set(counts(again, "updated").values()) == {0}


def test_every_household_is_in_a_grid_of_300_to_500(planned: Any, grids: list[Any]) -> None:
    expected = TOWN.communities * TOWN.buildings * TOWN.households
    assert planned["plan"]["state"] == "in_force"
    assert all(row["feasible"] for row in planned["communities"])
    assert sum(grid["households"] for grid in grids) == expected
    assert all(300 <= grid["households"] <= 500 for grid in grids)


def test_every_building_is_in_exactly_one_grid(door: Door, planned: Any) -> None:
    plan = planned["plan"]["id"]
    rows = list(door.pages(f"/partition/v1/plans/{plan}/assignments"))
    per_building = Counter(row["source_id"] for row in rows)
    assert len(per_building) == TOWN.communities * TOWN.buildings
    assert set(per_building.values()) == {1}


def in_metres(degrees: Any) -> Any:
    """Project as the engine does: what is straight between two corners is straight there."""
    plane = pyproj.Proj(proj="tmerc", lat_0=0, lon_0=102, x_0=500_000, ellps="GRS80")
    return shapely.transform(
        degrees, lambda points: np.column_stack(plane(points[:, 0], points[:, 1]))
    )


def test_grids_tile_their_community(grids: list[Any]) -> None:
    for number in range(TOWN.communities):
        own = [g["geometry"] for g in grids if g["community_code"] == TOWN.code(number)]
        parts = [in_metres(shape(geometry)) for geometry in own]
        west, south = TOWN.corner(number)
        whole = in_metres(shapely.box(west, south, west + 0.006, south + 0.006))
        together = shapely.union_all(parts)
        assert all(part.is_valid for part in parts)
        assert together.geom_type == "Polygon"
        assert len(together.interiors) == 0
        assert sum(part.area for part in parts) - together.area < 1e-3
        # The outer border is drawn on the engine's lattice of a centimetre.
        assert together.hausdorff_distance(whole) < 0.01


def test_a_point_and_a_report_find_the_grid_of_their_building(
    jingwei: Any, door: Door, planned: Any
) -> None:
    plan = planned["plan"]["id"]
    rows = door.pages(f"/partition/v1/plans/{plan}/assignments")
    grid_of = {row["source_id"]: row["grid_code"] for row in rows}
    for number, building in ((0, 0), (1, 17), (2, 39)):
        lon, lat = TOWN.place(number, building)
        expected = grid_of[TOWN.building_id(number, building)]
        spot = jingwei.answer("locate", lon, lat)
        report = jingwei.answer(
            "report", "--category", "0102", "--lon", lon, "--lat", lat, "--text", "垃圾"
        )
        assert spot["grid_code"] == expected
        assert report["grid_code"] == expected
        assert report["locating"] is False


def test_a_report_while_the_partition_service_is_away_is_located_when_it_is_back(
    system: Deployment,
    jingwei: Any,
    door: Door,
    planned: Any,
    wait_until: Callable[..., Any],
) -> None:
    del planned
    lon, lat = TOWN.place(1, 5)
    expected = jingwei.answer("locate", lon, lat)["grid_code"]
    system.supervisor.pause("partition")
    try:
        report = jingwei.answer("report", "--category", "0102", "--lon", lon, "--lat", lat)
        refused = httpx.get(
            f"{system.addresses.gateway}/partition/v1/locate",
            params={"lon": lon, "lat": lat},
            headers={"Authorization": f"Bearer {door.token()['access_token']}"},
        )
    finally:
        system.supervisor.resume("partition")
    assert (report["grid_code"], report["locating"]) == (None, True)
    assert refused.status_code in {502, 503, 504}
    assert refused.json()["code"].startswith("upstream.")
    path = f"/incidents/v1/incidents/{report['id']}"
    located = wait_until(lambda: (i := door.get(path))["grid_code"] and i)
    assert located["grid_code"] == expected


def test_an_area_without_households_has_its_named_refusal(jingwei: Any) -> None:
    result = jingwei.run("plan", "--area", "111111", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stderr)["code"] == "plan.area_empty"


def test_a_second_plan_while_one_runs_is_followed_not_doubled(
    system: Deployment, door: Door, loaded: tuple[Path, Any], jingwei: Any
) -> None:
    del loaded
    system.supervisor.pause("worker")
    first = door.post("/partition/v1/plans", {"kind": "division", "area": TOWN.district})
    system.supervisor.resume("worker")
    followed = jingwei.answer("plan", "--area", TOWN.district)
    assert followed["plan"]["id"] == first["id"]


def test_the_doctor_finds_all_well(jingwei: Any) -> None:
    findings = jingwei.answer("doctor")
    assert [finding for finding in findings if finding["grade"] == "wrong"] == []
    checked = {finding["check"] for finding in findings}
    assert {"database", "registry", "partition", "incidents", "gateway health", "token"} <= checked


def test_a_client_is_made_rotated_and_revoked(jingwei: Any) -> None:
    made = jingwei.answer(
        "clients", "create", "system test", "--scope", "registry:read", "--area", TOWN.district
    )
    rotated = jingwei.answer("clients", "rotate", made["client_id"])
    assert rotated["client_secret"] != made["client_secret"]
    listed = jingwei.run("clients", "list")
    assert made["client_id"] in listed.stdout
    assert jingwei.answer("clients", "revoke", made["client_id"])["state"] == "revoked"


def test_the_launcher_works_from_any_folder(system: Deployment, tmp_path: Path) -> None:
    done = subprocess.run(
        [str(ROOT / "jingwei"), "token", "--credentials", str(system.var.admin_env)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(".") == 2
