"""Tables of the registry.

Geometries are compact GeoJSON text (CGCS2000), checked before they come here, so that an answer
is built by joining texts; the extent stands beside them in degrees.  Codes have the collation C:
prefixes are found by index and order is bytewise everywhere.
"""

from __future__ import annotations

from services.registry.storage.tables.bodies import (
    MEMBERSHIPS,
    ORGANIZATIONS,
    SERVICE_POINTS,
    TEAMS,
)
from services.registry.storage.tables.foundation import (
    AUDIT,
    IMPORTS,
    KEYS,
    METADATA,
    OUTBOX,
    QUOTAS,
    SEAL_CHECKS,
)
from services.registry.storage.tables.history import CHANGES, GRID_LAYOUTS, GRID_SHARES
from services.registry.storage.tables.housing import (
    BUILDINGS,
    DIVISIONS,
    DWELLINGS,
    ESTATES,
    HOUSEHOLDS,
    UNITS,
)
from services.registry.storage.tables.people import APPOINTMENTS, MEMBERS, RESIDENTS

__all__ = [
    "APPOINTMENTS",
    "AUDIT",
    "BUILDINGS",
    "CHANGES",
    "DIVISIONS",
    "DWELLINGS",
    "ESTATES",
    "GRID_LAYOUTS",
    "GRID_SHARES",
    "HOUSEHOLDS",
    "IMPORTS",
    "KEYS",
    "MEMBERS",
    "MEMBERSHIPS",
    "METADATA",
    "ORGANIZATIONS",
    "OUTBOX",
    "QUOTAS",
    "RESIDENTS",
    "SEAL_CHECKS",
    "SERVICE_POINTS",
    "TEAMS",
    "UNITS",
]
