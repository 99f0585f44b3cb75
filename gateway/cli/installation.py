"""What `doctor` looks at on this machine: Python, packages, disk, the processes of `make run`."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shutil
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

_PYTHON_MIN = (3, 11)
_DISK_MIN_BYTES = 2 << 30
_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)\s*(;[^\\]*)?", re.MULTILINE)

Grade = Literal["ok", "warning", "wrong"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look found; `cure` says how to mend it."""

    check: str
    grade: Grade
    found: str
    cure: str = ""


def wrong(check: str, found: str, cure: str) -> Finding:
    """Return a finding that makes the doctor fail."""
    return Finding(check, "wrong", found, cure)


def python_version() -> Finding:
    """Look at the interpreter."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < _PYTHON_MIN:
        return wrong("python", version, "Install Python 3.11 or newer, then `make setup`.")
    return Finding("python", "ok", version)


def packages(lock: Path) -> Finding:
    """Compare the installed packages with the lock file."""
    try:
        text = lock.read_text(encoding="utf-8")
    except OSError:
        return Finding("packages", "warning", f"{lock.name} is not here; nothing to compare with.")
    differing = [
        f"{name} {found or 'missing'} (lock: {version})"
        for name, version, marker in _PIN.findall(text)
        if not marker and (found := _installed(name)) != version
    ]
    if differing:
        return wrong(
            "packages",
            f"{len(differing)} differ from {lock.name}: {', '.join(differing[:4])}",
            "make setup (or rm -rf .venv and make setup)",
        )
    return Finding("packages", "ok", f"all as in {lock.name}")


def _installed(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def var_folder(var: Path) -> Finding:
    """Look whether the installation's folder can be written."""
    if not var.exists():
        return Finding("var folder", "warning", f"{var} does not exist", "`make run` makes it.")
    if not os.access(var, os.W_OK | os.X_OK):
        return wrong("var folder", f"{var} cannot be written", f"chown it: {var}")
    return Finding("var folder", "ok", str(var))


def secrets(var: Path) -> Iterator[Finding]:
    """Look whether the files with secrets are the owner's alone."""
    for name in ("admin.env", "secrets.json", "gateway.key"):
        path = var / name
        if path.exists() and path.stat().st_mode & 0o077:
            yield wrong("secrets", f"others may read {path}", f"chmod 600 {path}")


def disk(folder: Path) -> Finding:
    """Look at the room that is left."""
    here = folder if folder.exists() else folder.parent
    free = shutil.disk_usage(here).free
    found = f"{free / (1 << 30):.1f} GiB free"
    if free < _DISK_MIN_BYTES:
        return wrong("disk", found, "Free at least 2 GiB: PostgreSQL stops on a full disk.")
    return Finding("disk", "ok", found)


def run_note(var: Path) -> dict[str, Any] | None:
    """Return what the running `make run` wrote of itself, None when none runs here."""
    try:
        note: dict[str, Any] = json.loads((var / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return note if _is_alive(int(note.get("pid", 0))) else None


def _is_alive(pid: int) -> bool:
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def embedded_server(var: Path) -> Finding:
    """Look at the embedded PostgreSQL: its pid file and its process."""
    pid_file = var / "postgres" / "postmaster.pid"
    if not (var / "postgres").exists():
        return Finding("database", "warning", "no embedded server here", "`make run` makes it.")
    try:
        lines = pid_file.read_text(encoding="utf-8").splitlines()
        pid, status = int(lines[0]), lines[7].strip() if len(lines) > 7 else "starting"
    except (OSError, ValueError, IndexError):
        return wrong("database", "the embedded server is stopped", "make run")
    if not _is_alive(pid):
        return wrong(
            "database", f"its process {pid} is gone", "make run (it recovers from its log)"
        )
    return Finding("database", "ok" if status == "ready" else "warning", f"{status}, process {pid}")


def port(number: int) -> Finding:
    """Look whether the public port could be taken by `make run`."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", number))
        except OSError:
            return wrong(
                "port",
                f"{number} is taken by another program",
                "make run PORT=8090 (any free port)",
            )
    return Finding("port", "ok", f"{number} is free")
