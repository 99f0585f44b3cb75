"""Receiving an upload: durable when it is whole, gone when it is not."""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request

from kit.bulk.problems import BodyEmpty, BodyIncomplete
from kit.bulk.spool import Spool, Spooled
from kit.ids import new_id
from kit.sealing.keys import KeyRing, SealBroken
from kit.sealing.vault import Vault

Message = dict[str, Any]


def request_of(*messages: Message | float) -> Request:
    """A request whose messages come one by one; a number is a pause in seconds."""
    waiting = list(messages)

    async def receive() -> Message:
        while True:
            message = waiting.pop(0)
            if isinstance(message, dict):
                return message
            await asyncio.sleep(message)

    answer: Callable[[], Awaitable[Message]] = receive
    return Request({"type": "http", "method": "POST", "headers": []}, answer)


def chunk(data: bytes, more: bool = True) -> Message:
    return {"type": "http.request", "body": data, "more_body": more}


def test_a_whole_body_is_written_hashed_and_private(tmp_path: Path) -> None:
    spool, import_id = Spool(tmp_path / "deep" / "spool"), new_id()
    parts = [b"a" * 700_000, b"b" * 700_000, b"c"]
    request = request_of(*(chunk(part) for part in parts), chunk(b"", more=False))
    upload = asyncio.run(spool.receive(request, import_id, deadline_s=5))
    whole = b"".join(parts)
    assert (upload.bytes, upload.sha256) == (len(whole), hashlib.sha256(whole).hexdigest())
    assert spool.path(import_id).read_bytes() == whole
    assert stat.S_IMODE(spool.path(import_id).stat().st_mode) == 0o600
    spool.forget(import_id)
    spool.forget(import_id)
    assert not spool.path(import_id).exists()


@pytest.mark.parametrize(
    ("messages", "problem"),
    [
        ([chunk(b"a"), {"type": "http.disconnect"}], BodyIncomplete),
        ([chunk(b"a"), 9.0], BodyIncomplete),
        ([*([chunk(b"a"), 0.08] * 5)], BodyIncomplete),
        ([chunk(b"", more=False)], BodyEmpty),
    ],
    ids=["cut", "stalled", "dripping", "empty"],
)
def test_a_body_that_does_not_come_whole_leaves_nothing(
    tmp_path: Path, messages: list[Any], problem: type[Exception]
) -> None:
    spool = Spool(tmp_path)
    with pytest.raises(problem):
        asyncio.run(spool.receive(request_of(*messages), new_id(), deadline_s=0.2))
    assert list(tmp_path.iterdir()) == []


def test_uploads_that_lie_too_long_are_found(tmp_path: Path) -> None:
    spool, old, young = Spool(tmp_path), new_id(), new_id()
    for import_id in (old, young):
        spool.path(import_id).write_bytes(b"x")
    (tmp_path / "someone-elses.upload").write_bytes(b"x")
    for path in (spool.path(old), tmp_path / "someone-elses.upload"):
        os.utime(path, (1, 1))
    assert spool.waiting(3600) == [old]


def test_with_a_vault_an_upload_lies_sealed_and_opens_as_it_was_sent(tmp_path: Path) -> None:
    vault = Vault(lambda: KeyRing({1: bytes(range(180, 212))}, {"index": bytes(32)}))
    vault.open()
    spool, import_id = Spool(tmp_path, vault), new_id()
    content = b"name,phone\n" + b"\xe7\x8e\x8b,13800138000\n" * 100_000
    parts = [content[at : at + 65_536] for at in range(0, len(content), 65_536)]
    request = request_of(*(chunk(part) for part in parts), chunk(b"", more=False))
    upload = asyncio.run(spool.receive(request, import_id, deadline_s=5))
    assert (upload.bytes, upload.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert b"13800138000" not in spool.path(import_id).read_bytes()
    with spool.upload(import_id).open() as file:
        assert file.read() == content
    with pytest.raises(ValueError, match="only read"):
        spool.upload(import_id).open("wb")
    other = Spool(tmp_path, vault)
    spool.path(import_id).rename(other.path(new_id()))
    moved = next(tmp_path.iterdir())
    with pytest.raises(SealBroken), Spooled(moved, vault).open() as file:
        file.read()
