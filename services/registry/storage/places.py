"""What lists of estates, buildings and households share: areas, community, box, time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, select

from kit.areas import in_areas, under
from kit.boxes import Box, meets
from services.registry.storage.rows import area_of


@dataclass(frozen=True, slots=True)
class PlaceFilter:
    """What a list is narrowed to; None means no narrowing."""

    area: str | None = None
    community_code: str | None = None
    bbox: Box | None = None
    updated_since: datetime | None = None
    include_ended: bool = False
    source: str | None = None


def listing(
    table: Table, areas: Sequence[str], narrowed: PlaceFilter
) -> tuple[Select[Any], list[ColumnElement[Any]]]:
    """Return the rows of a table visible in the areas, in order of their ids, and the key."""
    columns = table.c
    area = area_of(table)
    statement = select(table).where(in_areas(area, areas))
    if not narrowed.include_ended:
        statement = statement.where(columns.ended_at.is_(None))
    if narrowed.area is not None:
        statement = statement.where(under(area, narrowed.area))
    if narrowed.community_code is not None:
        statement = statement.where(columns.community_code == narrowed.community_code)
    if narrowed.source is not None:
        statement = statement.where(columns.source == narrowed.source)
    if narrowed.bbox is not None:
        statement = statement.where(meets(table, narrowed.bbox))
    if narrowed.updated_since is not None:
        statement = statement.where(columns.updated_at >= narrowed.updated_since)
    return statement, [columns.id]
