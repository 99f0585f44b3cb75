"""A made-up register of any size, written by set-based SQL: the same shape at every size.

Communities of 5,000 households in buildings of 80; eight communities a street, five streets a
district.  Most rows are `both`, one in twenty is on the register only; changes are spread over a
thousand hours.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg

NOW = datetime(2026, 3, 1, tzinfo=UTC)
IN_COMMUNITY = 5_000
IN_BUILDING = 80
#: The number of a community -> its code: 990001 is the first district.
_CODE = (
    "(lpad((990001 + n / 40)::text, 6, '0') || lpad((1 + n % 40 / 8)::text, 3, '0') "
    "|| lpad((1 + n % 8)::text, 3, '0'))"
)
_STEPS = (
    # Divisions: the communities first, then what their prefixes name.
    """
    INSERT INTO divisions (code, name, kind, parent_code, status, is_governed, version,
      west, south, east, north, boundary, created_at, updated_at)
    SELECT code, 'community ' || n, 'community', left(code, 9), 'active', true, 1,
      lon, 36.6, lon + 0.01, 36.61,
      format('{"type":"Polygon","coordinates":[[[%s,36.6],[%s,36.6],[%s,36.61],[%s,36.61],'
             '[%s,36.6]]]}', lon, lon + 0.01, lon + 0.01, lon, lon), :now, :now
    FROM (SELECT n, CODE AS code, round(101 + n * 0.01, 6) AS lon
          FROM generate_series(0, :communities - 1) n) c
    """,
    """
    INSERT INTO divisions (code, name, kind, parent_code, status, is_governed, version,
      created_at, updated_at)
    SELECT DISTINCT left(code, d), left(code, d), CASE d WHEN 6 THEN 'district' ELSE 'street' END,
      CASE d WHEN 9 THEN left(code, 6) END, 'active', false, 1, :now, :now
    FROM divisions, (VALUES (6), (9)) v(d) WHERE length(code) = 12
    """,
    """
    INSERT INTO organizations (id, source, source_id, division_code, name, kind, jurisdiction,
      version, created_at, updated_at)
    SELECT uuidv7(), 'gis', 'O' || code || k, code, 'organization', 'property_company',
      ARRAY[code], 1, :now, :now FROM divisions, generate_series(1, 5) k WHERE length(code) = 12
    """,
    """
    INSERT INTO service_points (id, source, source_id, community_code, name, kind, services,
      geometry, west, south, east, north, version, created_at, updated_at)
    SELECT uuidv7(), 'gis', 'S' || code || k, code, 'point', 'care_station', '{charging}',
      format('{"type":"Point","coordinates":[%s,%s]}', lon, lat), lon, lat, lon, lat, 1, :now, :now
    FROM (SELECT code, k, west + 0.01 * random() AS lon, 36.6 + 0.01 * random() AS lat
          FROM divisions, generate_series(1, 5) k WHERE length(code) = 12) p
    """,
    """
    INSERT INTO estates (id, source, source_id, community_code, name, has_property_company,
      has_owners_committee, has_resident_organization, version, created_at, updated_at)
    SELECT uuidv7(), 'gis', 'E' || code || k, code, 'estate ' || k, k > 1, k > 2, k > 3, 1,
      :now, :now FROM divisions, generate_series(1, 12) k WHERE length(code) = 12
    """,
    """
    INSERT INTO buildings (id, source, source_id, community_code, estate_id, name, floors, units,
      outside_m, geometry, west, south, east, north, lon, lat, version, created_at, updated_at)
    SELECT uuidv7(), 'gis', 'B' || code || k, code,
      (SELECT id FROM estates e WHERE e.community_code = code ORDER BY id OFFSET k % 12 LIMIT 1),
      'building ' || k, 6, 4, CASE WHEN k = 7 THEN 12.5 END,
      format('{"type":"Point","coordinates":[%s,%s]}', lon, lat), lon, lat, lon, lat, lon, lat, 1,
      :now - interval '1 hour' * (k % 1000), :now - interval '1 hour' * (k % 1000)
    FROM (SELECT code, k, west + 0.01 * random() AS lon, 36.6 + 0.01 * random() AS lat
          FROM divisions, generate_series(1, :buildings) k WHERE length(code) = 12) p
    """,
    """
    INSERT INTO units (id, source, source_id, community_code, building_id, name, floors,
      version, created_at, updated_at)
    SELECT uuidv7(), 'gis', 'U' || b.source_id || '-' || k, b.community_code, b.id, k::text, 6, 1,
      :now, :now FROM buildings b, generate_series(1, 4) k
    """,
    """
    INSERT INTO dwellings (id, source, source_id, community_code, building_id, address_code, unit,
      floor, use, version, created_at, updated_at)
    SELECT uuidv7(), 'gis', 'D' || b.source_id || '-' || k, b.community_code, b.id,
      'DOOR-' || b.source_id || '-' || k, (1 + k % 4)::text, 1 + k % 6, 'residential', 1, :now,
      :now - interval '1 hour' * ((hashtext(b.source_id) + k) % 1000)
    FROM buildings b, generate_series(1, :in_building) k
    """,
    """
    INSERT INTO households (id, source, source_id, community_code, building_id, household_no,
      residence, unit, floor, version, created_at, updated_at)
    SELECT uuidv7(), CASE WHEN h % 10 = 0 THEN 'police' ELSE 'gis' END,
      'H' || b.source_id || '-' || h, b.community_code, b.id, b.source_id || '-' || h,
      CASE WHEN h % 20 = 0 THEN 'registered' WHEN h % 7 = 0 THEN 'resident' ELSE 'both' END,
      (1 + h % 4)::text, 1 + h % 6, 1, :now,
      :now - interval '1 hour' * ((hashtext(b.source_id) + h) % 1000)
    FROM buildings b, generate_series(1, :in_building) h
    """,
    """
    INSERT INTO changes (at, client_id, noun, subject, area, action, fields)
    SELECT updated_at, 'bench', 'household', id::text, community_code, 'created', '{}'
    FROM households ORDER BY updated_at
    """,
    """
    INSERT INTO changes (at, client_id, noun, subject, area, action, fields)
    SELECT created_at, 'bench', 'division', code, code, 'created', '{}' FROM divisions
    """,
)


@dataclass(frozen=True, slots=True)
class Size:
    """How many communities a register has."""

    communities: int

    @property
    def buildings(self) -> int:
        """Buildings of one community."""
        return -(-IN_COMMUNITY // IN_BUILDING)

    @property
    def households(self) -> int:
        """Households of the whole register."""
        return self.communities * self.buildings * IN_BUILDING


def sized(households: int) -> Size:
    """Return the size of a register with about so many households."""
    return Size(max(1, round(households / IN_COMMUNITY)))


def fill(url: str, size: Size) -> None:
    """Write a register into an empty, migrated database; the planner knows its figures after."""
    values = {
        ":communities": str(size.communities),
        ":buildings": str(size.buildings),
        ":in_building": str(IN_BUILDING),
        ":now": f"timestamptz '{NOW.isoformat()}'",
        "CODE": _CODE,
    }

    async def write() -> None:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute("SET statement_timeout = 0")
            async with connection.transaction():
                for step in _STEPS:
                    statement = step
                    for name, value in values.items():
                        statement = statement.replace(name, value)
                    await connection.execute(statement)
            await connection.execute("VACUUM (ANALYZE)")
        finally:
            await connection.close()

    asyncio.run(write())


def ask(url: str, statement: str) -> list[asyncpg.Record]:
    """Return the rows of a statement."""

    async def run() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(url)
        try:
            return list(await connection.fetch(statement))
        finally:
            await connection.close()

    return asyncio.run(run())
