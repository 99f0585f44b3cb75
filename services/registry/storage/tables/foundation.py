"""What the tables of the registry have in common, and those that the kit brings."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.schema import SchemaItem

from kit.audit.tables import audit_table
from kit.bulk.tables import import_tables
from kit.db import UtcDateTime, new_metadata
from kit.idempotency import idempotency_table
from kit.outbox import outbox_table
from kit.quota import quota_table
from kit.sealing.checks import seal_check_table

METADATA = new_metadata()
KEYS = idempotency_table(METADATA)
OUTBOX = outbox_table(METADATA)
IMPORTS = import_tables(METADATA)
AUDIT = audit_table(METADATA)
QUOTAS = quota_table(METADATA)
SEAL_CHECKS = seal_check_table(METADATA)

CODE = Text(collation="C")


def extent() -> list[Column[float | None]]:
    """Return the four columns of an extent in degrees."""
    return [Column(name, Double, nullable=True) for name in ("west", "south", "east", "north")]


def erasure() -> list[Column[Any]]:
    """Return what is left of a person whose data were erased: when, why, and by which client."""
    return [
        Column("erased_at", UtcDateTime, nullable=True),
        Column("erased_by", Text, nullable=True),
        Column("erasure_reason", Text, nullable=True),
    ]


def identity() -> list[Column[Any]]:
    """Return our id, and the row's name in the system that owns it."""
    return [
        Column("id", Uuid, primary_key=True),
        Column("source", CODE, nullable=True),
        Column("source_id", CODE, nullable=True),
    ]


def community() -> Column[str]:
    """Return the code of the community that a row belongs to."""
    return Column("community_code", CODE, ForeignKey("divisions.code"), nullable=False)


def division() -> Column[str]:
    """Return the code of the division, of any level, that a row belongs to."""
    return Column("division_code", CODE, ForeignKey("divisions.code"), nullable=False)


def life() -> list[SchemaItem]:
    """Return the versions and times of a row, and the constraint on its source."""
    return [
        Column("ended_at", UtcDateTime, nullable=True),
        Column("version", Integer, nullable=False),
        Column("created_at", UtcDateTime, nullable=False),
        Column("updated_at", UtcDateTime, nullable=False),
        UniqueConstraint("source", "source_id"),
    ]


def ordered(table: Table, area: str) -> None:
    """Index the two orders in which a noun is listed: as it stands, and by time of change."""
    Index(f"ix_{table.name}_{area}_id", table.c[area], table.c.id)
    Index(f"ix_{table.name}_{area}_updated_at", table.c[area], table.c.updated_at, table.c.id)
