"""Queries on single household rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select

from services.registry.storage import places
from services.registry.storage.places import PlaceFilter
from services.registry.storage.tables import HOUSEHOLDS


def listing(
    areas: Sequence[str],
    narrowed: PlaceFilter,
    *,
    building_id: UUID | None = None,
    residence: str | None = None,
) -> tuple[Select[Any], list[ColumnElement[Any]]]:
    """Return the households visible in the areas, and the paging key."""
    statement, key = places.listing(HOUSEHOLDS, areas, narrowed)
    if building_id is not None:
        statement = statement.where(HOUSEHOLDS.c.building_id == building_id)
    if residence is not None:
        statement = statement.where(HOUSEHOLDS.c.residence == residence)
    return statement, key
