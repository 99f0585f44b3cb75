"""Limits: a bucket per client, one per stranger's address, exports side by side."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import httpx
import pytest

from gateway.app import PACKAGE_DIR
from gateway.limits import Buckets
from gateway.limits import Running as Counted
from gateway.tokens.brake import FailureBrake
from kit.testing.databases import TestDatabases
from tests.gateway.serving import Running, Service, bound_socket, gateway, serving


class Ticking:
    """A monotonic clock that tests move."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture(scope="module")
def narrow(databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A gateway with a burst of five."""
    folder: Path = tmp_path_factory.mktemp("narrow")
    bound = bound_socket()
    inner = f"http://127.0.0.1:{bound.getsockname()[1]}"
    with databases.fresh(PACKAGE_DIR) as url, serving(Service(), bound):
        limits = {"rate_per_s": 0.5, "burst": 5, "anonymous_rate_per_s": 0.5, "anonymous_burst": 8}
        public = {"public_paths": (r"/open311/discovery\.(json|xml)",), "exports_max": 2}
        urls = {"registry_url": inner, "incidents_url": inner}
        with gateway(url, folder / "gateway.key", **limits, **public, **urls) as running:
            yield running


def test_a_client_over_its_limit_gets_429_and_others_do_not(narrow: Running) -> None:
    headers = narrow.headers(client_id="greedy")
    with httpx.Client(base_url=narrow.url) as client:
        answers = [client.get("/registry/v1/x", headers=headers) for _ in range(7)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 2
        assert answers[0].headers["ratelimit-policy"] == '"default";q=5;w=10'
        assert answers[0].headers["ratelimit"] == '"default";r=4;t=2'
        last = answers[-1]
        assert last.json()["code"] == "limit.exceeded"
        assert last.headers["ratelimit"].startswith('"default";r=0;t=')
        assert int(last.headers["retry-after"]) == 2
        assert client.get("/registry/v1/x", headers=narrow.headers(client_id="calm")).is_success


def test_public_paths_need_no_token_and_have_a_bucket_per_address(narrow: Running) -> None:
    with httpx.Client(base_url=narrow.url) as client:
        assert client.get("/open311/discovery.json").status_code == 200
        assert client.get("/open311/discovery.json5").status_code == 401
        assert client.get("/open311/v2/services.json").status_code == 401
        assert client.get(
            "/open311/discovery.json", headers={"Authorization": "Bearer x.y.z"}
        ).status_code == 401  # fmt: skip
        statuses = [client.get("/version").status_code for _ in range(9)]
        assert statuses[-1] == 429
        assert client.get("/livez").status_code == 200


def test_a_third_export_at_once_is_refused(narrow: Running) -> None:
    answers: list[int] = []
    headers = narrow.headers(client_id="exporter")

    def export() -> None:
        answers.append(httpx.get(f"{narrow.url}/registry/v1/csv", headers=headers).status_code)

    threads = [Thread(target=export) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(answers) == [200, 200, 429]
    export()
    assert answers[-1] == 200, "a place is free again"


def test_a_bucket_refills_steadily_and_never_beyond_its_size() -> None:
    clock = Ticking()
    buckets = Buckets(rate_per_s=2, burst=3, monotonic=clock)
    assert [buckets.take("a").admitted for _ in range(4)] == [True, True, True, False]
    assert buckets.take("a").retry_after_s == 1
    clock.at += 0.5
    assert [buckets.take("a").admitted for _ in range(2)] == [True, False]
    clock.at += 1000
    assert [buckets.take("a").admitted for _ in range(4)] == [True, True, True, False]
    assert buckets.take("b").admitted


def test_what_runs_is_counted_per_key() -> None:
    counted = Counted(1)
    assert counted.enter("a")
    assert not counted.enter("a")
    assert counted.enter("b")
    counted.leave("a")
    assert counted.enter("a")


def test_the_brake_counts_within_a_minute_and_forgets_on_success() -> None:
    clock = Ticking()
    brake = FailureBrake(2, monotonic=clock)
    key = ("app", "1.2.3.4")
    brake.failed(key)
    assert brake.wait_s(key) == 0
    clock.at += 10
    brake.failed(key)
    assert brake.wait_s(key) == 50
    assert brake.wait_s(("app", "5.6.7.8")) == 0
    clock.at += 50
    assert brake.wait_s(key) == 0
    brake.failed(key)
    brake.succeeded(key)
    brake.failed(key)
    assert brake.wait_s(key) == 0
