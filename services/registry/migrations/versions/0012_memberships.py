"""Memberships of teams; the organizations of members and appointments are those of the register."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_LINKED = ("members", "appointments")
_UNLINK = (
    """
    UPDATE members SET organization_id = NULL
    WHERE NOT EXISTS (SELECT 1 FROM organizations o WHERE o.id = members.organization_id)
    """,
    """
    UPDATE appointments SET organization_id = NULL
    WHERE NOT EXISTS (SELECT 1 FROM organizations o WHERE o.id = appointments.organization_id)
    """,
)


def upgrade() -> None:
    """Make the table and the references."""
    for statement in _UNLINK:
        op.execute(statement)
    for table in _LINKED:
        op.create_foreign_key(
            f"fk_{table}_organization_id_organizations",
            table,
            "organizations",
            ["organization_id"],
            ["id"],
        )
    _memberships()


def downgrade() -> None:
    """Drop them."""
    op.drop_table("memberships")
    for table in _LINKED:
        op.drop_constraint(f"fk_{table}_organization_id_organizations", table)


def _memberships() -> None:
    op.create_table(
        "memberships",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(collation="C"), nullable=True),
        sa.Column("source_id", sa.Text(collation="C"), nullable=True),
        sa.Column("division_code", sa.Text(collation="C"), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["division_code"], ["divisions.code"], name="fk_memberships_division_code_divisions"
        ),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_memberships_team_id_teams"),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name="fk_memberships_member_id_members"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_memberships"),
        sa.UniqueConstraint("source", "source_id", name="uq_memberships_source_source_id"),
    )
    for name, columns in (
        ("ix_memberships_division_code_id", ["division_code", "id"]),
        ("ix_memberships_division_code_updated_at", ["division_code", "updated_at", "id"]),
        ("ix_memberships_team_id", ["team_id", "id"]),
        ("ix_memberships_member_id", ["member_id", "id"]),
    ):
        op.create_index(name, "memberships", columns, unique=False)
    op.create_index(
        "uq_memberships_open",
        "memberships",
        ["team_id", "member_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL AND valid_to IS NULL"),
    )
