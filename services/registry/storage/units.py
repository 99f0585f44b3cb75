"""Queries on units."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from kit.bulk.issues import RowIssue
from kit.bulk.staging import Staging
from services.registry.storage import places
from services.registry.storage.places import Listed, PlaceFilter
from services.registry.storage.tables import UNITS


def listing(
    areas: Sequence[str], narrowed: PlaceFilter, *, building_id: UUID | None = None
) -> Listed:
    """Return the units visible in the areas, and the paging key."""
    owner = None if building_id is None else UNITS.c.building_id == building_id
    return places.listing(UNITS, areas, narrowed, owner)


async def refuse_taken_names(staging: Staging, issue: RowIssue) -> None:
    """Refuse staged rows whose name another stored unit of the building bears."""
    await staging.refuse(
        issue,
        "name",
        "SELECT s.row_no FROM import_rows s JOIN units u ON u.building_id = s.building_id "
        "AND u.name = s.name AND u.ended_at IS NULL "
        "WHERE (u.source, u.source_id) IS DISTINCT FROM (s.source, s.source_id)",
    )
