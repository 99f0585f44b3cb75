"""kill -9 at the worst moment: nothing acknowledged is lost, nothing is there twice."""

from __future__ import annotations

import gzip
import json
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.cli.door import Door
from infra.deployment import Deployment
from tests.system.small_case import Town, write_town

PLANNED = Town("970002", communities=6, west=101.80)
IMPORTED = Town("970003", communities=1, west=101.90)
_ROWS = 15_000


def kill(system: Deployment, name: str) -> int:
    """Kill a process outright; returns its pid."""
    pid = system.supervisor.pid(name)
    os.kill(pid, signal.SIGKILL)
    return pid


def test_a_plan_finishes_although_its_worker_is_killed_twice(
    system: Deployment, door: Door, jingwei: Any, tmp_path: Path, wait_until: Callable[..., Any]
) -> None:
    jingwei.answer("load", write_town(tmp_path / "town", PLANNED))
    # A thorough search makes each community take long enough to be interrupted in.
    rules = {"name": "thorough", "area": PLANNED.district, "rules": {"effort": 1000}}
    door.post("/partition/v1/rule-sets", rules)
    body = {"kind": "division", "area": PLANNED.district, "rule_set": "thorough"}
    path = f"/partition/v1/plans/{door.post('/partition/v1/plans', body)['id']}"
    seen = []
    for least in (0, 1):
        plan = wait_until(lambda least=least: _beyond(door.get(path), least), pause_s=0.02)
        pid = kill(system, "worker")
        wait_until(lambda pid=pid: system.supervisor.pid("worker") != pid)
        seen.append(plan["state"])
    plan = wait_until(lambda: (p := door.get(path))["state"] != "computing" and p, 60.0)
    communities = list(door.pages(f"{path}/communities"))
    expected = PLANNED.communities * PLANNED.buildings * PLANNED.households
    assert seen[0] == "computing"
    assert plan["state"] == "computed"
    assert plan["progress"]["done"] == PLANNED.communities
    assert sum(row["households"] for row in communities) == expected
    assigned = list(door.pages(f"{path}/assignments"))
    assert len(assigned) == PLANNED.communities * PLANNED.buildings


def _beyond(plan: Any, least: int) -> Any:
    ended = plan["state"] != "computing"
    return (
        plan if ended or (plan["progress"]["total"] and plan["progress"]["done"] >= least) else None
    )


def building_rows() -> bytes:
    lon, lat = IMPORTED.place(0, 0)
    rows = (
        {
            "source": "kill-test",
            "source_id": f"k{number}",
            "community_code": IMPORTED.code(0),
            "households": 1,
            "geometry": {"type": "Point", "coordinates": [lon, lat]},
        }
        for number in range(_ROWS)
    )
    return gzip.compress("\n".join(json.dumps(row) for row in rows).encode())


def test_an_import_ends_once_although_the_registry_is_killed(
    system: Deployment, door: Door, jingwei: Any, tmp_path: Path, wait_until: Callable[..., Any]
) -> None:
    jingwei.answer("load", write_town(tmp_path / "town", IMPORTED))
    job = door.send(
        "POST",
        "/registry/v1/imports",
        key="kill-test-import",
        params={"resource": "buildings"},
        headers={"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"},
        content=building_rows(),
    )
    path = f"/registry/v1/imports/{job['id']}"
    wait_until(lambda: door.get(path)["state"] != "queued", pause_s=0.02)
    pid = kill(system, "registry")
    wait_until(lambda: system.supervisor.pid("registry") != pid)
    ended = wait_until(
        lambda: (j := door.get(path))["state"] not in {"queued", "running"} and j, 60
    )
    assert ended["state"] == "succeeded"
    assert (ended["counts"]["read"], ended["counts"]["created"]) == (_ROWS, _ROWS)
    found = door.get(
        "/registry/v1/counts", area=IMPORTED.code(0), by="community", count_basis="resident"
    )["items"][0]
    assert found["buildings"] == _ROWS + IMPORTED.buildings
    assert found["households"] == _ROWS + IMPORTED.buildings * IMPORTED.households


class Intake(threading.Thread):
    """Reports one incident after another, each with its own key, until each is acknowledged."""

    def __init__(self, system: Deployment, token: str, numbers: range) -> None:
        super().__init__(daemon=True)
        self.acknowledged: dict[int, set[str]] = {}
        self.failures = 0
        self._numbers = numbers
        self._url = f"{system.addresses.gateway}/incidents/v1/incidents"
        self._headers = {"Authorization": f"Bearer {token}"}

    def run(self) -> None:
        with httpx.Client(timeout=10.0) as http:
            for number in self._numbers:
                while not self._report(http, number):
                    self.failures += 1
                    time.sleep(0.1)

    def _report(self, http: httpx.Client, number: int) -> bool:
        body = {"category_code": "0102", "text": f"kill-test {number}", "address": "somewhere"}
        headers = self._headers | {"Idempotency-Key": f"kill-test-{number}"}
        try:
            answer = http.post(self._url, json=body, headers=headers)
        except httpx.HTTPError:
            return False
        if answer.status_code != 201:
            return False
        self.acknowledged.setdefault(number, set()).add(answer.json()["id"])
        return True


def test_no_acknowledged_report_is_lost_or_doubled_when_incidents_is_killed(
    system: Deployment, door: Door, wait_until: Callable[..., Any]
) -> None:
    token = str(door.token()["access_token"])
    writers = [Intake(system, token, range(start, start + 60)) for start in (0, 100)]
    for writer in writers:
        writer.start()
    for enough in (10, 50):
        wait_until(lambda enough=enough: sum(len(w.acknowledged) for w in writers) >= enough)
        pid = kill(system, "incidents")
        wait_until(lambda pid=pid: system.supervisor.pid("incidents") != pid)
    for writer in writers:
        writer.join(60)
    assert sum(writer.failures for writer in writers) > 0
    acknowledged = {n: ids for writer in writers for n, ids in writer.acknowledged.items()}
    stored: dict[str, list[str]] = {}
    for incident in door.pages("/incidents/v1/incidents"):
        if incident["text"].startswith("kill-test "):
            stored.setdefault(incident["text"], []).append(incident["id"])
    assert len(acknowledged) == 120
    assert {text: set(ids) for text, ids in stored.items()} == {
        f"kill-test {number}": ids for number, ids in acknowledged.items()
    }
    assert all(len(ids) == 1 for ids in stored.values())


@pytest.mark.parametrize("name", ["gateway", "partition"])
def test_a_killed_process_is_back_by_itself(
    system: Deployment, door: Door, name: str, wait_until: Callable[..., Any]
) -> None:
    pid = kill(system, name)
    wait_until(lambda: system.supervisor.pid(name) != pid)
    system.supervisor.wait_ready(30, [name])
    assert wait_until(lambda: door.get("/partition/v1/rule-sets"))["items"]
