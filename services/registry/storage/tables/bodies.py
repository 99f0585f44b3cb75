"""Who serves: organizations, service points, teams."""

from __future__ import annotations

from sqlalchemy import ARRAY, Column, Date, ForeignKey, Index, Table, Text, Uuid

from services.registry.storage.tables.foundation import (
    CODE,
    METADATA,
    community,
    division,
    extent,
    identity,
    life,
    ordered,
)

ORGANIZATIONS = Table(
    "organizations",
    METADATA,
    *identity(),
    division(),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("uscc", CODE, nullable=True, index=True),
    Column("jurisdiction", ARRAY(CODE), nullable=False),
    Column("parent_id", Uuid, ForeignKey("organizations.id"), nullable=True, index=True),
    Column("rating", Text, nullable=True),
    Column("phone", Text, nullable=True),
    Column("address", Text, nullable=True),
    *life(),
)
ordered(ORGANIZATIONS, "division_code")

SERVICE_POINTS = Table(
    "service_points",
    METADATA,
    *identity(),
    community(),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("services", ARRAY(Text), nullable=False),
    Column("address", Text, nullable=True),
    Column("phone", Text, nullable=True),
    Column("opening_hours", Text, nullable=True),
    Column("organization_id", Uuid, ForeignKey("organizations.id"), nullable=True, index=True),
    Column("geometry", Text, nullable=True),
    *extent(),
    *life(),
)
ordered(SERVICE_POINTS, "community_code")
Index("ix_service_points_west_south", SERVICE_POINTS.c.west, SERVICE_POINTS.c.south)

TEAMS = Table(
    "teams",
    METADATA,
    *identity(),
    division(),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("organization_id", Uuid, ForeignKey("organizations.id"), nullable=True, index=True),
    Column("description", Text, nullable=True),
    *life(),
)
ordered(TEAMS, "division_code")

MEMBERSHIPS = Table(
    "memberships",
    METADATA,
    *identity(),
    # The team's own: a membership is seen where the team is.
    division(),
    Column("team_id", Uuid, ForeignKey("teams.id"), nullable=False),
    Column("member_id", Uuid, ForeignKey("members.id"), nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date, nullable=True),
    *life(),
)
ordered(MEMBERSHIPS, "division_code")
Index("ix_memberships_team_id", MEMBERSHIPS.c.team_id, MEMBERSHIPS.c.id)
Index("ix_memberships_member_id", MEMBERSHIPS.c.member_id, MEMBERSHIPS.c.id)
Index(
    "uq_memberships_open",
    MEMBERSHIPS.c.team_id,
    MEMBERSHIPS.c.member_id,
    unique=True,
    postgresql_where=MEMBERSHIPS.c.ended_at.is_(None) & MEMBERSHIPS.c.valid_to.is_(None),
)
