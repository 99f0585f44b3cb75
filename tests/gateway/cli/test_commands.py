"""Each command through its own door: exit codes, JSON, what is said to people."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from gateway.cli.app import build
from gateway.cli.settings import read_settings

Run = Callable[..., Result]
LOCATED = {
    "grid_code": "990001001001001",
    "grid_name": "第1网格",
    "community_name": "康乐路社区",
    "nearest": None,
}
NOWHERE = {"grid_code": None, "nearest": {"grid_code": "990001001001002", "distance_m": 1234.5}}
INCIDENT = {
    "id": "i1",
    "number": "20261122-000001",
    "state": "reported",
    "grid_code": None,
    "locating": True,
    "placement": "locating",
}
CLIENT = {"client_id": "c1", "name": "vendor", "state": "active", "areas": ["*"], "scopes": []}


class Gateway(BaseHTTPRequestHandler):
    """A gateway of canned answers that keeps the bodies it was sent."""

    bodies: list[Any] = []  # noqa: RUF012 - shared on purpose: the server makes a handler a call

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, content: Any, status: int = 200) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        if "/locate?lon=0.0" in self.path:
            self._answer(NOWHERE)
        elif "/locate" in self.path:
            self._answer(LOCATED)
        else:
            self._answer({"items": [CLIENT], "next_cursor": None})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/oauth/token":
            self._answer({"access_token": "a.b.c", "expires_in": 600})
            return
        self.bodies.append(json.loads(body))
        if self.path.endswith("/incidents"):
            self._answer(INCIDENT, 201)
        elif self.path.endswith("/transitions"):
            self._answer(CLIENT | {"state": "revoked"})
        else:
            self._answer(CLIENT | {"client_secret": "jw_new"}, 201)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    Gateway.bodies.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Gateway) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        credentials = tmp_path / "admin.env"
        credentials.write_text(
            f"JINGWEI_URL=http://127.0.0.1:{server.server_port}\n"
            "JINGWEI_CLIENT_ID=admin\nJINGWEI_CLIENT_SECRET=jw_s\n",
            encoding="utf-8",
        )

        def invoke(*words: str) -> Result:
            return CliRunner().invoke(build(), [*words, "--credentials", str(credentials)])

        yield invoke
        server.shutdown()


def test_locate_names_the_grid(run: Run) -> None:
    found = run("locate", "101.8", "36.6")
    assert (found.exit_code, found.stdout) == (0, "990001001001001 第1网格 (康乐路社区)\n")


def test_locate_ends_with_one_and_the_nearest_when_no_grid_holds_the_point(run: Run) -> None:
    found = run("locate", "0", "0")
    assert found.exit_code == 1
    assert "The nearest is 990001001001002, 1,234 m away." in found.stdout


def test_a_negative_longitude_is_a_longitude(run: Run) -> None:
    assert run("locate", "--", "-70.5", "-33.4").exit_code in {0, 2}


def test_a_report_is_sent_with_its_fields_as_what_they_are(run: Run) -> None:
    words = ["--field", "worker_count=11", "--field", "is_urgent=true", "--field", "name=7号"]
    made = run("report", "--category", "1701", "--lon", "101.8", "--lat", "36.6", *words)
    assert made.exit_code == 0, made.output
    assert "20261122-000001 reported, grid to be located (i1)" in made.stdout
    assert Gateway.bodies[0]["attributes"] == {"worker_count": 11, "is_urgent": True, "name": "7号"}
    assert Gateway.bodies[0]["point"] == {"lon": 101.8, "lat": 36.6, "crs": "CGCS2000"}


def test_a_field_without_a_value_is_wrong_usage(run: Run) -> None:
    made = run("report", "--category", "1701", "--lon", "1", "--lat", "2", "--field", "x")
    assert made.exit_code == 2


def test_json_is_one_document_and_nothing_else(run: Run) -> None:
    assert json.loads(run("locate", "101.8", "36.6", "--json").stdout) == LOCATED
    assert json.loads(run("clients", "list", "--json").stdout) == [CLIENT]
    assert json.loads(run("token", "--json").stdout)["access_token"] == "a.b.c"


def test_token_prints_the_token_alone(run: Run) -> None:
    assert run("token").stdout == "a.b.c\n"


def test_clients_are_made_rotated_and_revoked(run: Run) -> None:
    made = run("clients", "create", "vendor", "--scope", "registry:read", "--area", "630102")
    assert "JINGWEI_CLIENT_SECRET=jw_new" in made.stdout
    assert "JINGWEI_CLIENT_SECRET=jw_new" in run("clients", "rotate", "vendor").stdout
    assert "vendor is revoked." in run("clients", "revoke", "vendor").stdout
    assert Gateway.bodies[0] == {
        "name": "vendor",
        "scopes": ["registry:read"],
        "areas": ["630102"],
    }


def test_an_unknown_client_is_named(run: Run) -> None:
    gone = run("clients", "revoke", "nobody", "--json")
    assert gone.exit_code == 1
    assert json.loads(gone.stderr)["code"] == "cli.no_such_client"


def test_nobody_there_is_exit_code_three_and_a_cure(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("JINGWEI_URL", f"http://127.0.0.1:{free.getsockname()[1]}")
        monkeypatch.setattr("gateway.cli.door.time.sleep", lambda _: None)
        away = run("locate", "1", "2")
    assert away.exit_code == 3
    assert "cli.unreachable" in away.stderr
    assert "make run" in away.stderr


def test_a_setting_that_is_nonsense_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JINGWEI_URL", "ftp://nowhere")
    wrong = run("token")
    assert wrong.exit_code == 1
    assert "JINGWEI_URL" in wrong.stderr


def test_the_environment_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "x.env"
    file.write_text("JINGWEI_CLIENT_ID=file\nJINGWEI_URL=http://file\n", encoding="utf-8")
    monkeypatch.setenv("JINGWEI_CLIENT_ID", "environment")
    settings = read_settings(file)
    assert (settings.client_id, settings.url) == ("environment", "http://file")
    assert read_settings(tmp_path / "none.env").url == "http://127.0.0.1:8080"


def test_a_case_that_cannot_be_cut_ends_with_the_engines_exit_code(
    run: Run, tmp_path: Path
) -> None:
    cut = run("cut", str(tmp_path / "nowhere"), "-o", str(tmp_path / "out"))
    assert cut.exit_code == 2
    assert "cli.cut_failed" in cut.stderr


def test_help_names_every_command() -> None:
    shown = CliRunner().invoke(build(), ["--help"], env={"COLUMNS": "200"}).stdout
    for name in ("load", "plan", "locate", "report", "token", "clients", "doctor", "cut"):
        assert name in shown
