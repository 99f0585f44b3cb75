"""Which TCP ports of this machine are free."""

from __future__ import annotations

import fcntl
import socket
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from infra.var_folder import CannotStart

LOOPBACK = "127.0.0.1"

#: Open files whose locks say that this process means to use a port; they go with the process.
_CLAIMS: dict[int, IO[str]] = {}


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Tell whether a server could listen there now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """Return a port that nobody listens on at this moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
    return port


def _claim(port: int) -> bool:
    """Keep another installation that starts at this moment from choosing the same port."""
    try:
        claim = (Path(tempfile.gettempdir()) / f"jingwei-port-{port}.lock").open("a")
    except OSError:
        return False
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        claim.close()
        return False
    _CLAIMS[port] = claim
    return True


def choose(preferred: Mapping[str, int]) -> dict[str, int]:
    """Return a free port for each name: the preferred one when it is free."""
    chosen: dict[str, int] = {}
    for name, port in preferred.items():
        wanted = port
        while not wanted or wanted in chosen.values() or not is_free(wanted) or not _claim(wanted):
            wanted = free_port()
        chosen[name] = wanted
    return chosen


def require_free(port: int) -> None:
    """Raise CannotStart when the public port is taken: people were told that number."""
    if not is_free(port):
        raise CannotStart(
            f"Port {port} is taken by another program.",
            f"Choose another: make run PORT={free_port()}",
        )
