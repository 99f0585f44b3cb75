"""Units and dwellings; the dwelling and the residence type of a household."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Make the tables and columns."""
    _units()
    _dwellings()
    op.add_column("households", sa.Column("dwelling_id", sa.Uuid(), nullable=True))
    op.add_column("households", sa.Column("residence_type", sa.Text(), nullable=True))
    op.create_foreign_key(
        "fk_households_dwelling_id_dwellings", "households", "dwellings", ["dwelling_id"], ["id"]
    )
    op.create_index(
        "ix_households_dwelling_id",
        "households",
        ["dwelling_id", "id"],
        postgresql_where=sa.text("dwelling_id IS NOT NULL"),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_column("households", "residence_type")
    op.drop_column("households", "dwelling_id")
    op.drop_table("dwellings")
    op.drop_table("units")


def _identity() -> list[sa.Column[object]]:
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(collation="C"), nullable=True),
        sa.Column("source_id", sa.Text(collation="C"), nullable=True),
        sa.Column("community_code", sa.Text(collation="C"), nullable=False),
        sa.Column("building_id", sa.Uuid(), nullable=False),
    ]


def _life(table: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["building_id"], ["buildings.id"], name=f"fk_{table}_building_id_buildings"
        ),
        sa.ForeignKeyConstraint(
            ["community_code"], ["divisions.code"], name=f"fk_{table}_community_code_divisions"
        ),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.UniqueConstraint("source", "source_id", name=f"uq_{table}_source_source_id"),
    ]


def _index(table: str) -> None:
    op.create_index(f"ix_{table}_community_code_id", table, ["community_code", "id"])
    op.create_index(
        f"ix_{table}_community_code_updated_at", table, ["community_code", "updated_at", "id"]
    )
    op.create_index(f"ix_{table}_building_id", table, ["building_id", "id"])


def _units() -> None:
    op.create_table(
        "units",
        *_identity(),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("floors", sa.Integer(), nullable=True),
        sa.Column("dwellings", sa.Integer(), nullable=True),
        sa.Column("households_resident", sa.Integer(), nullable=True),
        sa.Column("households_registered", sa.Integer(), nullable=True),
        sa.Column("geometry", sa.Text(), nullable=True),
        *(
            sa.Column(name, sa.Double(), nullable=True)
            for name in ("west", "south", "east", "north")
        ),
        *_life("units"),
    )
    _index("units")
    op.create_index(
        "uq_units_name",
        "units",
        ["building_id", "name"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def _dwellings() -> None:
    op.create_table(
        "dwellings",
        *_identity(),
        sa.Column("address_code", sa.Text(collation="C"), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("floor", sa.Integer(), nullable=True),
        sa.Column("use", sa.Text(), nullable=True),
        sa.Column("area_m2", sa.Double(), nullable=True),
        sa.Column("room", sa.LargeBinary(), nullable=True),
        sa.Column("room_hash", sa.LargeBinary(), nullable=True),
        *_life("dwellings"),
        sa.UniqueConstraint("address_code", name="uq_dwellings_address_code"),
    )
    _index("dwellings")
