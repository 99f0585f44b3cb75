"""Folders for servers that live as long as a test."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MEMORY = Path("/dev/shm")  # noqa: S108
_ROOM = 4 << 30


@contextmanager
def passing_folder() -> Iterator[Path]:
    """Yield a folder that is gone afterwards, with a short path as sockets need it.

    It lies in memory where there are 4 GiB to spare: a clone of a database takes a fifth of the
    time that a disk needs for its three hundred files.
    """
    spacious = os.access(_MEMORY, os.W_OK | os.X_OK) and shutil.disk_usage(_MEMORY).free > _ROOM
    place = _MEMORY if spacious else None
    with tempfile.TemporaryDirectory(prefix="jw-", dir=place, ignore_cleanup_errors=True) as folder:
        yield Path(folder)
