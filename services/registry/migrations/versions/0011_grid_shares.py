"""Which grid in force holds which building, as the grid partition tells it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "grid_layouts",
        sa.Column("community_code", sa.Text(collation="C"), nullable=False),
        sa.Column("plan", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_code"], ["divisions.code"], name="fk_grid_layouts_community_code_divisions"
        ),
        sa.PrimaryKeyConstraint("community_code", name="pk_grid_layouts"),
    )
    op.create_table(
        "grid_shares",
        sa.Column("community_code", sa.Text(collation="C"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("grid_code", sa.Text(collation="C"), nullable=False),
        sa.Column("building_id", sa.Uuid(), nullable=False),
        sa.Column("unit_from", sa.Integer(), nullable=False),
        sa.Column("unit_to", sa.Integer(), nullable=False),
        sa.Column("floor_from", sa.Integer(), nullable=False),
        sa.Column("floor_to", sa.Integer(), nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_code"],
            ["grid_layouts.community_code"],
            name="fk_grid_shares_community_code_grid_layouts",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("community_code", "number", name="pk_grid_shares"),
    )
    op.create_index("ix_grid_shares_grid_code", "grid_shares", ["grid_code"], unique=False)
    op.create_index("ix_grid_shares_building_id", "grid_shares", ["building_id"], unique=False)


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("grid_shares")
    op.drop_table("grid_layouts")
