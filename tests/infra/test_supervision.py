"""Children are watched, restarted, and gone when the supervisor has stopped - or was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.keeper import Keeper, groups_left, signal_group
from infra.supervision import Program, Supervisor, ending, tail
from infra.var_folder import CannotStart, VarFolder

ROOT = Path(__file__).parents[2]


def until(condition: Callable[[], bool], deadline_s: float = 10.0) -> None:
    deadline = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that only waits to be reaped does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


@pytest.fixture
def var(tmp_path: Path) -> VarFolder:
    folder = VarFolder(tmp_path / "var")
    folder.prepare()
    return folder


@pytest.fixture
def supervised(var: VarFolder) -> Iterator[tuple[Supervisor, list[str]]]:
    said: list[str] = []
    keeper = Keeper(var)
    supervisor = Supervisor(var, keeper, said.append)
    yield supervisor, said
    supervisor.stop(grace_s=1.0)
    keeper.dismiss()


def sleeper(name: str = "sleeper") -> Program:
    """A program whose standard library module runs long: a server on a free port."""
    return Program(name, ("http.server", "0", "--bind", "127.0.0.1"), {})


def test_a_child_that_is_killed_is_told_and_started_again(
    supervised: tuple[Supervisor, list[str]],
) -> None:
    supervisor, said = supervised
    supervisor.start([sleeper()])
    first = supervisor.pid("sleeper")
    os.kill(first, signal.SIGKILL)
    until(lambda: supervisor.pid("sleeper") != first)
    assert "signal SIGKILL" in said[0]
    assert "started again" in said[1]


def test_a_child_that_cannot_start_is_told_with_its_last_words(
    supervised: tuple[Supervisor, list[str]],
) -> None:
    supervisor, said = supervised
    supervisor.start([Program("broken", ("infra.no_such_module",), {})])
    until(lambda: bool(said))
    assert "No module named" in said[0]
    with pytest.raises(CannotStart) as refused:
        supervisor.wait_ready(0.3)
    assert "broken was not ready" in str(refused.value)
    assert "No module named" in refused.value.cure


def test_a_paused_child_stays_away_until_it_is_resumed(
    supervised: tuple[Supervisor, list[str]],
) -> None:
    supervisor, said = supervised
    supervisor.start([sleeper()])
    first = supervisor.pid("sleeper")
    supervisor.pause("sleeper", grace_s=2.0)
    time.sleep(0.6)
    assert not is_alive(first)
    assert said == []
    supervisor.resume("sleeper")
    until(lambda: supervisor.pid("sleeper") != first and is_alive(supervisor.pid("sleeper")))


def test_stopping_leaves_nobody_also_not_who_ignores_the_request(var: VarFolder) -> None:
    stubborn = var.root / "stubborn.py"
    stubborn.write_text(
        "import signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(99)'])\n"
        "print('pids', child.pid, flush=True)\n"
        "time.sleep(99)\n",
        encoding="utf-8",
    )
    keeper = Keeper(var)
    supervisor = Supervisor(var, keeper, lambda _: None)
    program = Program("stubborn", ("stubborn",), {"PYTHONPATH": str(var.root)})
    supervisor.start([program])
    log = var.logs / "stubborn.log"
    until(lambda: "pids" in log.read_text(encoding="utf-8"))
    grandchild = int(log.read_text(encoding="utf-8").split()[1])
    child = supervisor.pid("stubborn")
    supervisor.stop(grace_s=0.5)
    keeper.dismiss()
    until(lambda: not is_alive(child) and not is_alive(grandchild))


def test_the_keeper_ends_what_a_killed_writer_left(var: VarFolder) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(99)"], start_new_session=True
    )
    source = f"""
import time
from pathlib import Path
from infra.keeper import Keeper
from infra.var_folder import VarFolder
Keeper(VarFolder(Path({str(var.root)!r}))).started({child.pid})
print("up", flush=True)
time.sleep(99)
"""
    writer = subprocess.Popen([sys.executable, "-c", source], cwd=ROOT, stdout=subprocess.PIPE)
    assert writer.stdout is not None
    assert writer.stdout.readline() == b"up\n"
    writer.kill()
    writer.communicate()
    assert child.wait(15) == -signal.SIGTERM


def test_the_keeper_reads_who_lives() -> None:
    assert groups_left(iter(["start 5\n", "start 7\n", "gone 5\n"])) == {7}
    assert groups_left(iter(["start 5\n", "done\n"])) is None
    assert groups_left(iter([])) == set()


def test_an_ending_is_told_in_words_and_a_log_by_its_tail(tmp_path: Path) -> None:
    assert ending(3) == "exit code 3"
    assert ending(-9) == "signal SIGKILL"
    log = tmp_path / "x.log"
    log.write_text("\n".join(str(n) for n in range(100)), encoding="utf-8")
    assert tail(log, lines=2) == "    98\n    99"


def test_a_group_without_members_cannot_be_signalled() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""], start_new_session=True)
    child.wait()
    assert signal_group(child.pid, signal.SIGTERM) is False
