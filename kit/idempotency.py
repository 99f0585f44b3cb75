"""Idempotency-Key (IETF draft-ietf-httpapi-idempotency-key-header): one effect per key.

The answer is saved in the transaction of the effect, so a crash keeps both or neither.  A twin
that arrives while the first still runs gets 409; the same key with another body 422; anything
that failed is not kept and may be tried again with the same key.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Column, Integer, LargeBinary, MetaData, Table, Text, delete, select, text
from sqlalchemy.dialects.postgresql import JSONB, insert

from kit import errors
from kit.db import Tx, UtcDateTime


class KeyReused(errors.Invalid):
    """The key was used before with another body."""

    code = "idempotency.key_reused"
    title = errors.Text("Idempotency key reused", "幂等键重复使用")
    detail = errors.Text(
        "This Idempotency-Key was used before with another request.",
        "该 Idempotency-Key 已用于另一内容不同的请求。",
    )
    cure = errors.Text("Use a fresh key for another request.", "不同的请求请使用新的键。")


class StillRunning(errors.Conflict):
    """The first request with the key has not ended."""

    code = "idempotency.in_progress"
    title = errors.Text("Request in progress", "请求处理中")
    detail = errors.Text(
        "The first request with this Idempotency-Key is still running.",
        "使用该 Idempotency-Key 的首个请求仍在处理。",
    )
    cure = errors.Text("Repeat it in a moment.", "请稍后重试。")


class KeyMissing(errors.Malformed):
    """The route requires a key."""

    code = "idempotency.key_missing"
    title = errors.Text("Idempotency key missing", "缺少幂等键")
    detail = errors.Text(
        "This request needs an Idempotency-Key header.", "该请求需要 Idempotency-Key 请求头。"
    )
    cure = errors.Text(
        "Send any unique text of 8..255 characters, and the same one when you repeat the request.",
        "发送 8 至 255 个字符的唯一文本，重试时保持不变。",
    )


def idempotency_table(metadata: MetaData) -> Table:
    """Add the table of saved answers to a service's metadata."""
    return Table(
        "idempotency_keys",
        metadata,
        Column("client_id", Text, primary_key=True),
        Column("route", Text, primary_key=True),
        Column("key", Text, primary_key=True),
        Column("request_sha256", LargeBinary, nullable=False),
        Column("status", Integer, nullable=False),
        Column("headers", JSONB, nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("created_at", UtcDateTime, nullable=False, index=True),
    )


@dataclass(frozen=True, slots=True)
class SavedAnswer:
    """The first answer to a key."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Claim:
    """A key being used: scoped to one client and one route (method and path)."""

    client_id: str
    route: str
    key: str
    request_sha256: bytes

    def lock_number(self) -> int:
        """Return the 63-bit advisory-lock number of the key."""
        joined = "\x1f".join((self.client_id, self.route, self.key)).encode()
        return int.from_bytes(hashlib.sha256(joined).digest()[:8], "big") >> 1


async def begin(tx: Tx, table: Table, claim: Claim) -> SavedAnswer | None:
    """Claim the key for this transaction, or return the answer that it already has.

    Raises StillRunning or KeyReused.
    """
    locked = await tx.scalar(
        text("SELECT pg_try_advisory_xact_lock(:number)"), {"number": claim.lock_number()}
    )
    if not locked:
        raise StillRunning(retry_after_s=1)
    row = (
        await tx.execute(
            select(table).where(
                table.c.client_id == claim.client_id,
                table.c.route == claim.route,
                table.c.key == claim.key,
            )
        )
    ).one_or_none()
    if row is None:
        return None
    if row.request_sha256 != claim.request_sha256:
        raise KeyReused
    return SavedAnswer(row.status, row.headers, row.body)


async def save(tx: Tx, table: Table, claim: Claim, answer: SavedAnswer, *, now: datetime) -> None:
    """Keep the answer, to be committed together with the effect."""
    await tx.execute(
        insert(table).values(
            client_id=claim.client_id,
            route=claim.route,
            key=claim.key,
            request_sha256=claim.request_sha256,
            status=answer.status,
            headers=answer.headers,
            body=answer.body,
            created_at=now,
        )
    )


async def forget_old(tx: Tx, table: Table, *, now: datetime, hours: int) -> int:
    """Delete answers older than the promised hours; returns how many."""
    done = await tx.execute(delete(table).where(table.c.created_at < now - timedelta(hours=hours)))
    return int(done.rowcount)
