"""Signed checkpoints of the trail, kept outside the database.

A chain cannot tell that its end was cut off, or that all of it was written anew.  A checkpoint
(number and link of the last row, signed with Ed25519) can; it is kept in a file, told to the log,
and answered to whoever verifies, so that a copy lies where the database's keeper does not reach.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from fastapi import FastAPI
from sqlalchemy import Table, select

from kit.app import Hook
from kit.db import Database, Tx
from kit.sealing.vault import Vault

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of a trail at one time; `genuine` tells whether the signature holds."""

    service: str
    seq: int
    hash: str
    at: str
    signature: str = ""
    genuine: bool = True

    def line(self) -> str:
        """Return the checkpoint as a line of a file."""
        return orjson.dumps(self._content() | {"signature": self.signature}).decode()

    def _content(self) -> dict[str, Any]:
        return {"service": self.service, "seq": self.seq, "hash": self.hash, "at": self.at}

    def signed_text(self) -> bytes:
        """Return what is signed."""
        return orjson.dumps(self._content(), option=orjson.OPT_SORT_KEYS)


class Notary:
    """Signs checkpoints of one service and knows its own again."""

    def __init__(self, service: str, vault: Vault) -> None:
        self._service = service
        self._vault = vault

    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self._vault.ring.named("audit"))

    @property
    def public_key(self) -> str:
        """The public key in base64, for whoever checks a signature elsewhere."""
        return base64.b64encode(self._key().public_key().public_bytes_raw()).decode()

    def sign(self, seq: int, hashed: bytes, at: datetime) -> Checkpoint:
        """Return a signed checkpoint."""
        time = at.astimezone(UTC).isoformat()
        bare = Checkpoint(self._service, seq, hashed.hex(), time)
        signature = base64.b64encode(self._key().sign(bare.signed_text())).decode()
        return Checkpoint(bare.service, bare.seq, bare.hash, bare.at, signature)

    def read(self, text: str) -> list[Checkpoint]:
        """Return the checkpoints of a file's text; those that are not ours are not `genuine`."""
        public = self._key().public_key()
        return [self._one(public, line) for line in text.splitlines() if line.strip()]

    def _one(self, public: Ed25519PublicKey, line: str) -> Checkpoint:
        try:
            known = orjson.loads(line)
            found = Checkpoint(
                str(known["service"]),
                int(known["seq"]),
                str(known["hash"]),
                str(known["at"]),
                str(known["signature"]),
            )
            public.verify(base64.b64decode(found.signature), found.signed_text())
        except (ValueError, KeyError, TypeError, binascii.Error, InvalidSignature):
            return Checkpoint(self._service, 0, "", "", genuine=False)
        return found if found.service == self._service else Checkpoint("", 0, "", "", genuine=False)


class CheckpointFile:
    """The kept checkpoints of a service: lines that are only added."""

    def __init__(self, folder: Path, service: str) -> None:
        self.path = folder / f"{service}.checkpoints"

    def text(self) -> str:
        """Return all lines, none when there is no file yet."""
        try:
            return self.path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""

    def add(self, checkpoint: Checkpoint) -> None:
        """Add a line and make it durable."""
        self.path.parent.mkdir(0o700, parents=True, exist_ok=True)
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(handle, checkpoint.line().encode() + b"\n")
            os.fsync(handle)
        finally:
            os.close(handle)


@dataclass(frozen=True, slots=True)
class Trail:
    """The trail of one service with all that verifying it needs."""

    service: str
    table: Table
    notary: Notary
    file: CheckpointFile

    def kept(self) -> Sequence[Checkpoint]:
        """Return the kept checkpoints."""
        return self.notary.read(self.file.text())


async def head(tx: Tx, table: Table) -> tuple[int, bytes] | None:
    """Return number and link of the last row."""
    statement = select(table.c.seq, table.c.hash).order_by(table.c.seq.desc()).limit(1)
    row = (await tx.execute(statement)).one_or_none()
    return None if row is None else (row.seq, row.hash)


async def take(trail: Trail, database: Database, *, at: datetime) -> Checkpoint | None:
    """Sign and keep a checkpoint of the last row; None when there is none, or none is new."""
    async with database.reading() as tx:
        last = await head(tx, trail.table)
    kept = trail.kept()
    if last is None or (kept and kept[-1].genuine and kept[-1].seq >= last[0]):
        return None
    made = trail.notary.sign(*last, at)
    await asyncio.to_thread(trail.file.add, made)
    log.info("audit_checkpoint", seq=made.seq, hash=made.hash, signature=made.signature)
    return made


def checkpointing(trail: Trail, *, every_s: float) -> Hook:
    """Return the hook that takes a checkpoint now and then while the application serves."""

    @asynccontextmanager
    async def run(app: FastAPI) -> AsyncIterator[None]:
        async def once() -> None:
            try:
                await take(trail, app.state.database, at=app.state.clock.now())
            except Exception as error:  # noqa: BLE001 - the loop must outlive any fault
                log.warning("audit_checkpoint_failed", error=type(error).__name__)

        async def forever() -> None:
            while True:
                await asyncio.sleep(every_s)
                await once()

        task = asyncio.create_task(forever(), name="audit checkpoints")
        try:
            yield
        finally:
            task.cancel()
            await once()

    return run
