"""Snapshots of communities, built by PostgreSQL as JSON text: one statement a batch."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from sqlalchemy import TextClause, func, select, text

from kit.areas import in_areas, under
from kit.db import Database, Tx
from services.registry.domain.buildings import CountBasis
from services.registry.storage.buildings import Basis
from services.registry.storage.divisions import ACTIVE
from services.registry.storage.tables import DIVISIONS

#: Communities a statement; a snapshot is some 100 kB, so a batch stays small in memory.
_BATCH = 8

#: Basis -> the table whose single rows count, and which of them do.
_ROWS: dict[CountBasis, tuple[str, str]] = {
    "resident": ("households", "r.residence IN ('resident', 'both')"),
    "registered": ("households", "r.residence IN ('registered', 'both')"),
    "dwellings": ("dwellings", "(r.use IS NULL OR r.use = ANY(:homes))"),
}
_STATED: dict[CountBasis, str] = {
    "resident": "households_resident",
    "registered": "households_registered",
    "dwellings": "dwellings",
}

# Geometry is stored as GeoJSON text: `::json` embeds it as it stands.  The version is the hash
# of everything else, so it changes exactly when something that is shown changes.
_SQL = """
WITH singles AS (
  SELECT r.building_id, r.unit, {counts} AS counts
  FROM {rows} r WHERE r.community_code = ANY(:codes) AND r.ended_at IS NULL
), listed AS (
  SELECT building_id, count(*) AS listed, count(*) FILTER (WHERE counts) AS counted
  FROM singles GROUP BY building_id
), listed_by_unit AS (
  SELECT building_id, unit, count(*) FILTER (WHERE counts) AS counted
  FROM singles GROUP BY building_id, unit
), units_of AS (
  SELECT u.building_id, count(*) AS units,
    json_agg(json_build_object(
      'name', u.name, 'floors', u.floors,
      'households', CASE WHEN l.listed > 0 THEN coalesce(n.counted, 0) ELSE u.{stated} END,
      'point', CASE WHEN u.west IS NOT NULL THEN json_build_array(u.west, u.south) END
    ) ORDER BY u.name, u.id) AS items
  FROM units u
  LEFT JOIN listed l ON l.building_id = u.building_id
  LEFT JOIN listed_by_unit n ON n.building_id = u.building_id AND n.unit = u.name
  WHERE u.community_code = ANY(:codes) AND u.ended_at IS NULL
  GROUP BY u.building_id
), counted AS (
  SELECT b.*, CASE WHEN l.listed > 0 THEN l.counted ELSE b.{stated} END AS households,
    coalesce(b.units, n.units) AS units_known, n.items AS unit_items
  FROM buildings b
  LEFT JOIN listed l ON l.building_id = b.id
  LEFT JOIN units_of n ON n.building_id = b.id
  WHERE b.community_code = ANY(:codes) AND b.ended_at IS NULL
), buildings_of AS (
  SELECT c.community_code,
    json_agg(json_build_object(
      'id', c.id, 'source', c.source, 'source_id', c.source_id, 'name', c.name,
      'estate_id', c.estate_id, 'kind', c.kind, 'geometry', c.geometry::json,
      'point', CASE WHEN c.lon IS NOT NULL THEN json_build_array(c.lon, c.lat) END,
      'units', c.units_known, 'floors', c.floors, 'households', coalesce(c.households, 0),
      'unit_details', coalesce(c.unit_items, '[]'::json)
    ) ORDER BY c.source, c.source_id, c.id) AS items,
    count(*) AS buildings, sum(coalesce(c.households, 0)) AS households,
    count(*) FILTER (WHERE c.geometry IS NULL) AS without_location,
    count(*) FILTER (WHERE c.households IS NULL) AS without_count
  FROM counted c GROUP BY c.community_code
), estates_of AS (
  SELECT e.community_code, count(*) AS estates,
    json_agg(json_build_object(
      'id', e.id, 'source', e.source, 'source_id', e.source_id, 'name', e.name,
      'geometry', e.geometry::json
    ) ORDER BY e.source, e.source_id, e.id) AS items
  FROM estates e
  WHERE e.community_code = ANY(:codes) AND e.ended_at IS NULL
  GROUP BY e.community_code
), bodies AS (
  SELECT d.code, json_build_object(
    'community_code', d.code, 'name', d.name, 'is_governed', d.is_governed,
    'count_basis', cast(:basis AS text), 'boundary', d.boundary::json,
    'estates', coalesce(e.items, '[]'::json),
    'buildings', coalesce(b.items, '[]'::json),
    'totals', json_build_object(
      'estates', coalesce(e.estates, 0), 'buildings', coalesce(b.buildings, 0),
      'households', coalesce(b.households, 0),
      'buildings_without_location', coalesce(b.without_location, 0),
      'buildings_without_count', coalesce(b.without_count, 0))
  )::text AS body
  FROM divisions d
  LEFT JOIN estates_of e ON e.community_code = d.code
  LEFT JOIN buildings_of b ON b.community_code = d.code
  WHERE d.code = ANY(:codes)
)
SELECT version, '{{"version": "' || version || '", ' || substr(body, 2) AS body
FROM (SELECT code, body, encode(sha256(convert_to(body, 'UTF8')), 'hex') AS version
      FROM bodies) hashed
ORDER BY code
"""


def _statement(basis: CountBasis) -> TextClause:
    rows, counts = _ROWS[basis]
    return text(_SQL.format(rows=rows, counts=counts, stated=_STATED[basis]))


_STATEMENTS = {basis: _statement(basis) for basis in _ROWS}


async def build(tx: Tx, codes: Sequence[str], basis: Basis) -> list[tuple[str, str]]:
    """Return (version, JSON text) of the communities, in code order.

    The caller has checked that the codes are active communities in its areas.
    """
    values: dict[str, object] = {"codes": list(codes), "basis": basis.name}
    if basis.name == "dwellings":
        values["homes"] = list(basis.homes)
    found = await tx.execute(_STATEMENTS[basis.name], values)
    return [(version, body) for version, body in found.all()]


async def communities(
    tx: Tx, areas: Sequence[str], area: str | None, *, governed_only: bool
) -> list[str]:
    """Return the codes of the active communities in the areas, sorted."""
    statement = select(DIVISIONS.c.code).where(
        in_areas(DIVISIONS.c.code, areas)
        & (DIVISIONS.c.status == ACTIVE)
        & (func.length(DIVISIONS.c.code) == 12)
    )
    if area is not None:
        statement = statement.where(under(DIVISIONS.c.code, area))
    if governed_only:
        statement = statement.where(DIVISIONS.c.is_governed)
    return list(await tx.scalars(statement.order_by(DIVISIONS.c.code)))


async def stream(database: Database, codes: Sequence[str], basis: Basis) -> AsyncIterator[bytes]:
    """Yield the snapshots of the communities as NDJSON; memory stays at one batch.

    Each line is consistent in itself: it comes from one statement.
    """
    async with database.reading() as tx:
        for start in range(0, len(codes), _BATCH):
            lines = await build(tx, codes[start : start + _BATCH], basis)
            yield "".join(f"{body}\n" for _, body in lines).encode()
