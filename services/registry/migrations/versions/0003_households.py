"""Single household rows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables."""
    _households()


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("households")


def _households() -> None:
    op.create_table(
        "households",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(collation="C"), nullable=True),
        sa.Column("source_id", sa.Text(collation="C"), nullable=True),
        sa.Column("community_code", sa.Text(collation="C"), nullable=False),
        sa.Column("building_id", sa.Uuid(), nullable=False),
        sa.Column("household_no", sa.Text(collation="C"), nullable=False),
        sa.Column("residence", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("floor", sa.Integer(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["building_id"], ["buildings.id"], name="fk_households_building_id_buildings"
        ),
        sa.ForeignKeyConstraint(
            ["community_code"], ["divisions.code"], name="fk_households_community_code_divisions"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_households"),
        sa.UniqueConstraint("source", "source_id", name="uq_households_source_source_id"),
    )
    op.create_index(
        "ix_households_building_id", "households", ["building_id", "residence"], unique=False
    )
    op.create_index("ix_households_updated_at", "households", ["updated_at"], unique=False)
    op.create_index(
        "uq_households_number",
        "households",
        ["community_code", "household_no"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
