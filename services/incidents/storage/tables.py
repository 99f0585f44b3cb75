"""The tables of the incidents service."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from kit.db import UtcDateTime, new_metadata
from kit.idempotency import idempotency_table
from kit.outbox import outbox_table

METADATA = new_metadata()
KEYS = idempotency_table(METADATA)
OUTBOX = outbox_table(METADATA)

CATEGORIES = Table(
    "categories",
    METADATA,
    Column("code", Text, primary_key=True),
    Column("parent_code", Text, ForeignKey("categories.code"), nullable=True, index=True),
    Column("name_zh", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("level", Text, nullable=False),
    # Stages, fields, conditions, party kind: read as a whole, never filtered by.
    Column("content", JSONB, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("set_version", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)

INCIDENTS = Table(
    "incidents",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("serial", BigInteger, Identity(always=True), nullable=False, unique=True),
    # Who may see it: see domain.places.Whereabouts.
    Column("area", Text, nullable=False),
    Column("is_placed", Boolean, nullable=False),
    Column("category_code", Text, ForeignKey("categories.code"), nullable=False),
    Column("level", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("attributes", JSONB, nullable=False),
    Column("occurred_at", UtcDateTime, nullable=True),
    Column("reported_by", Text, nullable=False),
    Column("dedup_key", Text, nullable=True),
    # Equals dedup_key as long as repeats fold into this incident; free again once it is closed.
    Column("dedup_claim", Text, nullable=True),
    Column("address", Text, nullable=True),
    Column("lon", Float, nullable=True),
    Column("lat", Float, nullable=True),
    Column("named_grid_code", Text, nullable=True),
    Column("placement", Text, nullable=False),
    Column("grid_code", Text, nullable=True),
    Column("community_code", Text, nullable=True),
    Column("grid_code_at_report", Text, nullable=True),
    Column("nearest_grid_code", Text, nullable=True),
    Column("nearest_m", Float, nullable=True),
    # The locator's lease: nobody else looks at the row before this time.
    Column("locate_after", UtcDateTime, nullable=True),
    Column("state", Text, nullable=False),
    Column("is_open", Boolean, nullable=False),
    Column("handling_party", Text, nullable=True),
    Column("master_id", Uuid, ForeignKey("incidents.id"), nullable=True),
    Column("linked_id", Text, nullable=True),
    Column("resolved_by", Text, nullable=True),
    Column("resolved_at", UtcDateTime, nullable=True),
    Column("closed_at", UtcDateTime, nullable=True),
    Column("urged_at", UtcDateTime, nullable=True),
    Column("extended_until", UtcDateTime, nullable=True),
    Column("suspended_until", UtcDateTime, nullable=True),
    Column("flags", ARRAY(Text), nullable=False),
    Column("returned_count", Integer, nullable=False),
    Column("rework_count", Integer, nullable=False),
    Column("reopened_count", Integer, nullable=False),
    Column("extended_count", Integer, nullable=False),
    Column("suspended_count", Integer, nullable=False),
    Column("urged_count", Integer, nullable=False),
    Column("escalated_level", Integer, nullable=False),
    Column("repeated_count", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)
_COLUMNS = INCIDENTS.c
Index("ix_incidents_area", _COLUMNS.area, postgresql_ops={"area": "text_pattern_ops"})
Index("ix_incidents_updated_at", _COLUMNS.updated_at)
Index(
    "ix_incidents_handling_party",
    _COLUMNS.handling_party,
    postgresql_where=text("handling_party IS NOT NULL"),
)
Index(
    "ix_incidents_locating", _COLUMNS.locate_after, postgresql_where=text("placement = 'locating'")
)
Index(
    "uq_incidents_dedup_claim",
    _COLUMNS.reported_by,
    _COLUMNS.dedup_claim,
    unique=True,
    postgresql_where=text("dedup_claim IS NOT NULL"),
)

HISTORY = Table(
    "incident_history",
    METADATA,
    Column("incident_id", Uuid, ForeignKey("incidents.id"), primary_key=True),
    # The version of the incident that the entry made.
    Column("version", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("organization_id", Text, nullable=True),
    Column("action", Text, nullable=False),
    Column("from_state", Text, nullable=True),
    Column("to_state", Text, nullable=False),
    Column("reason", Text, nullable=True),
    Column("note", Text, nullable=True),
    Column("details", JSONB, nullable=False),
    Column("counters", JSONB, nullable=False),
)
