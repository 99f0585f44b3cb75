"""What the registry does not know yet of the grids in force."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from kit.db import Tx

#: A community whose grids are another plan's than the registry was told of, or none any more.
#: Compared with what is, not with events: whatever was missed or restored, it comes right.
_UNTOLD = """
SELECT now.code, now.plan_id FROM (
  SELECT community_code AS code, plan_id FROM grids WHERE valid_to IS NULL
  GROUP BY community_code, plan_id
  UNION ALL
  SELECT community_code, CAST(NULL AS uuid) FROM grids_told t
  WHERE t.plan_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM grids g WHERE g.community_code = t.community_code AND g.valid_to IS NULL)
) now LEFT JOIN grids_told told ON told.community_code = now.code
WHERE (told.plan_id IS DISTINCT FROM now.plan_id OR told.told_at IS NULL)
AND (told.tried_at IS NULL OR told.tried_at < :before)
ORDER BY told.tried_at NULLS FIRST, now.code
LIMIT 1
"""
_SHARES = """
SELECT grid_code, building_id, unit_from, unit_to, floor_from, floor_to, households
FROM plan_assignments WHERE plan_id = :plan_id AND community_code = :code ORDER BY number
"""
_NOTE = """
INSERT INTO grids_told (community_code, plan_id, tried_at, told_at)
VALUES (:code, :plan_id, :now, CAST(:told_at AS timestamptz))
ON CONFLICT (community_code) DO UPDATE SET tried_at = excluded.tried_at,
  plan_id = CASE WHEN excluded.told_at IS NULL THEN grids_told.plan_id ELSE excluded.plan_id END,
  told_at = coalesce(excluded.told_at, grids_told.told_at)
"""


async def untold(tx: Tx, before: datetime) -> tuple[str, UUID | None] | None:
    """Return a community of which the registry is to be told, and the plan that drew its grids.

    One that was tried since `before` rests meanwhile.
    """
    row = (await tx.execute(text(_UNTOLD), {"before": before})).one_or_none()
    return None if row is None else (row.code, row.plan_id)


async def shares(tx: Tx, plan_id: UUID, code: str) -> list[Mapping[Any, Any]]:
    """Return which grid of a plan holds which building of a community, slice by slice."""
    found = await tx.execute(text(_SHARES), {"plan_id": plan_id, "code": code})
    return list(found.mappings())


async def note(tx: Tx, code: str, plan_id: UUID | None, *, now: datetime, told: bool) -> None:
    """Write that the registry was told, or that it was tried in vain."""
    values = {"code": code, "plan_id": plan_id, "now": now, "told_at": now if told else None}
    await tx.execute(text(_NOTE), values)
