"""Organizations, service points and teams; the four parties of an estate."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_PARTIES = ("property_company_id", "owners_committee_id", "party_branch_id", "residents_group_id")


def upgrade() -> None:
    """Make the tables and columns."""
    _organizations()
    _service_points()
    _teams()
    op.add_column("estates", sa.Column("has_party_branch", sa.Boolean(), nullable=True))
    for name in _PARTIES:
        op.add_column("estates", sa.Column(name, sa.Uuid(), nullable=True))
        op.create_foreign_key(
            f"fk_estates_{name}_organizations", "estates", "organizations", [name], ["id"]
        )
        op.create_index(f"ix_estates_{name}", "estates", [name], unique=False)


def downgrade() -> None:
    """Drop them."""
    for name in _PARTIES:
        op.drop_column("estates", name)
    op.drop_column("estates", "has_party_branch")
    op.drop_table("teams")
    op.drop_table("service_points")
    op.drop_table("organizations")


def _organizations() -> None:
    op.create_table(
        "organizations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(collation="C"), nullable=True),
        sa.Column("source_id", sa.Text(collation="C"), nullable=True),
        sa.Column("division_code", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("uscc", sa.Text(collation="C"), nullable=True),
        sa.Column("jurisdiction", sa.ARRAY(sa.Text(collation="C")), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("rating", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["division_code"], ["divisions.code"], name="fk_organizations_division_code_divisions"
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["organizations.id"], name="fk_organizations_parent_id_organizations"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_organizations"),
        sa.UniqueConstraint("source", "source_id", name="uq_organizations_source_source_id"),
    )
    for name, columns in (
        ("ix_organizations_uscc", ["uscc"]),
        ("ix_organizations_parent_id", ["parent_id"]),
        ("ix_organizations_division_code_id", ["division_code", "id"]),
        ("ix_organizations_division_code_updated_at", ["division_code", "updated_at", "id"]),
    ):
        op.create_index(name, "organizations", columns, unique=False)


def _service_points() -> None:
    op.create_table(
        "service_points",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(collation="C"), nullable=True),
        sa.Column("source_id", sa.Text(collation="C"), nullable=True),
        sa.Column("community_code", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("services", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("opening_hours", sa.Text(), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
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
            ["community_code"],
            ["divisions.code"],
            name="fk_service_points_community_code_divisions",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name="fk_service_points_organization_id_organizations",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_service_points"),
        sa.UniqueConstraint("source", "source_id", name="uq_service_points_source_source_id"),
    )
    for name, columns in (
        ("ix_service_points_organization_id", ["organization_id"]),
        ("ix_service_points_community_code_id", ["community_code", "id"]),
        ("ix_service_points_community_code_updated_at", ["community_code", "updated_at", "id"]),
        ("ix_service_points_west_south", ["west", "south"]),
    ):
        op.create_index(name, "service_points", columns, unique=False)


def _teams() -> None:
    op.create_table(
        "teams",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(collation="C"), nullable=True),
        sa.Column("source_id", sa.Text(collation="C"), nullable=True),
        sa.Column("division_code", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["division_code"], ["divisions.code"], name="fk_teams_division_code_divisions"
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name="fk_teams_organization_id_organizations",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_teams"),
        sa.UniqueConstraint("source", "source_id", name="uq_teams_source_source_id"),
    )
    for name, columns in (
        ("ix_teams_organization_id", ["organization_id"]),
        ("ix_teams_division_code_id", ["division_code", "id"]),
        ("ix_teams_division_code_updated_at", ["division_code", "updated_at", "id"]),
    ):
        op.create_index(name, "teams", columns, unique=False)
