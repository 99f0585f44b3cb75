"""A served process: the command line, slow clients, an orderly end."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from kit.testing.databases import TestDatabases

ROOT = Path(__file__).parents[2]
SERVE = """
from pathlib import Path
from kit.cli import Deployable, command_line
from kit.clock import SystemClock
from kit.settings import ServiceSettings
from kit.testing.tokens import TestTokens
from tests.kit.toy import app as toy


def create(settings):
    return toy.create_app(settings.database_url, TestTokens().verifier(), SystemClock())

command_line(Deployable("toy", Path(toy.__file__).parent, ServiceSettings, create, 8199))()
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def served(
    databases: TestDatabases, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    port = free_port()
    with databases.empty() as url:
        monkeypatch.setenv("DATABASE_URL", url)
        monkeypatch.setenv("PORT", str(port))
        monkeypatch.setenv("REQUEST_DEADLINE_S", "0.7")
        monkeypatch.setenv("PYTHONPATH", str(ROOT))
        command = [sys.executable, "-c", SERVE]
        subprocess.run([*command, "migrate"], check=True, cwd=ROOT)
        process = subprocess.Popen([*command, "serve"], cwd=ROOT)
        try:
            for _ in range(200):
                try:
                    if httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200:
                        break
                except httpx.HTTPError:
                    time.sleep(0.05)
            yield process, port
        finally:
            process.kill()
            process.wait()


def test_slow_clients_are_cut_and_sigterm_ends_in_order(
    served: tuple[subprocess.Popen[bytes], int],
) -> None:
    process, port = served
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", port)) as slow:
        slow.settimeout(5)
        slow.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Drip: ")
        answer = slow.recv(1000)
    assert answer.startswith(b"HTTP/1.1 408")
    assert 0.5 < time.monotonic() - begun < 4

    answer = httpx.get(f"http://127.0.0.1:{port}/version")
    assert answer.json()["service"] == "toy"
    assert "server" not in answer.headers
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) in {0, -signal.SIGTERM}


def test_the_command_line_prints_the_contract_without_a_database(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://x@/x")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    done = subprocess.run(
        [sys.executable, "-c", SERVE, "openapi"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert '"openapi": "3.1.0"' in done.stdout
    assert "/toy/v1/boats" in done.stdout
