"""Reports of imports: the sheet, the number of flaws, and the cell that each flaw is in."""

from __future__ import annotations

from alembic import op

from kit.bulk.tables import add_import_report, drop_import_report

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the columns."""
    add_import_report(op)


def downgrade() -> None:
    """Drop them."""
    drop_import_report(op)
