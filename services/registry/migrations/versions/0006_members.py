"""Members of the governance force and their appointments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the tables."""
    sealed = [
        sa.Column(f"{name}{end}", sa.LargeBinary(), nullable=True)
        for name in ("name", "id_number", "phone", "work_phone")
        for end in ("", "_hash")
    ]
    op.create_table(
        "members",
        *_identity(),
        sa.Column("division_code", sa.Text(collation="C"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("public_contact", sa.Boolean(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        *sealed,
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("erased_by", sa.Text(), nullable=True),
        sa.Column("erasure_reason", sa.Text(), nullable=True),
        *_life(),
        sa.ForeignKeyConstraint(
            ["division_code"], ["divisions.code"], name="fk_members_division_code_divisions"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_members"),
        sa.UniqueConstraint("source", "source_id", name="uq_members_source_source_id"),
    )
    op.create_table(
        "appointments",
        *_identity(),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("post", sa.Text(), nullable=False),
        sa.Column("place_code", sa.Text(collation="C"), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        *_life(),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name="fk_appointments_member_id_members"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_appointments"),
        sa.UniqueConstraint("source", "source_id", name="uq_appointments_source_source_id"),
    )
    for table, columns in (
        ("members", ["division_code", "id"]),
        ("members", ["organization_id"]),
        ("members", ["updated_at"]),
        ("appointments", ["place_code", "id"]),
        ("appointments", ["member_id"]),
        ("appointments", ["organization_id"]),
        ("appointments", ["updated_at"]),
    ):
        op.create_index(f"ix_{table}_{'_'.join(columns)}", table, columns)


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("appointments")
    op.drop_table("members")


def _identity() -> list[sa.Column[object]]:
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(collation="C"), nullable=True),
        sa.Column("source_id", sa.Text(collation="C"), nullable=True),
    ]


def _life() -> list[sa.Column[object]]:
    return [
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    ]
