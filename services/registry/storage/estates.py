"""Queries on estates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select

from kit.db import Tx
from services.registry.storage import places, rows
from services.registry.storage.places import PlaceFilter
from services.registry.storage.tables import BUILDINGS, ESTATES


def listing(
    areas: Sequence[str], narrowed: PlaceFilter, *, management_mode: str | None = None
) -> tuple[Select[Any], list[ColumnElement[Any]]]:
    """Return the estates visible in the areas, and the paging key."""
    statement, key = places.listing(ESTATES, areas, narrowed)
    if management_mode is not None:
        statement = statement.where(ESTATES.c.management_mode == management_mode)
    return statement, key


async def buildings_in(tx: Tx, estate_id: UUID) -> int:
    """Return how many active buildings belong to an estate."""
    return await rows.count(
        tx, BUILDINGS, (BUILDINGS.c.estate_id == estate_id) & BUILDINGS.c.ended_at.is_(None)
    )
