"""Residents, and what guards personal data: the audit trail, quotas, checks of the keys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from kit.audit.tables import create_audit_table, drop_audit_table

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the tables."""
    create_audit_table(op)
    op.create_table(
        "quotas",
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("begins_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("client_id", "kind", "begins_at", name="pk_quotas"),
    )
    op.create_table(
        "seal_checks",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_seal_checks"),
    )
    _residents()
    _indexes()


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("residents")
    op.drop_table("seal_checks")
    op.drop_table("quotas")
    drop_audit_table(op)


def _residents() -> None:
    sealed = [
        sa.Column(f"{name}{end}", sa.LargeBinary(), nullable=True)
        for name in ("name", "id_number", "phone", "birth_date")
        for end in ("", "_hash")
    ]
    op.create_table(
        "residents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(collation="C"), nullable=True),
        sa.Column("source_id", sa.Text(collation="C"), nullable=True),
        sa.Column("community_code", sa.Text(collation="C"), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=True),
        sa.Column("registered_household_id", sa.Uuid(), nullable=True),
        sa.Column("registered_elsewhere", sa.Boolean(), nullable=True),
        sa.Column("relation_to_householder", sa.Text(), nullable=True),
        sa.Column("residence_type", sa.Text(), nullable=True),
        sa.Column("sex", sa.Text(), nullable=True),
        sa.Column("birth_year", sa.Integer(), nullable=True),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("warnings", postgresql.ARRAY(sa.Text()), nullable=False),
        *sealed,
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("erased_by", sa.Text(), nullable=True),
        sa.Column("erasure_reason", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_code"], ["divisions.code"], name="fk_residents_community_code_divisions"
        ),
        sa.ForeignKeyConstraint(
            ["household_id"], ["households.id"], name="fk_residents_household_id_households"
        ),
        sa.ForeignKeyConstraint(
            ["registered_household_id"],
            ["households.id"],
            name="fk_residents_registered_household_id_households",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_residents"),
        sa.UniqueConstraint("source", "source_id", name="uq_residents_source_source_id"),
    )


def _indexes() -> None:
    for name, columns in (
        ("ix_residents_household_id", ["household_id"]),
        ("ix_residents_registered_household_id", ["registered_household_id"]),
        ("ix_residents_community_code_id", ["community_code", "id"]),
        ("ix_residents_id_number_hash", ["id_number_hash"]),
        ("ix_residents_phone_hash", ["phone_hash"]),
        ("ix_residents_updated_at", ["updated_at"]),
    ):
        op.create_index(name, "residents", columns)
    op.create_index(
        "uq_residents_householder",
        "residents",
        ["household_id"],
        unique=True,
        postgresql_where=sa.text("relation_to_householder = 'householder' AND ended_at IS NULL"),
    )
    op.create_index(
        "uq_residents_registered_householder",
        "residents",
        ["registered_household_id"],
        unique=True,
        postgresql_where=sa.text(
            "relation_to_householder = 'householder' AND household_id IS NULL AND ended_at IS NULL"
        ),
    )
