"""Persons: residents, members of the governance force and their appointments; all sealed."""

from __future__ import annotations

from sqlalchemy import ARRAY, Boolean, Column, Date, ForeignKey, Index, Integer, Table, Text, Uuid

from kit.sealing.vault import sealed_column
from services.registry.storage.tables.foundation import (
    CODE,
    METADATA,
    community,
    division,
    erasure,
    identity,
    life,
    ordered,
)

RESIDENTS = Table(
    "residents",
    METADATA,
    *identity(),
    community(),
    Column("household_id", Uuid, ForeignKey("households.id"), nullable=True, index=True),
    Column("registered_household_id", Uuid, ForeignKey("households.id"), nullable=True, index=True),
    Column("registered_elsewhere", Boolean, nullable=True),
    Column("relation_to_householder", Text, nullable=True),
    Column("residence_type", Text, nullable=True),
    Column("sex", Text, nullable=True),
    Column("birth_year", Integer, nullable=True),
    Column("tags", ARRAY(Text), nullable=False),
    Column("warnings", ARRAY(Text), nullable=False),
    *sealed_column("name"),
    *sealed_column("id_number"),
    *sealed_column("phone"),
    *sealed_column("birth_date"),
    *erasure(),
    *life(),
)
ordered(RESIDENTS, "community_code")
Index("ix_residents_id_number_hash", RESIDENTS.c.id_number_hash)
Index("ix_residents_phone_hash", RESIDENTS.c.phone_hash)
Index(
    "uq_residents_householder",
    RESIDENTS.c.household_id,
    unique=True,
    postgresql_where=(RESIDENTS.c.relation_to_householder == "householder")
    & RESIDENTS.c.ended_at.is_(None),
)
Index(
    "uq_residents_registered_householder",
    RESIDENTS.c.registered_household_id,
    unique=True,
    postgresql_where=(RESIDENTS.c.relation_to_householder == "householder")
    & RESIDENTS.c.household_id.is_(None)
    & RESIDENTS.c.ended_at.is_(None),
)

MEMBERS = Table(
    "members",
    METADATA,
    *identity(),
    division(),
    Column("kind", Text, nullable=False),
    Column("public_contact", Boolean, nullable=False),
    Column("organization_id", Uuid, ForeignKey("organizations.id"), nullable=True, index=True),
    *sealed_column("name"),
    *sealed_column("id_number"),
    *sealed_column("phone"),
    *sealed_column("work_phone"),
    *erasure(),
    *life(),
)
ordered(MEMBERS, "division_code")

APPOINTMENTS = Table(
    "appointments",
    METADATA,
    *identity(),
    Column("member_id", Uuid, ForeignKey("members.id"), nullable=False, index=True),
    Column("post", Text, nullable=False),
    Column("place_code", CODE, nullable=False),
    Column("organization_id", Uuid, ForeignKey("organizations.id"), nullable=True, index=True),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date, nullable=True),
    Column("end_reason", Text, nullable=True),
    *life(),
)
ordered(APPOINTMENTS, "place_code")
