from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.cli.door import Door
from gateway.cli.failures import CliFailure
from gateway.cli.imports import Target, follow_states, pack_features, pack_rows, send_import
from gateway.cli.loading import LoadOptions, load_case, show_loaded
from gateway.cli.screen import Screen

AnyDoor = Callable[..., Door]
QUIET = Screen(quiet=True)
THINGS = Target("registry", "things", "things")


class Imports:
    """Remembers imports by key as a service does; each job ends after `polls` looks."""

    def __init__(self, *, polls: int = 1, refused: int = 0) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self.rows: dict[str, list[Any]] = {}
        self._keys: dict[str, str] = {}
        self._looks: dict[str, int] = {}
        self._polls = polls
        self._refused = refused

    def handle(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if "/divisions/" in path:
            return httpx.Response(404, json={"code": "division.not_found", "detail": "no"})
        if request.method == "POST":
            return self._create(request)
        if path.endswith("/errors"):
            flaw = {"row": 2, "column": "code", "code": "row.duplicate", "message": "twin"}
            return httpx.Response(200, json={"items": [flaw], "next_cursor": None})
        return httpx.Response(200, json=self._look(path.rpartition("/")[2]))

    def _create(self, request: httpx.Request) -> httpx.Response:
        key = request.headers["idempotency-key"]
        if key in self._keys:
            job = self.jobs[self._keys[key]]
            return httpx.Response(202, json=job, headers={"Idempotency-Replayed": "true"})
        job_id = f"job{len(self.jobs)}"
        resource = request.url.params["resource"]
        text = gzip.decompress(request.read()).decode()
        kind = request.headers["content-type"]
        rows = (
            json.loads(text)["features"]
            if kind == "application/geo+json"
            else [json.loads(line) for line in text.splitlines()]
        )
        known = self.rows.setdefault(resource, [])
        counts = {
            "read": len(rows),
            "created": sum(row not in known for row in rows),
            "updated": 0,
            "unchanged": sum(row in known for row in rows),
            "refused": self._refused,
        }
        known += [row for row in rows if row not in known]
        self._keys[key] = job_id
        self._looks[job_id] = 0
        self.jobs[job_id] = {"id": job_id, "state": "queued", "counts": counts}
        return httpx.Response(202, json=self.jobs[job_id])

    def _look(self, job_id: str) -> dict[str, Any]:
        self._looks[job_id] += 1
        if self._looks[job_id] >= self._polls:
            state = "failed" if self._refused else "succeeded"
            self.jobs[job_id] = self.jobs[job_id] | {"state": state}
        return self.jobs[job_id]


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.cli.imports.time.sleep", lambda _: None)


def test_a_package_is_one_collection_and_the_same_bytes_each_time(tmp_path: Path) -> None:
    features = [{"type": "Feature", "n": n} for n in range(3)]
    once = pack_features(iter(features), tmp_path / "a")
    again = pack_features(iter(features), tmp_path / "b")
    assert json.loads(gzip.decompress(once.path.read_bytes()))["features"] == features
    assert (once.rows, once.digest) == (3, again.digest)


def test_an_empty_package_is_still_a_collection(tmp_path: Path) -> None:
    package = pack_features([], tmp_path / "a")
    assert json.loads(gzip.decompress(package.path.read_bytes()))["features"] == []


def test_an_import_is_followed_to_its_end(a_door: AnyDoor, tmp_path: Path) -> None:
    service = Imports(polls=3)
    package = pack_rows([{"n": 1}, {"n": 2}], tmp_path / "rows")
    outcome = send_import(a_door(service.handle), QUIET, THINGS, package, "stop")
    assert outcome.is_good
    assert outcome.counts["created"] == 2


def test_a_repeat_joins_the_job_that_still_runs(a_door: AnyDoor, tmp_path: Path) -> None:
    service = Imports(polls=2)
    package = pack_rows([{"n": 1}], tmp_path / "rows")
    door = a_door(service.handle)
    key = f"load-things-stop-{package.digest[:48]}"
    door.send(
        "POST",
        "/registry/v1/imports",
        key=key,
        params={"resource": "things"},
        headers={"Content-Type": package.content_type},
        content=lambda: iter([package.path.read_bytes()]),
    )
    outcome = send_import(door, QUIET, THINGS, package, "stop")
    assert len(service.jobs) == 1
    assert outcome.counts["created"] == 1


def test_a_repeat_after_the_end_says_that_nothing_changed(a_door: AnyDoor, tmp_path: Path) -> None:
    service = Imports()
    package = pack_rows([{"n": 1}], tmp_path / "rows")
    door = a_door(service.handle)
    send_import(door, QUIET, THINGS, package, "stop")
    again = send_import(door, QUIET, THINGS, package, "stop")
    assert again.counts["created"] == 0
    assert again.counts["unchanged"] == 1


def test_refused_rows_are_shown_and_end_the_load(
    a_door: AnyDoor, small_case: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    service = Imports(refused=1)
    loaded = load_case(a_door(service.handle), QUIET, small_case, LoadOptions())
    show_loaded(Screen(), loaded)
    assert not loaded.is_good
    assert [outcome.layer for outcome in loaded.outcomes] == ["divisions"]
    assert "row 2 code row.duplicate: twin" in capsys.readouterr().out


def test_a_case_is_loaded_layer_by_layer_and_twice_changes_nothing(
    a_door: AnyDoor, small_case: Path
) -> None:
    service = Imports()
    door = a_door(service.handle)
    first = load_case(door, QUIET, small_case, LoadOptions(prefix="980001"))
    again = load_case(door, QUIET, small_case, LoadOptions(prefix="980001"))
    layers = ["divisions", "communities", "estates", "buildings", "barriers"]
    assert [outcome.layer for outcome in first.outcomes] == layers
    assert sum(outcome.counts["created"] for outcome in again.outcomes) == 0
    assert first.as_json()["areas"] == ["980001"]
    assert first.as_json()["estates_outside_every_community"] == 1


def test_single_households_are_loaded_on_request(a_door: AnyDoor, small_case: Path) -> None:
    (small_case / "households.csv").write_text("household_id,building_id\nh1,b1\n", "utf-8")
    service = Imports()
    load_case(a_door(service.handle), QUIET, small_case, LoadOptions(households=True))
    assert [row["source_id"] for row in service.rows["households"]] == ["h1"]


def test_following_gives_up_after_its_patience(a_door: AnyDoor) -> None:
    door = a_door(lambda _: httpx.Response(200, json={"state": "running"}))
    with pytest.raises(CliFailure) as refused:
        list(follow_states(door, "/x", {"done"}, patience_s=0.0))
    assert refused.value.code == "cli.still_running"
