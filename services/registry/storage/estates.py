"""Queries on estates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, column, not_, or_, select, table, text

from kit.areas import in_areas
from kit.bulk.issues import RowIssue
from kit.bulk.staging import ROWS, Staging
from kit.db import Tx
from services.registry.domain.estates import FACTS
from services.registry.domain.kinds import PARTIES, EstateParty
from services.registry.storage import places, rows
from services.registry.storage.places import Listed, PlaceFilter
from services.registry.storage.tables import BUILDINGS, ESTATES


def listing(
    areas: Sequence[str],
    narrowed: PlaceFilter,
    *,
    management_mode: str | None = None,
    organization_id: UUID | None = None,
    three_no: tuple[bool, Sequence[EstateParty]] | None = None,
) -> Listed:
    """Return the estates visible in the areas, and the paging key.

    `three_no` is the wanted answer and the parties that it is about.
    """
    owner = None
    if organization_id is not None:
        owner = or_(*(ESTATES.c[f"{party}_id"] == organization_id for party in PARTIES))
    statement, key = places.listing(ESTATES, areas, narrowed, owner)
    if management_mode is not None:
        statement = statement.where(ESTATES.c.management_mode == management_mode)
    if three_no is not None:
        statement = statement.where(_is_three_no(three_no[1], wanted=three_no[0]))
    return statement, key


def _is_three_no(parties: Sequence[EstateParty], *, wanted: bool) -> ColumnElement[bool]:
    facts = [ESTATES.c[FACTS[party]] for party in parties]
    if wanted:
        return and_(*(fact.is_(False) for fact in facts))
    return or_(*(fact.is_(True) for fact in facts))


async def buildings_in(tx: Tx, estate_id: UUID) -> int:
    """Return how many active buildings belong to an estate."""
    return await rows.count(
        tx, BUILDINGS, (BUILDINGS.c.estate_id == estate_id) & BUILDINGS.c.ended_at.is_(None)
    )


async def refuse_hidden_references(staging: Staging, issue: RowIssue, areas: Sequence[str]) -> None:
    """Refuse staged buildings that name an estate outside the caller's areas."""
    staged = table(ROWS, column("row_no"), column("source"), column("estate_source_id"))
    found = (
        select(staged.c.row_no)
        .join_from(
            staged,
            ESTATES,
            (ESTATES.c.source == staged.c.source)
            & (ESTATES.c.source_id == staged.c.estate_source_id),
        )
        .where(not_(in_areas(ESTATES.c.community_code, areas)))
    )
    await staging.refuse_set(issue, "estate_source_id", found)


# An estate belongs to the community in which most of its staged buildings stand.
_CREATE_BY_ID = """
INSERT INTO estates (id, source, source_id, community_code, name, version, created_at, updated_at)
SELECT (array_agg(row_id ORDER BY row_no))[1], source, estate_source_id,
       mode() WITHIN GROUP (ORDER BY community_code),
       coalesce((array_agg(estate_name ORDER BY row_no) FILTER (WHERE estate_name IS NOT NULL))[1],
                estate_source_id),
       1, :at, :at
FROM import_rows WHERE estate_source_id IS NOT NULL
GROUP BY source, estate_source_id
ON CONFLICT (source, source_id) DO UPDATE
SET ended_at = NULL, version = estates.version + 1, updated_at = excluded.updated_at
WHERE estates.ended_at IS NOT NULL
RETURNING id::text, community_code
"""
_CREATE_BY_NAME = """
INSERT INTO estates (id, community_code, name, version, created_at, updated_at)
SELECT (array_agg(row_id ORDER BY row_no))[1], community_code, estate_name, 1, :at, :at
FROM import_rows s
WHERE estate_source_id IS NULL AND estate_name IS NOT NULL AND NOT EXISTS (
  SELECT 1 FROM estates e WHERE e.community_code = s.community_code AND e.name = s.estate_name
  AND e.ended_at IS NULL)
GROUP BY community_code, estate_name
RETURNING id::text, community_code
"""
_RESOLVE_BY_ID = """
UPDATE import_rows s SET estate_id = e.id FROM estates e
WHERE s.estate_source_id IS NOT NULL
AND e.source = s.source AND e.source_id = s.estate_source_id
"""
_RESOLVE_BY_NAME = """
UPDATE import_rows s SET estate_id = e.id FROM (
  SELECT community_code, name, (array_agg(id ORDER BY id))[1] AS id FROM estates
  WHERE ended_at IS NULL GROUP BY community_code, name) e
WHERE s.estate_source_id IS NULL AND s.estate_name IS NOT NULL
AND e.community_code = s.community_code AND e.name = s.estate_name
"""


async def forget_resolved(tx: Tx) -> None:
    """Drop id and name of an estate that staged buildings name by an id of ours."""
    await tx.execute(
        text(
            "UPDATE import_rows SET estate_source_id = NULL, estate_name = NULL "
            "WHERE estate_id IS NOT NULL"
        )
    )


async def create_named(tx: Tx, *, at: datetime) -> list[tuple[str, str]]:
    """Create the estates that staged buildings name and nobody knows; returns (id, community).

    Their ids are those of the first building's staged row, which tables keep apart.
    """
    made: list[tuple[str, str]] = []
    for statement in (_CREATE_BY_ID, _CREATE_BY_NAME):
        found = await tx.execute(text(statement), {"at": at})
        made += [(row[0], row[1]) for row in found]
    return made


async def resolve_references(tx: Tx) -> None:
    """Fill the estate of staged buildings from the id or the name that they give."""
    for statement in (_RESOLVE_BY_ID, _RESOLVE_BY_NAME):
        await tx.execute(text(statement))
