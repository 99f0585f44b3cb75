"""Barriers, rule sets with the shipped default, and the tables that every service has."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from kit.bulk.tables import create_import_tables, drop_import_tables
from services.grid_partition.domain.rules import shipped_rules

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    create_import_tables(op)
    _idempotency_keys()
    _outbox()
    _barriers()
    _rule_sets()
    _grid_epoch()
    _first_rows()


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("grid_epoch")
    op.drop_table("rule_sets")
    op.drop_table("barriers")
    op.drop_table("outbox")
    op.drop_table("idempotency_keys")
    drop_import_tables(op)


def _first_rows() -> None:
    op.get_bind().execute(
        sa.text(
            "INSERT INTO rule_sets (id, area, name, rules, version, created_at, updated_at)"
            " VALUES (gen_random_uuid(), '*', 'default', CAST(:rules AS jsonb), 1, now(), now())"
            " ON CONFLICT DO NOTHING"
        ),
        {"rules": json.dumps(shipped_rules())},
    )
    op.execute("INSERT INTO grid_epoch (id, epoch) VALUES (1, 0) ON CONFLICT DO NOTHING")


def _idempotency_keys() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", JSONB(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("client_id", "route", "key", name="pk_idempotency_keys"),
    )
    op.create_index(
        "ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"], unique=False
    )


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data", JSONB(), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("seq", name="pk_outbox"),
        sa.UniqueConstraint("id", name="uq_outbox_id"),
    )
    op.create_index(
        "ix_outbox_undelivered",
        "outbox",
        ["seq"],
        unique=False,
        postgresql_where=sa.text("delivered_at IS NULL"),
    )


def _barriers() -> None:
    op.create_table(
        "barriers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("barrier_class", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("width_m", sa.Float(), nullable=True),
        sa.Column("geometry", JSONB(), nullable=False),
        sa.Column("west", sa.Float(), nullable=False),
        sa.Column("south", sa.Float(), nullable=False),
        sa.Column("east", sa.Float(), nullable=False),
        sa.Column("north", sa.Float(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('road', 'rail', 'water', 'wall')", name="ck_barriers_kind"),
        sa.PrimaryKeyConstraint("id", name="pk_barriers"),
        sa.UniqueConstraint("source", "source_id", name="uq_barriers_source_source_id"),
    )
    op.create_index(
        "ix_barriers_area",
        "barriers",
        ["area"],
        unique=False,
        postgresql_ops={"area": "text_pattern_ops"},
    )


def _rule_sets() -> None:
    op.create_table(
        "rule_sets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("rules", JSONB(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_rule_sets"),
        sa.UniqueConstraint("area", "name", name="uq_rule_sets_area_name"),
    )


def _grid_epoch() -> None:
    op.create_table(
        "grid_epoch",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_grid_epoch"),
    )
