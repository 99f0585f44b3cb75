"""Every table of the partition service; the migrations make exactly these.

Each row carries the code of its place (`area`, or a community or grid code), so that every query
can be held to the caller's areas.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from kit.bulk.tables import import_tables
from kit.db import UtcDateTime, new_metadata
from kit.idempotency import idempotency_table
from kit.outbox import outbox_table

METADATA = new_metadata()
KEYS = idempotency_table(METADATA)
OUTBOX = outbox_table(METADATA)
IMPORTS = import_tables(METADATA)

BARRIERS = Table(
    "barriers",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("area", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("source_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("barrier_class", Text, nullable=False),
    Column("name", Text, nullable=True),
    Column("width_m", Float, nullable=True),
    Column("geometry", JSONB, nullable=False),
    Column("west", Float, nullable=False),
    Column("south", Float, nullable=False),
    Column("east", Float, nullable=False),
    Column("north", Float, nullable=False),
    Column("valid_to", Date, nullable=True),
    Column("version", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    UniqueConstraint("source", "source_id"),
    CheckConstraint("kind IN ('road', 'rail', 'water', 'wall')", name="kind"),
    Index("ix_barriers_area", "area", postgresql_ops={"area": "text_pattern_ops"}),
)

RULE_SETS = Table(
    "rule_sets",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("area", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("rules", JSONB, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    UniqueConstraint("area", "name"),
)

PLANS = Table(
    "plans",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("area", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("rule_set", Text, nullable=False),
    Column("rules", JSONB, nullable=False),
    Column("base", Text, nullable=True),
    Column("count_basis", Text, nullable=False),
    Column("seed", Integer, nullable=False),
    Column("effective_date", Date, nullable=True),
    Column("switches_on", Date, nullable=True),
    Column("meridian", Integer, nullable=True),
    Column("registry_version", Text, nullable=True),
    Column("communities_total", Integer, nullable=False),
    Column("communities_done", Integer, nullable=False),
    Column("households_total", BigInteger, nullable=False),
    Column("households_done", BigInteger, nullable=False),
    Column("cutting_since", UtcDateTime, nullable=True),
    Column("totals", JSONB, nullable=True),
    Column("failure", JSONB, nullable=True),
    Column("event_seq", Integer, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Index("ix_plans_area", "area", postgresql_ops={"area": "text_pattern_ops"}),
    Index("ix_plans_state", "state", "switches_on"),
)

PLAN_NOTES = Table(
    "plan_notes",
    METADATA,
    Column("plan_id", Uuid, ForeignKey("plans.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("action", Text, nullable=False),
    Column("from_state", Text, nullable=False),
    Column("to_state", Text, nullable=False),
    Column("note", Text, nullable=True),
    Column("by", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

PLAN_EVENTS = Table(
    "plan_events",
    METADATA,
    Column("plan_id", Uuid, ForeignKey("plans.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("data", JSONB, nullable=False),
)

PLAN_JOBS = Table(
    "plan_jobs",
    METADATA,
    Column("plan_id", Uuid, ForeignKey("plans.id", ondelete="CASCADE"), primary_key=True),
    Column("stage", Text, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("claims", Integer, nullable=False),
    Column("not_before", UtcDateTime, nullable=True),
    Column("lease_owner", Text, nullable=True),
    Column("lease_until", UtcDateTime, nullable=True),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_plan_jobs_stage", "stage"),
)

PLAN_COMMUNITIES = Table(
    "plan_communities",
    METADATA,
    Column("plan_id", Uuid, ForeignKey("plans.id", ondelete="CASCADE"), primary_key=True),
    Column("code", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("snapshot_version", Text, nullable=False),
    Column("snapshot", JSONB, nullable=False),
    Column("frame", LargeBinary, nullable=True),
    Column("households", Integer, nullable=False),
    Column("buildings", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("claims", Integer, nullable=False),
    Column("lease_owner", Text, nullable=True),
    Column("lease_until", UtcDateTime, nullable=True),
    Column("grids", Integer, nullable=True),
    Column("feasible", Boolean, nullable=True),
    Column("violations", Integer, nullable=True),
    Column("digest", Text, nullable=True),
    Column("metrics", JSONB, nullable=True),
    Column("facts", JSONB, nullable=True),
    Column("updated_at", UtcDateTime, nullable=False),
    Index("ix_plan_communities_state", "state"),
)

PLAN_GRIDS = Table(
    "plan_grids",
    METADATA,
    Column("plan_id", Uuid, ForeignKey("plans.id", ondelete="CASCADE"), primary_key=True),
    Column("code", Text, primary_key=True),
    Column("community_code", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("households", Integer, nullable=False),
    Column("population", Integer, nullable=True),
    Column("in_range", Boolean, nullable=False),
    Column("contiguous", Boolean, nullable=False),
    Column("bridged", Boolean, nullable=False),
    Column("blocks", Integer, nullable=False),
    Column("compactness", Float, nullable=False),
    Column("area_m2", Float, nullable=False),
    Column("geometry", Text, nullable=False),
    Column("west", Float, nullable=False),
    Column("south", Float, nullable=False),
    Column("east", Float, nullable=False),
    Column("north", Float, nullable=False),
)

PLAN_ASSIGNMENTS = Table(
    "plan_assignments",
    METADATA,
    Column("plan_id", Uuid, ForeignKey("plans.id", ondelete="CASCADE"), primary_key=True),
    Column("community_code", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("grid_code", Text, nullable=False),
    Column("building_id", Text, nullable=False),
    Column("source", Text, nullable=True),
    Column("source_id", Text, nullable=True),
    Column("unit_from", Integer, nullable=False),
    Column("unit_to", Integer, nullable=False),
    Column("floor_from", Integer, nullable=False),
    Column("floor_to", Integer, nullable=False),
    Column("households", Integer, nullable=False),
    Column("old_grid_code", Text, nullable=True),
    Index("ix_plan_assignments_grid", "plan_id", "grid_code"),
)

PLAN_VIOLATIONS = Table(
    "plan_violations",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("plan_id", Uuid, ForeignKey("plans.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("community_code", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("grid_code", Text, nullable=True),
    Column("code", Text, nullable=False),
    Column("params", JSONB, nullable=False),
    Column("culprits", JSONB, nullable=False),
    Column("reason", Text, nullable=True),
    Column("acknowledged_by", Text, nullable=True),
    Column("acknowledged_at", UtcDateTime, nullable=True),
)

PLAN_CHANGES = Table(
    "plan_changes",
    METADATA,
    Column("plan_id", Uuid, ForeignKey("plans.id", ondelete="CASCADE"), primary_key=True),
    Column("new_code", Text, primary_key=True),
    Column("old_code", Text, primary_key=True),
    Column("community_code", Text, nullable=False),
    Column("households", Integer, nullable=False),
    Column("moved", Boolean, nullable=False),
    Column("effect", Text, nullable=False),
)

GRIDS = Table(
    "grids",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("code", Text, nullable=False),
    Column("community_code", Text, nullable=False),
    Column("community_name", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("households", Integer, nullable=False),
    Column("population", Integer, nullable=True),
    Column("in_range", Boolean, nullable=False),
    Column("compactness", Float, nullable=False),
    Column("area_m2", Float, nullable=False),
    Column("geometry", Text, nullable=False),
    Column("west", Float, nullable=False),
    Column("south", Float, nullable=False),
    Column("east", Float, nullable=False),
    Column("north", Float, nullable=False),
    Column("plan_id", Uuid, ForeignKey("plans.id"), nullable=False, index=True),
    Column("valid_from", UtcDateTime, nullable=False),
    Column("valid_to", UtcDateTime, nullable=True),
    Column("version", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    CheckConstraint("valid_to >= valid_from", name="validity"),
    Index("ix_grids_code", "code", "valid_from", postgresql_ops={"code": "text_pattern_ops"}),
)
Index(
    "uq_grids_in_force",
    GRIDS.c.code,
    unique=True,
    postgresql_where=GRIDS.c.valid_to.is_(None),
)

GRID_EPOCH = Table(
    "grid_epoch",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("epoch", BigInteger, nullable=False),
)
"""One row that moves whenever a grid in force changes: readers compare it with what they hold."""

GRIDS_TOLD = Table(
    "grids_told",
    METADATA,
    Column("community_code", Text, primary_key=True),
    Column("plan_id", Uuid, nullable=True),
    Column("tried_at", UtcDateTime, nullable=False),
    Column("told_at", UtcDateTime, nullable=True),
)
"""What the registry knows of the grids in force: the plan that it was told of, by community."""
