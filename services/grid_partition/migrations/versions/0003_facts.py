"""What a community's cut has to tell, beside its figures: explanations are made from it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column; cuts that are there already have no facts, and no explanation."""
    op.add_column("plan_communities", sa.Column("facts", JSONB(), nullable=True))


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("plan_communities", "facts")
