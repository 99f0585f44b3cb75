"""Child processes: started with a log file each, watched, restarted with backoff, stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from infra.keeper import Keeper, end_groups, signal_group
from infra.var_folder import CannotStart, VarFolder

_POLL_S = 0.2
_BACKOFF_MAX_S = 30.0
_HEALTHY_AFTER_S = 60.0
_LOG_MAX_BYTES = 32 << 20
_ROOT = Path(__file__).parent.parent
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Program:
    """What to run: the module's arguments, its environment, and where it answers /readyz."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    ready_url: str | None = None


class Child:
    """One running program in a process group of its own, so that its own children go with it."""

    def __init__(self, program: Program, var: VarFolder, keeper: Keeper) -> None:
        self.program = program
        self.log_file = var.logs / f"{program.name}.log"
        self._keeper = keeper
        self.failures = 0
        self.restart_at: float | None = None
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        if self.log_file.exists() and self.log_file.stat().st_size > _LOG_MAX_BYTES:
            self.log_file.replace(self.log_file.with_suffix(".log.1"))
        self.started_at = time.monotonic()
        self._is_swept = False
        with self.log_file.open("ab") as log:
            process = subprocess.Popen(
                command(self.program),
                env=child_environment(self.program.environment),
                cwd=_ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._keeper.started(process.pid)
        return process

    def watch(self, now: float, say: Say) -> None:
        """Notice a death, tell it with the log's tail, and start again when its time has come."""
        if self.restart_at is not None:
            if now >= self.restart_at:
                self.restart_at = None
                self.process = self._start()
                say(f"{self.program.name} started again (process {self.process.pid})")
            return
        status = self.process.poll()
        if status is None:
            return
        self.sweep()
        self.failures = 0 if now - self.started_at > _HEALTHY_AFTER_S else self.failures + 1
        wait_s = min(_BACKOFF_MAX_S, 0.25 * 2**self.failures)
        self.restart_at = now + wait_s
        say(
            f"{self.program.name} ended by itself ({ending(status)}); next start in {wait_s:g} s. "
            f"Its last lines ({self.log_file}):\n{tail(self.log_file)}"
        )

    def sweep(self) -> None:
        """Kill what a dead program left of its process group (a worker's own children), once."""
        if self._is_swept:
            return
        self._is_swept = True
        signal_group(self.process.pid, signal.SIGKILL)
        self._keeper.gone(self.process.pid)

    def is_ready(self, http: httpx.Client) -> bool:
        """Tell whether it runs and, where it serves HTTP, says that it is ready."""
        if self.process.poll() is not None:
            return False
        if self.program.ready_url is None:
            return True
        try:
            return http.get(self.program.ready_url, timeout=2.0).status_code == 200
        except httpx.HTTPError:
            return False


class Supervisor:
    """Keeps a set of programs running from a thread of its own until stopped."""

    def __init__(self, var: VarFolder, keeper: Keeper, say: Say) -> None:
        self._var = var
        self._keeper = keeper
        self._say = say
        self._children: dict[str, Child] = {}
        self._paused: set[str] = set()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)

    def start(self, programs: Sequence[Program]) -> None:
        """Start the programs and the thread that watches them."""
        for program in programs:
            self._children[program.name] = Child(program, self._var, self._keeper)
        self._thread.start()

    def pid(self, name: str) -> int:
        """Return the process id of a program as it runs now."""
        with self._lock:
            return self._children[name].process.pid

    def pause(self, name: str, grace_s: float = 10.0) -> None:
        """Stop one program and leave it stopped."""
        with self._lock:
            self._paused.add(name)
            stop_children([self._children[name]], grace_s)

    def resume(self, name: str) -> None:
        """Start a paused program again."""
        with self._lock:
            self._paused.discard(name)
            self._children[name].restart_at = time.monotonic()

    def wait_ready(self, deadline_s: float, names: Sequence[str] = ()) -> None:
        """Return when all (or the named) programs are ready; raises CannotStart when late."""
        deadline = time.monotonic() + deadline_s
        waiting = list(names or self._children)
        with httpx.Client() as http:
            while waiting:
                waiting = [n for n in waiting if not self._children[n].is_ready(http)]
                if waiting and time.monotonic() > deadline:
                    raise _late(self._children[waiting[0]], deadline_s)
                if waiting and self._stopping.wait(_POLL_S):
                    return

    def _watch(self) -> None:
        while not self._stopping.wait(_POLL_S):
            with self._lock:
                for name, child in self._children.items():
                    if name not in self._paused:
                        child.watch(time.monotonic(), self._say)

    def stop(self, first: str | None = None, grace_s: float = 10.0) -> None:
        """Stop every program: the named one first (the door), then the others side by side."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        door = [child for name, child in self._children.items() if name == first]
        rest = [child for name, child in self._children.items() if name != first]
        stop_children(door, grace_s / 2)
        stop_children(rest, grace_s)
        self._children.clear()


def _late(child: Child, deadline_s: float) -> CannotStart:
    return CannotStart(
        f"{child.program.name} was not ready after {deadline_s:g} s.",
        f"Its last lines ({child.log_file}):\n{tail(child.log_file)}",
    )


def stop_children(children: Sequence[Child], grace_s: float) -> None:
    """Ask each to end, wait, kill what is left; nothing of their groups stays."""
    running = [child for child in children if child.process.poll() is None]
    for child in running:
        child.process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + grace_s
    for child in running:
        try:
            child.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            end_groups({child.process.pid}, grace_s=0.0)
            child.process.wait()
    for child in children:
        child.sweep()


def command(program: Program) -> list[str]:
    """Return the command line that runs a program's module under this interpreter."""
    return [sys.executable, "-m", *program.arguments]


def child_environment(own: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment with the program's own on top."""
    return os.environ | {"PYTHONUNBUFFERED": "1", "PYTHONSAFEPATH": "", **own}


def ending(status: int) -> str:
    """Say how a process ended."""
    if status >= 0:
        return f"exit code {status}"
    return f"signal {signal.Signals(-status).name}"


def tail(path: Path, lines: int = 8, width: int = 400) -> str:
    """Return the last lines of a log file, indented, none wider than `width`."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 16_384))
        text = file.read().decode("utf-8", "replace")
    return "\n".join(f"    {line[:width]}" for line in text.splitlines()[-lines:])
