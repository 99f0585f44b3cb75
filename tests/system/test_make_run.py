"""`make run` as a process: taken ports, a second start, stopping, and being killed."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.ports import free_port
from kit.testing.folders import passing_folder

ROOT = Path(__file__).parents[2]


class Run:
    """One `python -m infra.dev` with what it has printed so far."""

    def __init__(self, var: Path, port: int) -> None:
        wishes = [f"PORT={port}", f"VAR={var}", "DEMO=0"]
        self.process = subprocess.Popen(
            ["env", *wishes, sys.executable, "-m", "infra.dev"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.printed: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            self.printed.extend(lines)

    @property
    def text(self) -> str:
        return "".join(self.printed)

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        status = self.process.wait(40)
        self._reader.join(5)
        return status


def processes_of(var: Path) -> list[str]:
    """Return the command lines of the processes that work on a folder, zombies left out."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes()
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if words and (str(var).encode() in environment or str(var) in words):
            found.append(words)
    return [words for words in found if "pytest" not in words]


@pytest.fixture
def var() -> Iterator[Path]:
    with passing_folder() as folder:
        yield folder / "var"


def test_a_taken_port_is_named_with_another_to_choose(var: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        run = Run(var, port)
        assert run.process.wait(40) == 2
    assert f"Port {port} is taken" in run.text
    assert "make run PORT=" in run.text
    assert processes_of(var) == []


def test_starting_stopping_and_being_killed_leave_nobody_behind(
    var: Path, wait_until: Callable[..., Any]
) -> None:
    port = free_port()
    run = Run(var, port)
    wait_until(lambda: "Ctrl-C stops everything" in run.text, 90)
    assert httpx.get(f"http://127.0.0.1:{port}/health").json()["status"] == "pass"
    for name in ("admin.env", "secrets.json", "gateway.key"):
        assert (var / name).stat().st_mode & 0o077 == 0, name

    second = Run(var, free_port())
    assert second.process.wait(40) == 2
    assert f"process {run.process.pid}" in second.text

    assert run.end(signal.SIGTERM) == 128 + signal.SIGTERM
    assert processes_of(var) == []

    again = Run(var, port)
    wait_until(lambda: "Ctrl-C stops everything" in again.text, 90)
    again.end(signal.SIGKILL)
    wait_until(lambda: processes_of(var) == [], 40)
