"""What changed, and what the registry was told of grids."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
)

from kit.db import UtcDateTime
from services.registry.storage.tables.foundation import CODE, METADATA

GRID_LAYOUTS = Table(
    "grid_layouts",
    METADATA,
    Column("community_code", CODE, ForeignKey("divisions.code"), primary_key=True),
    Column("plan", Text, nullable=True),
    Column("version", Integer, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)

GRID_SHARES = Table(
    "grid_shares",
    METADATA,
    Column(
        "community_code",
        CODE,
        ForeignKey("grid_layouts.community_code", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("number", Integer, primary_key=True),
    Column("grid_code", CODE, nullable=False, index=True),
    # No reference: a building may end, and its share be told anew only with the next plan.
    Column("building_id", Uuid, nullable=False, index=True),
    Column("unit_from", Integer, nullable=False),
    Column("unit_to", Integer, nullable=False),
    Column("floor_from", Integer, nullable=False),
    Column("floor_to", Integer, nullable=False),
    Column("households", Integer, nullable=False),
)

CHANGES = Table(
    "changes",
    METADATA,
    Column("seq", BigInteger, Identity(always=True), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("noun", Text, nullable=False),
    Column("subject", CODE, nullable=False),
    Column("area", CODE, nullable=False),
    Column("action", Text, nullable=False),
    Column("fields", ARRAY(Text), nullable=False),
    Column("import_id", Uuid, nullable=True),
)
Index("ix_changes_at", CHANGES.c.at, CHANGES.c.seq)
Index("ix_changes_area", CHANGES.c.area, CHANGES.c.at, CHANGES.c.seq)
Index("ix_changes_noun", CHANGES.c.noun, CHANGES.c.at, CHANGES.c.seq)
Index("ix_changes_subject", CHANGES.c.subject, CHANGES.c.at, CHANGES.c.seq)
