"""Where people live: divisions, estates, buildings, units, dwellings, households."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, Double, ForeignKey, Index, Integer, Table, Text, Uuid

from kit.db import UtcDateTime
from kit.sealing.vault import sealed_column
from services.registry.storage.tables.foundation import (
    CODE,
    METADATA,
    community,
    extent,
    identity,
    life,
    ordered,
)

DIVISIONS = Table(
    "divisions",
    METADATA,
    Column("code", CODE, primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=True),
    Column("kind", Text, nullable=False),
    Column(
        "parent_code",
        CODE,
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
    *extent(),
    Column("version", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False, index=True),
)

ESTATES = Table(
    "estates",
    METADATA,
    *identity(),
    community(),
    Column("name", Text, nullable=False),
    Column("management_mode", Text, nullable=True),
    Column("has_property_company", Boolean, nullable=True),
    Column("has_owners_committee", Boolean, nullable=True),
    Column("has_resident_organization", Boolean, nullable=True),
    Column("has_party_branch", Boolean, nullable=True),
    *(
        Column(name, Uuid, ForeignKey("organizations.id"), nullable=True, index=True)
        for name in (
            "property_company_id",
            "owners_committee_id",
            "party_branch_id",
            "residents_group_id",
        )
    ),
    Column("geometry", Text, nullable=True),
    *extent(),
    *life(),
)

ordered(ESTATES, "community_code")

BUILDINGS = Table(
    "buildings",
    METADATA,
    *identity(),
    community(),
    Column("estate_id", Uuid, ForeignKey("estates.id"), nullable=True),
    Column("name", Text, nullable=True),
    Column("kind", Text, nullable=True),
    Column("geometry", Text, nullable=True),
    *extent(),
    Column("lon", Double, nullable=True),
    Column("lat", Double, nullable=True),
    Column("outside_m", Double, nullable=True),
    Column("units", Integer, nullable=True),
    Column("floors", Integer, nullable=True),
    Column("dwellings", Integer, nullable=True),
    Column("households_resident", Integer, nullable=True),
    Column("households_registered", Integer, nullable=True),
    Column("count_source", Text, nullable=True),
    *life(),
)
ordered(BUILDINGS, "community_code")
Index("ix_buildings_estate_id", BUILDINGS.c.estate_id, BUILDINGS.c.id)
Index("ix_buildings_west_east", BUILDINGS.c.west, BUILDINGS.c.east)
Index(
    "ix_buildings_outside",
    BUILDINGS.c.community_code,
    BUILDINGS.c.id,
    postgresql_where=BUILDINGS.c.outside_m.is_not(None),
)

UNITS = Table(
    "units",
    METADATA,
    *identity(),
    community(),
    Column("building_id", Uuid, ForeignKey("buildings.id"), nullable=False),
    Column("name", CODE, nullable=False),
    Column("floors", Integer, nullable=True),
    Column("dwellings", Integer, nullable=True),
    Column("households_resident", Integer, nullable=True),
    Column("households_registered", Integer, nullable=True),
    Column("geometry", Text, nullable=True),
    *extent(),
    *life(),
)
ordered(UNITS, "community_code")
Index("ix_units_building_id", UNITS.c.building_id, UNITS.c.id)
Index(
    "uq_units_name",
    UNITS.c.building_id,
    UNITS.c.name,
    unique=True,
    postgresql_where=UNITS.c.ended_at.is_(None),
)

DWELLINGS = Table(
    "dwellings",
    METADATA,
    *identity(),
    community(),
    Column("building_id", Uuid, ForeignKey("buildings.id"), nullable=False),
    # Codes of ended dwellings stay taken: a door plate is never given out twice.
    Column("address_code", CODE, nullable=True, unique=True),
    Column("unit", Text, nullable=True),
    Column("floor", Integer, nullable=True),
    Column("use", Text, nullable=True),
    Column("area_m2", Double, nullable=True),
    *sealed_column("room"),
    *life(),
)
ordered(DWELLINGS, "community_code")
Index("ix_dwellings_building_id", DWELLINGS.c.building_id, DWELLINGS.c.id)

HOUSEHOLDS = Table(
    "households",
    METADATA,
    *identity(),
    community(),
    Column("building_id", Uuid, ForeignKey("buildings.id"), nullable=False),
    Column("dwelling_id", Uuid, ForeignKey("dwellings.id"), nullable=True),
    Column("household_no", CODE, nullable=False),
    Column("residence", Text, nullable=False),
    Column("residence_type", Text, nullable=True),
    Column("unit", Text, nullable=True),
    Column("floor", Integer, nullable=True),
    *life(),
)
Index(
    "uq_households_number",
    HOUSEHOLDS.c.community_code,
    HOUSEHOLDS.c.household_no,
    unique=True,
    postgresql_where=HOUSEHOLDS.c.ended_at.is_(None),
)
ordered(HOUSEHOLDS, "community_code")
Index("ix_households_building_id", HOUSEHOLDS.c.building_id, HOUSEHOLDS.c.id)
Index(
    "ix_households_dwelling_id",
    HOUSEHOLDS.c.dwelling_id,
    HOUSEHOLDS.c.id,
    postgresql_where=HOUSEHOLDS.c.dwelling_id.is_not(None),
)
# Where nearly all are `both`, the others would be looked for among them all.
Index(
    "ix_households_residence",
    HOUSEHOLDS.c.residence,
    HOUSEHOLDS.c.community_code,
    HOUSEHOLDS.c.id,
    postgresql_where=HOUSEHOLDS.c.residence != "both",
)
