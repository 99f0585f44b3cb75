"""Plans, their queue, what they found, and the grids in force."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables."""
    _plans()
    _plan_notes()
    _plan_events()
    _plan_jobs()
    _plan_communities()
    _plan_grids()
    _plan_assignments()
    _plan_violations()
    _plan_changes()
    _grids()


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("grids")
    op.drop_table("plan_changes")
    op.drop_table("plan_violations")
    op.drop_table("plan_assignments")
    op.drop_table("plan_grids")
    op.drop_table("plan_communities")
    op.drop_table("plan_jobs")
    op.drop_table("plan_events")
    op.drop_table("plan_notes")
    op.drop_table("plans")


def _plans() -> None:
    op.create_table(
        "plans",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("rule_set", sa.Text(), nullable=False),
        sa.Column("rules", JSONB(), nullable=False),
        sa.Column("base", sa.Text(), nullable=True),
        sa.Column("count_basis", sa.Text(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("effective_date", sa.Date(), nullable=True),
        sa.Column("switches_on", sa.Date(), nullable=True),
        sa.Column("meridian", sa.Integer(), nullable=True),
        sa.Column("registry_version", sa.Text(), nullable=True),
        sa.Column("communities_total", sa.Integer(), nullable=False),
        sa.Column("communities_done", sa.Integer(), nullable=False),
        sa.Column("households_total", sa.BigInteger(), nullable=False),
        sa.Column("households_done", sa.BigInteger(), nullable=False),
        sa.Column("cutting_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("totals", JSONB(), nullable=True),
        sa.Column("failure", JSONB(), nullable=True),
        sa.Column("event_seq", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_plans"),
    )
    op.create_index(
        "ix_plans_area",
        "plans",
        ["area"],
        unique=False,
        postgresql_ops={"area": "text_pattern_ops"},
    )
    op.create_index("ix_plans_state", "plans", ["state", "switches_on"], unique=False)


def _plan_notes() -> None:
    op.create_table(
        "plan_notes",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=False),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["plans.id"], name="fk_plan_notes_plan_id_plans", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("plan_id", "number", name="pk_plan_notes"),
    )


def _plan_events() -> None:
    op.create_table(
        "plan_events",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("data", JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["plans.id"], name="fk_plan_events_plan_id_plans", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("plan_id", "seq", name="pk_plan_events"),
    )


def _plan_jobs() -> None:
    op.create_table(
        "plan_jobs",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("claims", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["plans.id"], name="fk_plan_jobs_plan_id_plans", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("plan_id", name="pk_plan_jobs"),
    )
    op.create_index("ix_plan_jobs_stage", "plan_jobs", ["stage"], unique=False)


def _plan_communities() -> None:
    op.create_table(
        "plan_communities",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("snapshot_version", sa.Text(), nullable=False),
        sa.Column("snapshot", JSONB(), nullable=False),
        sa.Column("frame", sa.LargeBinary(), nullable=True),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.Column("buildings", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("claims", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("grids", sa.Integer(), nullable=True),
        sa.Column("feasible", sa.Boolean(), nullable=True),
        sa.Column("violations", sa.Integer(), nullable=True),
        sa.Column("digest", sa.Text(), nullable=True),
        sa.Column("metrics", JSONB(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["plans.id"], name="fk_plan_communities_plan_id_plans", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("plan_id", "code", name="pk_plan_communities"),
    )
    op.create_index("ix_plan_communities_state", "plan_communities", ["state"], unique=False)


def _plan_grids() -> None:
    op.create_table(
        "plan_grids",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("community_code", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.Column("population", sa.Integer(), nullable=True),
        sa.Column("in_range", sa.Boolean(), nullable=False),
        sa.Column("contiguous", sa.Boolean(), nullable=False),
        sa.Column("bridged", sa.Boolean(), nullable=False),
        sa.Column("blocks", sa.Integer(), nullable=False),
        sa.Column("compactness", sa.Float(), nullable=False),
        sa.Column("area_m2", sa.Float(), nullable=False),
        sa.Column("geometry", sa.Text(), nullable=False),
        sa.Column("west", sa.Float(), nullable=False),
        sa.Column("south", sa.Float(), nullable=False),
        sa.Column("east", sa.Float(), nullable=False),
        sa.Column("north", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["plans.id"], name="fk_plan_grids_plan_id_plans", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("plan_id", "code", name="pk_plan_grids"),
    )


def _plan_assignments() -> None:
    op.create_table(
        "plan_assignments",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("community_code", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("grid_code", sa.Text(), nullable=False),
        sa.Column("building_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("source_id", sa.Text(), nullable=True),
        sa.Column("unit_from", sa.Integer(), nullable=False),
        sa.Column("unit_to", sa.Integer(), nullable=False),
        sa.Column("floor_from", sa.Integer(), nullable=False),
        sa.Column("floor_to", sa.Integer(), nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.Column("old_grid_code", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["plans.id"], name="fk_plan_assignments_plan_id_plans", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("plan_id", "community_code", "number", name="pk_plan_assignments"),
    )
    op.create_index(
        "ix_plan_assignments_grid", "plan_assignments", ["plan_id", "grid_code"], unique=False
    )


def _plan_violations() -> None:
    op.create_table(
        "plan_violations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("community_code", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("grid_code", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("params", JSONB(), nullable=False),
        sa.Column("culprits", JSONB(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("acknowledged_by", sa.Text(), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["plans.id"], name="fk_plan_violations_plan_id_plans", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_plan_violations"),
    )
    op.create_index("ix_plan_violations_plan_id", "plan_violations", ["plan_id"], unique=False)


def _plan_changes() -> None:
    op.create_table(
        "plan_changes",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("new_code", sa.Text(), nullable=False),
        sa.Column("old_code", sa.Text(), nullable=False),
        sa.Column("community_code", sa.Text(), nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.Column("moved", sa.Boolean(), nullable=False),
        sa.Column("effect", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["plans.id"], name="fk_plan_changes_plan_id_plans", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("plan_id", "new_code", "old_code", name="pk_plan_changes"),
    )


def _grids() -> None:
    op.create_table(
        "grids",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("community_code", sa.Text(), nullable=False),
        sa.Column("community_name", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.Column("population", sa.Integer(), nullable=True),
        sa.Column("in_range", sa.Boolean(), nullable=False),
        sa.Column("compactness", sa.Float(), nullable=False),
        sa.Column("area_m2", sa.Float(), nullable=False),
        sa.Column("geometry", sa.Text(), nullable=False),
        sa.Column("west", sa.Float(), nullable=False),
        sa.Column("south", sa.Float(), nullable=False),
        sa.Column("east", sa.Float(), nullable=False),
        sa.Column("north", sa.Float(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("valid_to >= valid_from", name="ck_grids_validity"),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"], name="fk_grids_plan_id_plans"),
        sa.PrimaryKeyConstraint("id", name="pk_grids"),
    )
    op.create_index(
        "ix_grids_code",
        "grids",
        ["code", "valid_from"],
        unique=False,
        postgresql_ops={"code": "text_pattern_ops"},
    )
    op.create_index("ix_grids_plan_id", "grids", ["plan_id"], unique=False)
    op.create_index(
        "uq_grids_in_force",
        "grids",
        ["code"],
        unique=True,
        postgresql_where=sa.text("valid_to IS NULL"),
    )
