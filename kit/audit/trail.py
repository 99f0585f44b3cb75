"""Writing the audit trail: who did what to whom and why, with the transaction of the effect."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import orjson
from sqlalchemy import ColumnElement, Select, Table, insert, select

from kit.areas import in_areas, under
from kit.auth import Principal
from kit.db import Tx

Outcome = Literal["done", "refused"]
#: What a row says, in the order in which it is hashed.
CONTENT = (
    "at",
    "client_id",
    "areas",
    "action",
    "noun",
    "subjects",
    "area",
    "purpose",
    "purpose_note",
    "outcome",
    "ip",
    "request_id",
    "fields",
    "details",
)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and from where."""

    client_id: str
    areas: tuple[str, ...]
    request_id: str = "-"
    ip: str | None = None


def of_command(name: str) -> Actor:
    """Return the actor that stands for a command at the machine."""
    return Actor(f"command:{name}", ("*",))


def of_client(caller: Principal, request_id: str = "-", ip: str | None = None) -> Actor:
    """Return the actor that a token names."""
    return Actor(caller.client_id, caller.areas, request_id, ip)


@dataclass(frozen=True, slots=True)
class Purpose:
    """Why something is read: a code of the operator's list, and words of one's own."""

    code: str
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing done, or refused.

    `subjects` are the ids of what it was done to, `area` the code that they all belong to, `fields`
    names of fields (never a value), `details` whatever else is no personal datum: texts, whole
    numbers, lists and objects of them.
    """

    action: str
    noun: str
    subjects: Sequence[str] = ()
    area: str = ""
    fields: Sequence[str] = ()
    purpose: Purpose | None = None
    outcome: Outcome = "done"
    details: Mapping[str, Any] = field(default_factory=dict)


def area_of(codes: Sequence[str]) -> str:
    """Return the longest code that all the codes begin with, to the level of a division."""
    if not codes:
        return ""
    # What the first and the last in order share, all between them share.
    first, last = min(codes), max(codes)
    shared = next((at for at, mark in enumerate(first) if last[at : at + 1] != mark), len(first))
    return first[: next((digits for digits in (15, 12, 9, 6) if digits <= shared), 0)]


async def append(tx: Tx, table: Table, actor: Actor, entry: Entry, *, at: datetime) -> None:
    """Append a row, to be committed with what it tells of.

    Call it last in a transaction: from here to the commit, others who append must wait.
    """
    row = {
        "at": at,
        "client_id": actor.client_id,
        "areas": list(actor.areas),
        "action": entry.action,
        "noun": entry.noun,
        "subjects": list(entry.subjects),
        "area": entry.area,
        "purpose": entry.purpose.code if entry.purpose else None,
        "purpose_note": entry.purpose.note if entry.purpose else None,
        "outcome": entry.outcome,
        "ip": actor.ip,
        "request_id": actor.request_id,
        "fields": sorted(entry.fields),
        "details": dict(entry.details),
    }
    # The trigger of the table numbers the row and links it.
    row |= {"seq": 0, "prev_hash": b"", "hash": digest(row)}
    await tx.execute(insert(table).values(row))


def digest(row: Mapping[Any, Any]) -> bytes:
    """Return the SHA-256 of what a row says, in its canonical form."""
    values = [row[name] for name in CONTENT]
    values[0] = row["at"].astimezone(UTC).isoformat(timespec="microseconds")
    return hashlib.sha256(orjson.dumps(values, option=orjson.OPT_SORT_KEYS)).digest()


def link(prev_hash: bytes, seq: int, content: bytes) -> bytes:
    """Return the link of a row: over the link before it, its number and its content's digest."""
    return hashlib.sha256(prev_hash + seq.to_bytes(8, "big", signed=True) + content).digest()


@dataclass(frozen=True, slots=True)
class TrailFilter:
    """What a listing of the trail is narrowed to; None means no narrowing."""

    area: str | None = None
    client_id: str | None = None
    action: str | None = None
    noun: str | None = None
    subject: str | None = None
    purpose: str | None = None
    outcome: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def listing(
    table: Table, areas: Sequence[str], narrowed: TrailFilter
) -> tuple[Select[Any], list[ColumnElement[Any]]]:
    """Return the trail visible in the areas, oldest first, and its paging key.

    What concerns more than one area is seen by those who see all of it.
    """
    t = table.c
    statement = select(table).where(in_areas(t.area, areas))
    if narrowed.area is not None:
        statement = statement.where(under(t.area, narrowed.area))
    for column, value in (
        (t.client_id, narrowed.client_id),
        (t.action, narrowed.action),
        (t.noun, narrowed.noun),
        (t.purpose, narrowed.purpose),
        (t.outcome, narrowed.outcome),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if narrowed.subject is not None:
        statement = statement.where(t.subjects.contains([narrowed.subject]))
    if narrowed.since is not None:
        statement = statement.where(t.at >= narrowed.since)
    if narrowed.until is not None:
        statement = statement.where(t.at < narrowed.until)
    return statement, [t.seq]
