from __future__ import annotations

import base64
import json
import os
import socket
import time
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.cli import examination, installation
from gateway.cli.door import Door

AnyDoor = Callable[..., Door]


def jwt(claims: dict[str, Any]) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"h.{payload}.s"


def test_the_interpreter_and_the_disk_of_this_machine_will_do(tmp_path: Path) -> None:
    assert installation.python_version().grade == "ok"
    assert installation.disk(tmp_path / "not yet").found.endswith("GiB free")


def test_packages_that_differ_from_the_lock_are_named_with_the_cure(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    version = installation._installed("httpx")
    lock.write_text(f"httpx=={version} \\\n    --hash=sha256:aa\n", encoding="utf-8")
    assert installation.packages(lock).grade == "ok"
    lock.write_text(
        'httpx==0.0.1 \\\n    --hash=sha256:aa\nno-such-thing==1 ; sys_platform == "x" \\\n'
        "absent-thing==2.0 \\\n    --hash=sha256:bb\n",
        encoding="utf-8",
    )
    found = installation.packages(lock)
    assert found.grade == "wrong"
    assert found.found.startswith("2 differ from requirements.lock: httpx")
    assert "absent-thing missing (lock: 2.0)" in found.found
    assert "make setup" in found.cure
    assert installation.packages(tmp_path / "none").grade == "warning"


def test_secrets_that_others_may_read_are_wrong(tmp_path: Path) -> None:
    (tmp_path / "admin.env").touch(0o644)
    (tmp_path / "secrets.json").touch(0o600)
    findings = list(installation.secrets(tmp_path))
    assert [finding.cure for finding in findings] == [f"chmod 600 {tmp_path / 'admin.env'}"]


def test_a_var_folder_that_is_not_there_is_no_fault(tmp_path: Path) -> None:
    assert installation.var_folder(tmp_path).grade == "ok"
    assert installation.var_folder(tmp_path / "none").grade == "warning"


def test_the_embedded_server_is_looked_at_through_its_pid_file(tmp_path: Path) -> None:
    assert installation.embedded_server(tmp_path).grade == "warning"
    data = tmp_path / "postgres"
    data.mkdir()
    assert "stopped" in installation.embedded_server(tmp_path).found
    lines = [str(os.getpid()), str(data), "0", "5432", str(data), "", "0 0", "ready"]
    (data / "postmaster.pid").write_text("\n".join(lines), encoding="utf-8")
    assert installation.embedded_server(tmp_path).grade == "ok"
    (data / "postmaster.pid").write_text("\n".join(["99999999", *lines[1:]]), encoding="utf-8")
    assert "is gone" in installation.embedded_server(tmp_path).found


def test_a_run_note_counts_only_while_its_process_lives(tmp_path: Path) -> None:
    assert installation.run_note(tmp_path) is None
    (tmp_path / "run.json").write_text(json.dumps({"pid": os.getpid()}), encoding="utf-8")
    assert installation.run_note(tmp_path) == {"pid": os.getpid()}
    (tmp_path / "run.json").write_text(json.dumps({"pid": 99999999}), encoding="utf-8")
    assert installation.run_note(tmp_path) is None


def test_a_taken_port_is_wrong() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        assert installation.port(number).grade == "wrong"
    assert installation.port(number).grade == "ok"


@pytest.mark.parametrize(
    ("answer", "grade", "word"),
    [
        ({"status": "pass", "checks": {"registry": [{"status": "pass"}]}}, "ok", "pass"),
        ({"status": "warn", "checks": {"registry": [{"status": "fail"}]}}, "wrong", "registry"),
        ({"status": "fail", "checks": {}}, "wrong", "fail"),
    ],
)
def test_the_health_of_the_door_names_what_fails(
    answer: dict[str, Any], grade: str, word: str
) -> None:
    (finding,) = examination.health(httpx.Response(200, json=answer))
    assert finding.grade == grade
    assert word in finding.found


def test_another_program_on_the_port_is_told_apart() -> None:
    (finding,) = examination.health(httpx.Response(200, text="<html>"))
    assert finding.found == "another program answers"


@pytest.mark.parametrize(("off_s", "grade"), [(0, "ok"), (-5, "ok"), (120, "wrong")])
def test_clocks_that_drift_apart_are_wrong(off_s: float, grade: str) -> None:
    now = time.time()
    answer = httpx.Response(200, headers={"Date": formatdate(now - off_s, usegmt=True)})
    (finding,) = examination.clock(answer, now)
    assert finding.grade == grade


def test_a_server_without_a_date_is_noted() -> None:
    (finding,) = examination.clock(httpx.Response(200), time.time())
    assert finding.grade == "warning"


def test_a_token_is_looked_into(a_door: AnyDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    door = a_door(lambda _: httpx.Response(200))
    claims = {"sub": "admin", "exp": time.time() + 600, "scope": "a b"}
    monkeypatch.setattr(door, "token", lambda: {"access_token": jwt(claims)})
    (finding,) = examination.token(door)
    assert finding.grade == "ok"
    assert finding.found.startswith("admin: 2 scopes")
    monkeypatch.setattr(door, "token", lambda: {"access_token": "opaque"})
    assert [finding.grade for finding in examination.token(door)] == ["wrong"]


def test_a_door_without_credentials_is_told_with_its_cure(a_door: AnyDoor) -> None:
    (finding,) = examination.token(a_door(lambda _: httpx.Response(200), client_id=""))
    assert finding.grade == "wrong"
    assert "admin.env" in finding.cure


def test_a_process_that_is_not_ready_says_what_to_do() -> None:
    assert examination._mend(["migrations"]).startswith("Stop and `make run` again")
    assert examination._mend(["database"]).startswith("Check disk")
    assert examination.process("worker", None).grade == "ok"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        assert examination.process("registry", url).grade == "wrong"


def test_a_door_that_is_away_is_told_with_the_state_of_its_port(
    a_door: AnyDoor, tmp_path: Path
) -> None:
    def handler(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("down")

    findings = list(examination.running_findings(a_door(handler), tmp_path))
    assert [(finding.check, finding.grade) for finding in findings] == [("gateway", "wrong")]
