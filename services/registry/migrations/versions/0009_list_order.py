"""Indexes in the orders in which lists are read: area and id, area and time of change."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_PLACES = ("estates", "buildings", "households")
#: Lists of persons stand in the order of codes already; only their order by change is new.
_PEOPLE = (
    ("residents", "community_code"),
    ("members", "division_code"),
    ("appointments", "place_code"),
)


def upgrade() -> None:
    """Put the new indexes in the place of the old."""
    for table in _PLACES:
        op.create_index(f"ix_{table}_community_code_id", table, ["community_code", "id"])
        op.create_index(
            f"ix_{table}_community_code_updated_at", table, ["community_code", "updated_at", "id"]
        )
        op.drop_index(f"ix_{table}_updated_at", table)
    for table, area in _PEOPLE:
        op.create_index(f"ix_{table}_{area}_updated_at", table, [area, "updated_at", "id"])
        op.drop_index(f"ix_{table}_updated_at", table)
    for table in ("estates", "buildings"):
        op.drop_index(f"ix_{table}_community_code", table)
    _again("ix_buildings_estate_id", "buildings", ["estate_id", "id"])
    op.create_index(
        "ix_buildings_outside",
        "buildings",
        ["community_code", "id"],
        postgresql_where=sa.text("outside_m IS NOT NULL"),
    )
    _again("ix_households_building_id", "households", ["building_id", "id"])
    op.create_index(
        "ix_households_residence",
        "households",
        ["residence", "community_code", "id"],
        postgresql_where=sa.text("residence <> 'both'"),
    )
    _again("ix_changes_at", "changes", ["at", "seq"])
    _again("ix_changes_subject", "changes", ["subject", "at", "seq"])
    op.create_index("ix_changes_area", "changes", ["area", "at", "seq"])
    op.create_index("ix_changes_noun", "changes", ["noun", "at", "seq"])


def downgrade() -> None:
    """Put the old ones back."""
    op.drop_index("ix_changes_noun", "changes")
    op.drop_index("ix_changes_area", "changes")
    _again("ix_changes_subject", "changes", ["subject", "seq"])
    _again("ix_changes_at", "changes", ["at"])
    op.drop_index("ix_households_residence", "households")
    _again("ix_households_building_id", "households", ["building_id", "residence"])
    op.drop_index("ix_buildings_outside", "buildings")
    _again("ix_buildings_estate_id", "buildings", ["estate_id"])
    for table in ("estates", "buildings"):
        op.create_index(f"ix_{table}_community_code", table, ["community_code"])
    for table, area in _PEOPLE:
        op.create_index(f"ix_{table}_updated_at", table, ["updated_at"])
        op.drop_index(f"ix_{table}_{area}_updated_at", table)
    for table in _PLACES:
        op.create_index(f"ix_{table}_updated_at", table, ["updated_at"])
        op.drop_index(f"ix_{table}_community_code_updated_at", table)
        op.drop_index(f"ix_{table}_community_code_id", table)


def _again(name: str, table: str, columns: list[str]) -> None:
    op.drop_index(name, table)
    op.create_index(name, table, columns)
