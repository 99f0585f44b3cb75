"""The demo's steps: each done once, an interrupted one resumed, a refusal told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest

from gateway.cli.settings import CliSettings
from infra.demo.case_files import collection_file
from infra.demonstration import AREA, Demonstration
from infra.var_folder import VarFolder, read_json, write_private

ROOT = Path(__file__).parents[2]


class Plans(BaseHTTPRequestHandler):
    """A door that knows one plan and remembers what was asked of it."""

    asked: ClassVar[list[str]] = []
    plan: ClassVar[dict[str, Any]] = {}
    keys: ClassVar[set[str]] = set()

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, status: int, content: Any) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self.asked.append(f"GET {self.path.partition('?')[0]}")
        if self.path.partition("?")[0].endswith(("/communities", "/violations")):
            self._answer(200, {"items": [], "next_cursor": None})
        elif self.path.endswith(f"/plans/{self.plan['id']}"):
            self._answer(200, self.plan)
        else:
            self._answer(404, {"code": "plan.not_found", "detail": "no"})

    def do_POST(self) -> None:
        self.asked.append(f"POST {self.path}")
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/oauth/token":
            self._answer(200, {"access_token": "t", "expires_in": 600})
        elif self.path.endswith("/transitions"):
            steps = {"submit": "submitted", "approve": "approved", "publish": "in_force"}
            self.plan["state"] = steps[json.loads(body)["action"]]
            self._answer(200, self.plan)
        elif self.path == "/incidents/v1/incidents":
            self.keys.add(self.headers["Idempotency-Key"])
            self._answer(201, {"number": f"n{len(self.keys)}", "grid_code": "630102001001001"})
        else:
            self._answer(409, {"code": "plan.base_missing", "detail": "refused on purpose"})


@pytest.fixture
def door_url() -> Iterator[str]:
    Plans.asked.clear()
    Plans.keys.clear()
    Plans.plan = {"id": "p1", "area": AREA, "state": "computed", "progress": {}}
    with ThreadingHTTPServer(("127.0.0.1", 0), Plans) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def var(tmp_path: Path) -> VarFolder:
    folder = VarFolder(tmp_path / "var")
    folder.prepare()
    folder.demo_folder.mkdir()
    (folder.demo_folder / "case.json").write_text("{}", encoding="utf-8")
    rows = json.loads((ROOT / "infra" / "demo" / "reports.json").read_text(encoding="utf-8"))
    buildings = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [101.8, 36.6]},
            "properties": {
                "building_id": f"b{number}",
                "community_code": row["community"],
                "kind": row["kinds"][0],
                "name": "1号楼",
                "estate_name": None,
            },
        }
        for number, row in enumerate(rows)
    ]
    name, content = collection_file("buildings", buildings)
    (folder.demo_folder / name).write_bytes(content)
    return folder


def ensure(var: VarFolder, url: str) -> list[str]:
    said: list[str] = []
    settings = CliSettings(url=url, client_id="admin", client_secret="s")
    Demonstration(settings, var, said.append).ensure()
    return said


def test_a_demo_that_is_there_is_left_alone(var: VarFolder, door_url: str) -> None:
    write_private(var.demo_marker, '{"reports": 13}')
    assert ensure(var, door_url) == ["the demo district is there"]
    assert Plans.asked == []


def test_a_plan_that_an_interrupted_start_made_is_taken_up_again(
    var: VarFolder, door_url: str
) -> None:
    write_private(var.demo_marker, '{"case": true, "loaded": 5, "plan": "p1"}')
    said = ensure(var, door_url)
    assert Plans.plan["state"] == "in_force"
    assert "POST /partition/v1/plans" not in Plans.asked
    assert "publish: the plan is in_force" in said
    done = read_json(var.demo_marker)
    assert done["published"] is True
    assert done["reports"] == len(Plans.keys) > 10
    assert Demonstration.known_place(var) == (101.8, 36.6)


def test_reports_that_were_half_sent_are_sent_again_under_the_same_keys(
    var: VarFolder, door_url: str
) -> None:
    for _ in range(2):
        write_private(var.demo_marker, '{"case": true, "loaded": 5, "published": true}')
        ensure(var, door_url)
    assert len(Plans.keys) == read_json(var.demo_marker)["reports"]
    assert Plans.asked.count("POST /incidents/v1/incidents") == 2 * len(Plans.keys)


def test_a_refused_step_is_told_and_the_next_start_tries_it_again(
    var: VarFolder, door_url: str
) -> None:
    write_private(var.demo_marker, '{"case": true, "loaded": 5, "plan": "gone"}')
    for _ in range(2):
        said = ensure(var, door_url)
        assert "plan.base_missing: refused on purpose" in said[-1]
        assert "published" not in read_json(var.demo_marker)
    assert Plans.asked.count("POST /partition/v1/plans") == 2
