"""Where uploads wait: received chunk by chunk, hashed, on disk before anything is promised."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from starlette.requests import ClientDisconnect, Request

from kit.bulk.problems import BodyEmpty, BodyIncomplete

_ENDING = ".upload"
_WRITE_BYTES = 1 << 20
#: A sender slower than this, after the first deadline, is only holding the connection.
_SLOWEST_BYTES_S = 1024


@dataclass(frozen=True, slots=True)
class Upload:
    """A received body: its hash and its length in bytes."""

    sha256: str
    bytes: int


class Spool:
    """A folder of uploads named by the id of their job; only this account can read it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, import_id: UUID) -> Path:
        """Return where the upload of a job lies."""
        return self._folder / f"{import_id}{_ENDING}"

    async def receive(self, request: Request, import_id: UUID, *, deadline_s: float) -> Upload:
        """Write the body to disk and make it durable; nothing stays behind when that fails.

        Raises BodyEmpty, BodyIncomplete (cut, or slower than 1 KiB/s); what limits the size
        stands in front of the application.
        """
        path = self.path(import_id)
        await asyncio.to_thread(self._folder.mkdir, 0o700, parents=True, exist_ok=True)
        handle = await asyncio.to_thread(os.open, path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        done = False
        try:
            upload = await _copy(request, handle, deadline_s)
            await asyncio.to_thread(os.fsync, handle)
            done = True
        finally:
            os.close(handle)
            if not done:
                self.forget(import_id)
        await asyncio.to_thread(_sync_folder, self._folder)
        return upload

    def forget(self, import_id: UUID) -> None:
        """Delete the upload of a job, if it is there."""
        self.path(import_id).unlink(missing_ok=True)

    def waiting(self, older_than_s: float) -> list[UUID]:
        """Return the jobs whose uploads have lain here for longer than so many seconds."""
        found = []
        before = time.time() - older_than_s
        for path in self._folder.glob(f"*{_ENDING}"):
            try:
                if path.stat().st_mtime < before:
                    found.append(UUID(path.name.removesuffix(_ENDING)))
            except (FileNotFoundError, ValueError):
                continue
        return found


async def _copy(request: Request, handle: int, deadline_s: float) -> Upload:
    digest = hashlib.sha256()
    size = 0
    pending = bytearray()
    loop = asyncio.get_running_loop()
    begun = loop.time()
    chunks = aiter(request.stream())
    try:
        while True:
            async with asyncio.timeout(deadline_s):
                chunk = await anext(chunks, None)
            if chunk is None:
                break
            size += len(chunk)
            pending += chunk
            if loop.time() - begun > deadline_s + size / _SLOWEST_BYTES_S:
                raise BodyIncomplete
            if len(pending) >= _WRITE_BYTES:
                await asyncio.to_thread(_write, handle, bytes(pending), digest)
                pending.clear()
    except (ClientDisconnect, TimeoutError):
        raise BodyIncomplete from None
    await asyncio.to_thread(_write, handle, bytes(pending), digest)
    if size == 0:
        raise BodyEmpty
    return Upload(digest.hexdigest(), size)


def _write(handle: int, data: bytes, digest: hashlib._Hash) -> None:
    digest.update(data)
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def _sync_folder(folder: Path) -> None:
    # A file's name is durable only once its folder is.
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
