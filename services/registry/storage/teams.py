"""Queries on teams."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from services.registry.storage import places
from services.registry.storage.places import Listed, PlaceFilter
from services.registry.storage.tables import TEAMS


def listing(
    areas: Sequence[str],
    narrowed: PlaceFilter,
    *,
    kind: str | None = None,
    organization_id: UUID | None = None,
) -> Listed:
    """Return the teams visible in the areas, and the paging key."""
    owner = None if organization_id is None else TEAMS.c.organization_id == organization_id
    statement, key = places.listing(TEAMS, areas, narrowed, owner)
    if kind is not None:
        statement = statement.where(TEAMS.c.kind == kind)
    return statement, key
