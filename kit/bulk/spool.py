"""Where uploads wait: received chunk by chunk, hashed, on disk before anything is promised.

A service that keeps personal data gives its vault: its uploads then lie sealed.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol
from uuid import UUID

from starlette.requests import ClientDisconnect, Request

from kit.bulk.problems import BodyEmpty, BodyIncomplete
from kit.sealing.files import FileSealer, open_sealed
from kit.sealing.vault import Vault

_ENDING = ".upload"
_WRITE_BYTES = 1 << 20
#: A sender slower than this, after the first deadline, is only holding the connection.
_SLOWEST_BYTES_S = 1024


@dataclass(frozen=True, slots=True)
class Upload:
    """A received body: its hash and its length in bytes."""

    sha256: str
    bytes: int


class Openable(Protocol):
    """What can be opened for reading its bytes, as a path can."""

    def open(self, mode: str) -> BinaryIO:
        """Return the bytes from the first on."""
        ...


@dataclass(frozen=True, slots=True)
class Spooled:
    """An upload on disk; opening it gives what was sent, however it lies there."""

    path: Path
    vault: Vault | None = None

    def open(self, mode: str = "rb") -> BinaryIO:
        """Return the bytes that were sent; raises FileNotFoundError, SealBroken."""
        if mode != "rb":
            message = "an upload is only read"
            raise ValueError(message)
        if self.vault is None:
            return self.path.open("rb")
        return open_sealed(self.path, self.vault.ring, self.path.name)


class Spool:
    """A folder of uploads named by the id of their job; only this account can read it."""

    def __init__(self, folder: Path, vault: Vault | None = None) -> None:
        self._folder = folder
        self._vault = vault

    def path(self, import_id: UUID) -> Path:
        """Return where the upload of a job lies."""
        return self._folder / f"{import_id}{_ENDING}"

    def upload(self, import_id: UUID) -> Spooled:
        """Return the upload of a job, to be opened."""
        return Spooled(self.path(import_id), self._vault)

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
            sealer = FileSealer(self._vault.ring, path.name) if self._vault else None
            upload = await _copy(request, _Sink(handle, sealer), deadline_s)
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


class _Sink:
    """Writes the bytes of an upload, sealed where there is a sealer, and hashes what was sent."""

    def __init__(self, handle: int, sealer: FileSealer | None) -> None:
        self._handle = handle
        self._sealer = sealer
        self._digest = hashlib.sha256()

    def write(self, data: bytes) -> None:
        """Take the next bytes."""
        self._digest.update(data)
        self._put(data if self._sealer is None else self._sealer.update(data))

    def finish(self) -> str:
        """Write the rest; returns the SHA-256 of what was sent."""
        if self._sealer is not None:
            self._put(self._sealer.finish())
        return self._digest.hexdigest()

    def _put(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._handle, view) :]


async def _copy(request: Request, sink: _Sink, deadline_s: float) -> Upload:
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
                await asyncio.to_thread(sink.write, bytes(pending))
                pending.clear()
    except (ClientDisconnect, TimeoutError):
        raise BodyIncomplete from None
    if size == 0:
        raise BodyEmpty
    await asyncio.to_thread(sink.write, bytes(pending))
    return Upload(await asyncio.to_thread(sink.finish), size)


def _sync_folder(folder: Path) -> None:
    # A file's name is durable only once its folder is.
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
