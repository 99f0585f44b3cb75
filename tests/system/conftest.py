"""One real installation for all system tests: every process, on free ports, in its own folder."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from gateway.cli.app import build
from gateway.cli.door import Door
from infra.deployment import Deployment, running
from infra.ports import free_port
from infra.var_folder import VarFolder
from kit.testing.folders import passing_folder

#: A killed process's work is taken over after seconds instead of the usual quarter of a minute.
_IMPATIENT = {
    "PARTITION_LEASE_S": "3",
    "PARTITION_HEARTBEAT_S": "0.5",
    "REGISTRY_IMPORT_LEASE_S": "3",
    "INCIDENTS_LOCATOR_INTERVAL_S": "0.5",
    "INCIDENTS_LOCATOR_LEASE_S": "3",
}


def pytest_itemcollected(item: pytest.Item) -> None:
    item.add_marker(pytest.mark.system)


_LOGS: list[Path] = []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the processes complained of beside a failure: their folder goes with the run."""
    del item, call
    report = yield
    for log in sorted(file for folder in _LOGS for file in folder.glob("*.log")):
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        complaints = [line for line in lines if '"level":"error"' in line or line[:1] != "{"]
        if report.failed and complaints:
            report.sections.append((log.name, "\n".join(complaints[-8:])))
    return report


@pytest.fixture(scope="session")
def system() -> Iterator[Deployment]:
    with (
        pytest.MonkeyPatch.context() as patch,
        passing_folder() as folder,
    ):
        for name, value in _IMPATIENT.items():
            patch.setenv(name, value)
        var = VarFolder(folder / "var")
        var.prepare()
        with var.locked("system tests"), running(var, free_port(), lambda _: None) as deployment:
            _LOGS.append(var.logs)
            yield deployment
            _LOGS.clear()


@pytest.fixture(scope="session")
def door(system: Deployment) -> Iterator[Door]:
    with Door(system.settings()) as door:
        yield door


class CommandLine:
    """`./jingwei` in this process, as the installation's administrator."""

    def __init__(self, credentials: Path) -> None:
        self._app = build()
        self._environment = {"JINGWEI_CREDENTIALS": str(credentials), "COLUMNS": "160"}

    def run(self, *words: object) -> Result:
        """Run a command; the result has exit_code, stdout and stderr."""
        return CliRunner().invoke(self._app, [str(word) for word in words], env=self._environment)

    def answer(self, *words: object) -> Any:
        """Run a command with --json, which must succeed, and return what it printed."""
        result = self.run(*words, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)


@pytest.fixture(scope="session")
def jingwei(system: Deployment) -> CommandLine:
    return CommandLine(system.var.admin_env)


def until(condition: Callable[[], Any], deadline_s: float = 30.0, pause_s: float = 0.1) -> Any:
    """Return the condition's first true value; fails after the deadline."""
    deadline = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(pause_s)


@pytest.fixture(scope="session")
def wait_until() -> Callable[..., Any]:
    return until
