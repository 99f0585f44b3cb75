"""The worker as a real process: killed in mid-plan, another goes on, the result is the same."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from kit.testing.clock import FrozenClock
from kit.testing.tokens import TestTokens
from tests.fakes.registry import FakeRegistry
from tests.grid_partition.maps import a_place, fill
from tests.grid_partition.service import Service, peers, running, settings_for
from tests.openapi_gate import served

ROOT = Path(__file__).parents[3]


@contextmanager
def a_worker(url: str, registry_url: str, folder: Path, *options: str) -> Iterator[Any]:
    environment = os.environ | {  # noqa: TID251 - the child is told by its environment
        "PARTITION_DATABASE_URL": url,
        "PARTITION_REGISTRY_URL": registry_url,
        "PARTITION_TOKEN_URL": f"{registry_url}/oauth/token",
        "PARTITION_CLIENT_ID": "partition",
        "PARTITION_CLIENT_SECRET": "secret",
        "PARTITION_SPOOL_FOLDER": str(folder),
        "PARTITION_LEASE_S": "2",
        "PARTITION_HEARTBEAT_S": "0.4",
        "PARTITION_POLL_S": "0.1",
    }
    command = [sys.executable, "-m", "services.grid_partition", "worker", *options]
    log = (folder / f"worker-{time.monotonic_ns()}.log").open("wb")
    child = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=log)
    try:
        yield child
    finally:
        if child.poll() is None:
            child.terminate()
        child.wait(30)
        log.close()


def until(ready: Any, seconds: float = 60) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = ready()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("nothing happened in time")


def children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def district() -> FakeRegistry:
    """Twelve communities of 4,800 households: some seconds of work for one process."""
    registry = FakeRegistry()
    places = [
        a_place(f"6301020030{n:02d}", at=n, columns=8, rows=6, households=100) for n in range(12)
    ]
    fill(registry, places)
    return registry


def test_a_worker_killed_in_mid_plan_loses_nothing_and_another_goes_on(
    url: str, district: FakeRegistry, tokens: TestTokens, clock: FrozenClock, tmp_path: Path
) -> None:
    with (
        served(peers(district)) as address,
        running(settings_for(url, tmp_path), district, tokens, clock) as service,
    ):
        calm = service.computed("630102003", seed=3)
        plan = service.plan("630102003", seed=3)
        place = f"/plans/{plan['id']}"
        with a_worker(url, address, tmp_path, "--processes", "1") as first:
            until(lambda: service.get(place)["progress"]["done"] >= 2)
            computing = children(first.pid)
            os.kill(first.pid, signal.SIGKILL)
            first.wait(10)
        kept = service.get(place)["progress"]["done"]
        assert kept >= 2
        until(lambda: not any(alive(pid) for pid in computing), 20)
        with a_worker(url, address, tmp_path, "--processes", "1"):
            until(lambda: service.get(place)["state"] == "computed")
        _same(service, calm, plan)


def _same(service: Service, calm: dict[str, Any], plan: dict[str, Any]) -> None:
    for noun, fields in (
        ("communities", ("code", "digest", "grids", "violations")),
        ("grids", ("code", "households", "geometry", "compactness")),
        ("assignments", ("community_code", "number", "building_id", "grid_code", "households")),
    ):
        pages = [
            service.items(f"/plans/{one['id']}/{noun}", params={"limit": 1000})
            for one in (calm, plan)
        ]
        shown = [[[row[f] for f in fields] for row in page] for page in pages]
        assert shown[0] == shown[1]
    assert service.get(f"/plans/{plan['id']}")["totals"]["households"] == 57_600


def test_two_workers_finish_a_plan_and_stop_in_peace(
    url: str, district: FakeRegistry, tokens: TestTokens, clock: FrozenClock, tmp_path: Path
) -> None:
    with (
        served(peers(district)) as address,
        running(settings_for(url, tmp_path), district, tokens, clock) as service,
    ):
        plan = service.plan("630102003")
        with (
            a_worker(url, address, tmp_path, "--processes", "1") as one,
            a_worker(url, address, tmp_path, "--processes", "1") as two,
        ):
            until(lambda: service.get(f"/plans/{plan['id']}")["state"] == "computed")
            for worker in (one, two):
                worker.terminate()
            assert [worker.wait(20) for worker in (one, two)] == [0, 0]
