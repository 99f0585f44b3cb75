"""Bulk imports: the jobs and what was wrong with their rows."""

from __future__ import annotations

from alembic import op

from kit.bulk.tables import create_import_tables, drop_import_tables

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the tables."""
    create_import_tables(op)


def downgrade() -> None:
    """Drop the tables."""
    drop_import_tables(op)
