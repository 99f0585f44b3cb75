"""The folder of one installation: its lock, its secrets, its logs, its database."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def _random() -> str:
    return secrets.token_urlsafe(32)


class CannotStart(Exception):
    """The system cannot start here; the message names the reason, `cure` what to do."""

    def __init__(self, message: str, cure: str) -> None:
        super().__init__(message)
        self.cure = cure


class VarFolder:
    """Paths and secrets of an installation below one folder.

    Secrets are made once, readable by the owner only, and replaced as whole files, so that a kill
    in mid-write leaves the old ones.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.postgres = self.root / "postgres"
        self.logs = self.root / "log"
        self.spool = self.root / "spool"
        self.lock_file = self.root / "run.lock"
        self.secrets_file = self.root / "secrets.json"
        self.run_note = self.root / "run.json"
        self.admin_env = self.root / "admin.env"
        self.demo_folder = self.root / "demo"
        self.demo_marker = self.root / "demo.json"

    def prepare(self) -> None:
        """Make the folders; raises CannotStart when that is not allowed."""
        try:
            for folder in (self.root, self.logs, self.spool):
                folder.mkdir(parents=True, exist_ok=True)
            probe = self.root / ".probe"
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            raise CannotStart(
                f"{self.root} cannot be written: {error.strerror}.",
                "Free it or choose another folder: make run VAR=/another/folder",
            ) from error

    @contextmanager
    def locked(self, note: str) -> Iterator[None]:
        """Hold the installation for the length of a block; the kernel frees it on any death.

        `note` (for people: the address) is shown to whoever comes second.
        """
        with self.lock_file.open("a+", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise CannotStart(
                    f"Jingwei already runs on {self.root} ({holder(self.lock_file)}).",
                    "Use that one, stop it with Ctrl-C (or kill that process), or start another "
                    "beside it: make run VAR=var2 PORT=8090",
                ) from error
            file.truncate(0)
            file.write(f"process {os.getpid()}, {note}\n")
            file.flush()
            try:
                yield
            finally:
                file.truncate(0)

    def secret(
        self, group: str, names: Sequence[str], make: Callable[[], str] = _random
    ) -> dict[str, str]:
        """Return the secret of each name of a group, made at the first call."""
        known = read_json(self.secrets_file)
        mine: dict[str, str] = known.setdefault(group, {})
        missing = [name for name in names if name not in mine]
        if missing:
            mine.update({name: make() for name in missing})
            write_private(self.secrets_file, json.dumps(known, indent=1))
        return {name: mine[name] for name in names}


def holder(lock_file: Path) -> str:
    """Return what the holder of a lock wrote into it."""
    try:
        return lock_file.read_text(encoding="utf-8").strip() or "its process is just starting"
    except OSError:
        return "by another user"


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in a file, empty when there is no file; raises CannotStart when broken."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise CannotStart(
            f"{path} cannot be read ({type(error).__name__}).",
            "Restore it from a backup; without it the databases and clients cannot be opened.",
        ) from error
    return content


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step, readable by the owner only from its first byte."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
