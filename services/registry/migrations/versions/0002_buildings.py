"""Estates and buildings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables."""
    _estates()
    _buildings()


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("buildings")
    op.drop_table("estates")


def _estates() -> None:
    op.create_table(
        "estates",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(collation="C"), nullable=True),
        sa.Column("source_id", sa.Text(collation="C"), nullable=True),
        sa.Column("community_code", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("management_mode", sa.Text(), nullable=True),
        sa.Column("has_property_company", sa.Boolean(), nullable=True),
        sa.Column("has_owners_committee", sa.Boolean(), nullable=True),
        sa.Column("has_resident_organization", sa.Boolean(), nullable=True),
        sa.Column("geometry", sa.Text(), nullable=True),
        sa.Column("west", sa.Double(), nullable=True),
        sa.Column("south", sa.Double(), nullable=True),
        sa.Column("east", sa.Double(), nullable=True),
        sa.Column("north", sa.Double(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_code"], ["divisions.code"], name="fk_estates_community_code_divisions"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_estates"),
        sa.UniqueConstraint("source", "source_id", name="uq_estates_source_source_id"),
    )
    op.create_index("ix_estates_community_code", "estates", ["community_code"], unique=False)
    op.create_index("ix_estates_updated_at", "estates", ["updated_at"], unique=False)


def _buildings() -> None:
    op.create_table(
        "buildings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(collation="C"), nullable=True),
        sa.Column("source_id", sa.Text(collation="C"), nullable=True),
        sa.Column("community_code", sa.Text(collation="C"), nullable=False),
        sa.Column("estate_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("geometry", sa.Text(), nullable=True),
        sa.Column("west", sa.Double(), nullable=True),
        sa.Column("south", sa.Double(), nullable=True),
        sa.Column("east", sa.Double(), nullable=True),
        sa.Column("north", sa.Double(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("outside_m", sa.Double(), nullable=True),
        sa.Column("units", sa.Integer(), nullable=True),
        sa.Column("floors", sa.Integer(), nullable=True),
        sa.Column("dwellings", sa.Integer(), nullable=True),
        sa.Column("households_resident", sa.Integer(), nullable=True),
        sa.Column("households_registered", sa.Integer(), nullable=True),
        sa.Column("count_source", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_code"], ["divisions.code"], name="fk_buildings_community_code_divisions"
        ),
        sa.ForeignKeyConstraint(
            ["estate_id"], ["estates.id"], name="fk_buildings_estate_id_estates"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_buildings"),
        sa.UniqueConstraint("source", "source_id", name="uq_buildings_source_source_id"),
    )
    op.create_index("ix_buildings_community_code", "buildings", ["community_code"], unique=False)
    op.create_index("ix_buildings_estate_id", "buildings", ["estate_id"], unique=False)
    op.create_index("ix_buildings_updated_at", "buildings", ["updated_at"], unique=False)
    op.create_index("ix_buildings_west_east", "buildings", ["west", "east"], unique=False)
