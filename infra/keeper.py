"""The keeper: ends what `make run` started when `make run` itself is killed outright.

A process that dies by SIGKILL can clean up nothing, so this one watches a pipe from it.  Lines
`start PID` and `gone PID` tell which process groups live; the pipe's end without `done` means that
the writer was killed: then the groups are ended and the embedded database is stopped - unless
another start holds the installation's lock by then.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

from infra.var_folder import CannotStart, VarFolder

_GRACE_S = 10.0


class Keeper:
    """The writer's end of the pipe; a keeper that is gone is no reason to stop working."""

    def __init__(self, var: VarFolder) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "infra.keeper", str(var.root)],
            cwd=Path(__file__).parent.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _tell(self, line: str) -> None:
        pipe = self._process.stdin
        try:
            if pipe is not None:
                pipe.write(f"{line}\n".encode())
                pipe.flush()
        except OSError:
            return

    def started(self, pid: int) -> None:
        """Put a process group into care."""
        self._tell(f"start {pid}")

    def gone(self, pid: int) -> None:
        """Take a process group out of care: its id may be used anew."""
        self._tell(f"gone {pid}")

    def dismiss(self) -> None:
        """Tell that everything was stopped in order."""
        self._tell("done")
        self._process.communicate()


def groups_left(lines: IO[str]) -> set[int] | None:
    """Return the groups that live when the pipe ends, None when all was stopped in order."""
    living: set[int] = set()
    for line in lines:
        word, _, pid = line.strip().partition(" ")
        if word == "done":
            return None
        if word == "start":
            living.add(int(pid))
        elif word == "gone":
            living.discard(int(pid))
    return living


def signal_group(pid: int, number: int) -> bool:
    """Send a signal to a process group; returns False when it has nobody left."""
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        return False
    except PermissionError:
        # macOS says so of a group of which only a zombie is left.
        return False
    return True


def end_groups(pids: set[int], grace_s: float = _GRACE_S) -> None:
    """Ask every group to stop, then kill what is left after the grace time."""
    for pid in pids:
        signal_group(pid, signal.SIGTERM)
    deadline = time.monotonic() + grace_s
    left = set(pids)
    while left and time.monotonic() < deadline:
        left = {pid for pid in left if signal_group(pid, 0)}
        time.sleep(0.1)
    for pid in left:
        signal_group(pid, signal.SIGKILL)


def main() -> int:
    """Wait for the writer's end, then clean up after it if it was killed."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    var = VarFolder(Path(sys.argv[1]))
    left = groups_left(sys.stdin)
    if left is None:
        return 0
    end_groups(left)
    try:
        with var.locked("the clean-up after a kill"):
            if (var.postgres / "postmaster.pid").exists():
                from kit.embedded_postgres import EmbeddedPostgres  # noqa: PLC0415 - heavy, rare

                EmbeddedPostgres(var.postgres).stop()
    except CannotStart:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
