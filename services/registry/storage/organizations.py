"""Queries on organizations: seen by whom they serve, changed by whom they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    cast,
    exists,
    func,
    not_,
    or_,
    select,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.types import Text

from kit.areas import EVERYWHERE, in_areas
from kit.bulk.issues import RowIssue
from kit.bulk.staging import Staging
from kit.db import Tx
from services.registry.storage import places, rows
from services.registry.storage.places import Listed, PlaceFilter
from services.registry.storage.rows import Lock
from services.registry.storage.tables import (
    APPOINTMENTS,
    DIVISIONS,
    ESTATES,
    MEMBERS,
    ORGANIZATIONS,
    SERVICE_POINTS,
    TEAMS,
)

_LEVELS = (6, 9, 12)


def prefixes_of(code: str) -> list[str]:
    """Return the codes of the divisions that hold a code, itself included."""
    return [code[:digits] for digits in _LEVELS if digits <= len(code)]


def _serves(codes: Sequence[str]) -> ColumnElement[bool]:
    """Return the condition that a jurisdiction covers one of the codes."""
    wide = sorted({prefix for code in codes for prefix in prefixes_of(code)})
    covers: ColumnElement[bool] = ORGANIZATIONS.c.jurisdiction.op("&&")(
        cast(array(wide), ARRAY(Text))
    )
    return covers


def seen(areas: Sequence[str]) -> ColumnElement[bool]:
    """Return the condition that an organization belongs to, or serves a part of, the areas."""
    if EVERYWHERE in areas:
        return true()
    code = func.unnest(ORGANIZATIONS.c.jurisdiction).column_valued("served", joins_implicitly=True)
    lies_inside = exists(select(1).where(in_areas(code, areas)))
    if not areas:
        return in_areas(ORGANIZATIONS.c.division_code, areas)
    return or_(in_areas(ORGANIZATIONS.c.division_code, areas), lies_inside, _serves(areas))


def listing(
    areas: Sequence[str],
    narrowed: PlaceFilter,
    *,
    kind: str | None = None,
    serves: str | None = None,
    parent_id: UUID | None = None,
    uscc: str | None = None,
) -> Listed:
    """Return the organizations that a caller of the areas sees, and the paging key."""
    statement, key = places.listing(ORGANIZATIONS, (EVERYWHERE,), narrowed, None)
    statement = statement.where(seen(areas))
    for column, value in (
        (ORGANIZATIONS.c.kind, kind),
        (ORGANIZATIONS.c.parent_id, parent_id),
        (ORGANIZATIONS.c.uscc, uscc),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if serves is not None:
        statement = statement.where(_serves([serves]))
    return statement, key


def of_id(row_id: UUID, areas: Sequence[str], *, lock: Lock = "none") -> Select[Any]:
    """Return the statement of an active organization that a caller of the areas sees."""
    condition = and_(ORGANIZATIONS.c.id == row_id, ORGANIZATIONS.c.ended_at.is_(None), seen(areas))
    return rows.locked(select(ORGANIZATIONS).where(condition), lock)


def of_source(
    source: str, source_id: str, areas: Sequence[str], *, lock: Lock = "none"
) -> Select[Any]:
    """Return the statement of an active organization by its source."""
    condition = and_(
        ORGANIZATIONS.c.source == source,
        ORGANIZATIONS.c.source_id == source_id,
        ORGANIZATIONS.c.ended_at.is_(None),
        seen(areas),
    )
    return rows.locked(select(ORGANIZATIONS).where(condition), lock)


async def active_codes(tx: Tx, codes: Sequence[str], areas: Sequence[str]) -> set[str]:
    """Return those of the codes that are divisions in force within the areas."""
    statement = select(DIVISIONS.c.code).where(
        DIVISIONS.c.code.in_(codes)
        & (DIVISIONS.c.status == "active")
        & in_areas(DIVISIONS.c.code, areas)
    )
    return set(await tx.scalars(statement))


async def stands_above(tx: Tx, row_id: UUID, candidate_id: UUID) -> bool:
    """Tell whether a row is the candidate itself or stands somewhere above it."""
    found = await tx.scalar(
        text(
            "WITH RECURSIVE above AS ("
            "  SELECT id, parent_id FROM organizations WHERE id = :candidate "
            "  UNION SELECT o.id, o.parent_id FROM organizations o JOIN above a "
            "  ON o.id = a.parent_id) "
            "SELECT EXISTS (SELECT 1 FROM above WHERE id = :row)"
        ),
        {"candidate": candidate_id, "row": row_id},
    )
    return bool(found)


async def references(tx: Tx, row_id: UUID) -> dict[str, int]:
    """Return how many active rows of each noun refer to an organization."""
    parties = (
        "property_company_id",
        "owners_committee_id",
        "party_branch_id",
        "residents_group_id",
    )
    estates = or_(*(ESTATES.c[name] == row_id for name in parties))
    asked: list[tuple[str, Any, ColumnElement[bool]]] = [
        ("organizations", ORGANIZATIONS, ORGANIZATIONS.c.parent_id == row_id),
        ("estates", ESTATES, estates),
        ("service_points", SERVICE_POINTS, SERVICE_POINTS.c.organization_id == row_id),
        ("teams", TEAMS, TEAMS.c.organization_id == row_id),
        ("members", MEMBERS, MEMBERS.c.organization_id == row_id),
        ("appointments", APPOINTMENTS, APPOINTMENTS.c.organization_id == row_id),
    ]
    return {
        name: await rows.count(tx, table, condition & table.c.ended_at.is_(None))
        for name, table, condition in asked
    }


def _patterns(areas: Sequence[str]) -> list[str]:
    return ["%" if area == EVERYWHERE else f"{area}%" for area in areas]


async def refuse_foreign_jurisdiction(
    staging: Staging, issue: RowIssue, areas: Sequence[str]
) -> None:
    """Refuse staged rows that state a code which is no division in force in the areas."""
    await staging.refuse(
        issue,
        "jurisdiction",
        "SELECT DISTINCT s.row_no FROM import_rows s, unnest(s.jurisdiction) c WHERE NOT EXISTS "
        "(SELECT 1 FROM divisions d WHERE d.code = c AND d.status = 'active' "
        "AND d.code LIKE ANY(:areas))",
        {"areas": _patterns(areas)},
    )


async def settle_jurisdictions(tx: Tx, areas: Sequence[str]) -> None:
    """Fill empty jurisdictions, sort all, and keep the stored codes that the caller cannot see."""
    await tx.execute(
        text(
            "UPDATE import_rows s SET jurisdiction = ARRAY("
            "  SELECT c FROM unnest(coalesce(s.jurisdiction, ARRAY[s.division_code])) c "
            "  UNION SELECT c FROM organizations o, unnest(o.jurisdiction) c "
            "  WHERE o.source = s.source AND o.source_id = s.source_id "
            "  AND NOT c LIKE ANY(:areas) ORDER BY 1)"
        ),
        {"areas": _patterns(areas)},
    )


#: A parent is a stored row of the source, or another row of the file.
_PARENTS = """
UPDATE import_rows s SET parent_id = coalesce(o.id, p.row_id)
FROM import_rows c
LEFT JOIN organizations o ON o.source = c.source AND o.source_id = c.parent_source_id
LEFT JOIN import_rows p ON p.source = c.source AND p.source_id = c.parent_source_id
WHERE c.row_no = s.row_no AND c.parent_source_id IS NOT NULL
AND (o.id IS NULL OR (o.ended_at IS NULL OR p.row_no IS NOT NULL))
"""
_LOST = """
WITH RECURSIVE gone AS (
  SELECT row_no FROM import_refused
  UNION SELECT s.row_no FROM import_rows s WHERE s.parent_source_id IS NOT NULL
    AND s.parent_id IS NULL
  UNION SELECT c.row_no FROM import_rows c
    JOIN import_rows p ON p.source = c.source AND p.source_id = c.parent_source_id
    JOIN gone ON gone.row_no = p.row_no
    WHERE NOT EXISTS (SELECT 1 FROM organizations o WHERE o.id = c.parent_id)
)
SELECT row_no FROM gone EXCEPT SELECT row_no FROM import_refused
"""
_LOOPS = """
WITH RECURSIVE rows AS (
  SELECT s.row_no, coalesce(o.id, s.row_id) AS id, s.parent_id FROM import_rows s
  LEFT JOIN organizations o ON o.source = s.source AND o.source_id = s.source_id
), edges AS (
  SELECT id, parent_id FROM rows WHERE parent_id IS NOT NULL
  UNION ALL SELECT o.id, o.parent_id FROM organizations o
  WHERE o.parent_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM rows r WHERE r.id = o.id)
), above AS (
  SELECT r.row_no, r.id, r.parent_id FROM rows r WHERE r.parent_id IS NOT NULL
  UNION SELECT a.row_no, a.id, e.parent_id FROM above a JOIN edges e ON e.id = a.parent_id
)
SELECT DISTINCT row_no FROM above WHERE parent_id = id
"""


async def resolve_parents(tx: Tx) -> None:
    """Fill the parent of staged rows from the id that they give of it."""
    await tx.execute(text(_PARENTS))


async def refuse_unseen_parents(staging: Staging, issue: RowIssue, areas: Sequence[str]) -> None:
    """Refuse staged rows whose parent is a stored organization that the caller does not see."""
    staged = staging.table
    met = select(staged.c.row_no).join_from(
        staged, ORGANIZATIONS, ORGANIZATIONS.c.id == staged.c.parent_id
    )
    await staging.refuse_set(issue, "parent_source_id", met.where(not_(seen(areas))))


async def refuse_parentless(staging: Staging, issue: RowIssue) -> None:
    """Refuse staged rows whose parent is nowhere, or is itself refused."""
    await staging.refuse(issue, "parent_source_id", _LOST)


async def refuse_loops(staging: Staging, issue: RowIssue) -> None:
    """Refuse staged rows that would stand above themselves."""
    await staging.refuse(issue, "parent_source_id", _LOOPS)
