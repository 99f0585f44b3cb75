"""Tables of the registry.

Geometries are compact GeoJSON text (CGCS2000), checked before they come here, so that an answer
is built by joining texts; the extent stands beside them in degrees.  Codes have the collation C:
prefixes are found by index and order is bytewise everywhere.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from kit.audit.tables import audit_table
from kit.bulk.tables import import_tables
from kit.db import UtcDateTime, new_metadata
from kit.idempotency import idempotency_table
from kit.outbox import outbox_table
from kit.quota import quota_table
from kit.sealing.checks import seal_check_table
from kit.sealing.vault import sealed_column

METADATA = new_metadata()
KEYS = idempotency_table(METADATA)
OUTBOX = outbox_table(METADATA)
IMPORTS = import_tables(METADATA)
AUDIT = audit_table(METADATA)
QUOTAS = quota_table(METADATA)
SEAL_CHECKS = seal_check_table(METADATA)

_Code = Text(collation="C")


def _extent() -> list[Column[float | None]]:
    return [Column(name, Double, nullable=True) for name in ("west", "south", "east", "north")]


def _erasure() -> list[Column[Any]]:
    # What is left of a person whose data were erased: when, why, and by which client.
    return [
        Column("erased_at", UtcDateTime, nullable=True),
        Column("erased_by", Text, nullable=True),
        Column("erasure_reason", Text, nullable=True),
    ]


DIVISIONS = Table(
    "divisions",
    METADATA,
    Column("code", _Code, primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=True),
    Column("kind", Text, nullable=False),
    Column(
        "parent_code",
        _Code,
        # Deferred: an import may bring children before the parents that it makes.
        ForeignKey("divisions.code", deferrable=True, initially="DEFERRED"),
        nullable=True,
        index=True,
    ),
    Column("status", Text, nullable=False),
    Column("is_governed", Boolean, nullable=False),
    Column("valid_from", Date, nullable=True),
    Column("valid_to", Date, nullable=True),
    Column("boundary", Text, nullable=True),
    *_extent(),
    Column("version", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False, index=True),
)

ESTATES = Table(
    "estates",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("source", _Code, nullable=True),
    Column("source_id", _Code, nullable=True),
    Column("community_code", _Code, ForeignKey("divisions.code"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("management_mode", Text, nullable=True),
    Column("has_property_company", Boolean, nullable=True),
    Column("has_owners_committee", Boolean, nullable=True),
    Column("has_resident_organization", Boolean, nullable=True),
    Column("geometry", Text, nullable=True),
    *_extent(),
    Column("ended_at", UtcDateTime, nullable=True),
    Column("version", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False, index=True),
    UniqueConstraint("source", "source_id"),
)

BUILDINGS = Table(
    "buildings",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("source", _Code, nullable=True),
    Column("source_id", _Code, nullable=True),
    Column("community_code", _Code, ForeignKey("divisions.code"), nullable=False, index=True),
    Column("estate_id", Uuid, ForeignKey("estates.id"), nullable=True, index=True),
    Column("name", Text, nullable=True),
    Column("kind", Text, nullable=True),
    Column("geometry", Text, nullable=True),
    *_extent(),
    Column("lon", Double, nullable=True),
    Column("lat", Double, nullable=True),
    Column("outside_m", Double, nullable=True),
    Column("units", Integer, nullable=True),
    Column("floors", Integer, nullable=True),
    Column("dwellings", Integer, nullable=True),
    Column("households_resident", Integer, nullable=True),
    Column("households_registered", Integer, nullable=True),
    Column("count_source", Text, nullable=True),
    Column("ended_at", UtcDateTime, nullable=True),
    Column("version", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False, index=True),
    UniqueConstraint("source", "source_id"),
)
Index("ix_buildings_west_east", BUILDINGS.c.west, BUILDINGS.c.east)

HOUSEHOLDS = Table(
    "households",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("source", _Code, nullable=True),
    Column("source_id", _Code, nullable=True),
    Column("community_code", _Code, ForeignKey("divisions.code"), nullable=False),
    Column("building_id", Uuid, ForeignKey("buildings.id"), nullable=False),
    Column("household_no", _Code, nullable=False),
    Column("residence", Text, nullable=False),
    Column("unit", Text, nullable=True),
    Column("floor", Integer, nullable=True),
    Column("ended_at", UtcDateTime, nullable=True),
    Column("version", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False, index=True),
    UniqueConstraint("source", "source_id"),
)
Index(
    "uq_households_number",
    HOUSEHOLDS.c.community_code,
    HOUSEHOLDS.c.household_no,
    unique=True,
    postgresql_where=HOUSEHOLDS.c.ended_at.is_(None),
)
Index("ix_households_building_id", HOUSEHOLDS.c.building_id, HOUSEHOLDS.c.residence)

RESIDENTS = Table(
    "residents",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("source", _Code, nullable=True),
    Column("source_id", _Code, nullable=True),
    Column("community_code", _Code, ForeignKey("divisions.code"), nullable=False),
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
    *_erasure(),
    Column("ended_at", UtcDateTime, nullable=True),
    Column("version", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False, index=True),
    UniqueConstraint("source", "source_id"),
)
Index("ix_residents_community_code_id", RESIDENTS.c.community_code, RESIDENTS.c.id)
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
    Column("id", Uuid, primary_key=True),
    Column("source", _Code, nullable=True),
    Column("source_id", _Code, nullable=True),
    Column("division_code", _Code, ForeignKey("divisions.code"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("public_contact", Boolean, nullable=False),
    Column("organization_id", Uuid, nullable=True, index=True),
    *sealed_column("name"),
    *sealed_column("id_number"),
    *sealed_column("phone"),
    *sealed_column("work_phone"),
    *_erasure(),
    Column("ended_at", UtcDateTime, nullable=True),
    Column("version", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False, index=True),
    UniqueConstraint("source", "source_id"),
)
Index("ix_members_division_code_id", MEMBERS.c.division_code, MEMBERS.c.id)

APPOINTMENTS = Table(
    "appointments",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("source", _Code, nullable=True),
    Column("source_id", _Code, nullable=True),
    Column("member_id", Uuid, ForeignKey("members.id"), nullable=False, index=True),
    Column("post", Text, nullable=False),
    Column("place_code", _Code, nullable=False),
    Column("organization_id", Uuid, nullable=True, index=True),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date, nullable=True),
    Column("end_reason", Text, nullable=True),
    Column("ended_at", UtcDateTime, nullable=True),
    Column("version", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False, index=True),
    UniqueConstraint("source", "source_id"),
)
Index("ix_appointments_place_code_id", APPOINTMENTS.c.place_code, APPOINTMENTS.c.id)

CHANGES = Table(
    "changes",
    METADATA,
    Column("seq", BigInteger, Identity(always=True), primary_key=True),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("client_id", Text, nullable=False),
    Column("noun", Text, nullable=False),
    Column("subject", _Code, nullable=False),
    Column("area", _Code, nullable=False),
    Column("action", Text, nullable=False),
    Column("fields", ARRAY(Text), nullable=False),
    Column("import_id", Uuid, nullable=True),
)
Index("ix_changes_subject", CHANGES.c.subject, CHANGES.c.seq)
