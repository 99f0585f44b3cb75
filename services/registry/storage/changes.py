"""Who changed what and when (field names, never values), and the events that tell of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Table, insert, select, text

from kit.areas import in_areas, under
from kit.db import Tx
from kit.outbox import Event, record
from services.registry.storage.tables import CHANGES, OUTBOX


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one row; `area` is the code that the row belongs to after it."""

    noun: str
    subject: str
    area: str
    action: str
    fields: Sequence[str]
    version: int
    former_area: str | None = None


async def note(tx: Tx, change: Change, *, client_id: str, at: datetime) -> None:
    """Write a change into the history and the outbox, with the transaction of the change."""
    row = {
        "at": at,
        "client_id": client_id,
        "noun": change.noun,
        "subject": change.subject,
        "action": change.action,
        "fields": sorted(change.fields),
    }
    areas = {change.area, change.former_area or change.area}
    await tx.execute(insert(CHANGES), [row | {"area": area} for area in sorted(areas)])
    thin = {"id": change.subject, "version": change.version, "fields": sorted(change.fields)}
    told = Event(f"registry.{change.noun}.{change.action}", change.subject, change.area, thin)
    await record(tx, OUTBOX, told, *_communities(areas), now=at)


def _communities(codes: Iterable[str]) -> list[Event]:
    return [
        Event("registry.community.changed", code, code, {"community_code": code})
        for code in sorted(codes)
        if len(code) == 12
    ]


async def tell_communities(tx: Tx, import_id: UUID, *, at: datetime) -> None:
    """Record one event a community that an import has changed, however many rows it changed."""
    areas = await tx.scalars(
        select(CHANGES.c.area).where(CHANGES.c.import_id == import_id).distinct()
    )
    await record(tx, OUTBOX, *_communities(set(areas)), now=at)


@dataclass(frozen=True, slots=True)
class ImportedNoun:
    """How the staged rows of a noun meet its table: by which key, and which columns count."""

    noun: str
    table: Table
    key: Sequence[str]
    columns: Sequence[str]
    area: str
    id_column: str | None = "id"


async def note_import(
    tx: Tx, noun: ImportedNoun, *, import_id: UUID, client_id: str, at: datetime
) -> None:
    """Write the history of an import, just before its upsert, in two set-based statements.

    Rows that will not change leave no trace; a row that moves leaves one in each place.
    """
    table = noun.table.name
    meet = " AND ".join(f"t.{name} = s.{name}" for name in noun.key)
    differs = " OR ".join(f"t.{name} IS DISTINCT FROM s.{name}" for name in noun.columns)
    named = ", ".join(
        f"CASE WHEN t.{name} IS DISTINCT FROM s.{name} THEN '{name}' END"
        for name in sorted(noun.columns)
    )
    subject = f"coalesce(t.{noun.id_column}, s.row_id)::text" if noun.id_column else "s.code"
    head = "INSERT INTO changes (at, client_id, noun, subject, area, action, fields, import_id) "
    params = {"at": at, "client": client_id, "noun": noun.noun, "import": import_id}
    born = f"t.{noun.key[0]} IS NULL"
    await tx.execute(
        text(
            head + f"SELECT :at, :client, :noun, {subject}, s.{noun.area}, "
            f"CASE WHEN {born} THEN 'created' ELSE 'updated' END, "
            f"CASE WHEN {born} THEN ARRAY[]::text[] "
            f"ELSE array_remove(ARRAY[{named}]::text[], NULL) END, :import "
            f"FROM import_rows s LEFT JOIN {table} t ON {meet} WHERE {born} OR {differs}"
        ),
        params,
    )
    await tx.execute(
        text(
            head + f"SELECT :at, :client, :noun, {subject}, t.{noun.area}, 'updated', "
            f"ARRAY['{noun.area}'], :import FROM import_rows s JOIN {table} t ON {meet} "
            f"WHERE t.{noun.area} <> s.{noun.area}"
        ),
        params,
    )


def listing(
    areas: Sequence[str],
    *,
    area: str | None,
    noun: str | None,
    subject: str | None,
    updated_since: datetime | None,
) -> tuple[Select[Any], list[ColumnElement[Any]]]:
    """Return the history visible in the areas, oldest first, and its paging key."""
    statement = select(CHANGES).where(in_areas(CHANGES.c.area, areas))
    if area is not None:
        statement = statement.where(under(CHANGES.c.area, area))
    if noun is not None:
        statement = statement.where(CHANGES.c.noun == noun)
    if subject is not None:
        statement = statement.where(CHANGES.c.subject == subject)
    if updated_since is not None:
        statement = statement.where(CHANGES.c.at >= updated_since)
    return statement, [CHANGES.c.seq]
