"""What lists share: areas, community, box, time, and the order that an index serves.

A list stands in the order of its rows' codes, then of their ids: whatever prefix a caller sees or
asks for is then one stretch of an index.  What is narrowed to one code, or to one owner, stands in
the order of ids.  With `updated_since` the time of change comes before the id, so that a sync
reads only what it has not seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, any_, false, func, select, true

from kit.areas import in_areas, narrow, under
from kit.boxes import Box, meets
from services.registry.storage.rows import area_of
from services.registry.storage.tables import DIVISIONS

_WHOLE_CODE = 12
_GRID_CODE = 15
_DISTRICT = 6

Listed = tuple[Select[Any], list[ColumnElement[Any]]]
"""A statement and the columns that order and page it."""


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
    table: Table,
    areas: Sequence[str],
    narrowed: PlaceFilter,
    owner: ColumnElement[bool] | None = None,
) -> Listed:
    """Return the rows of a table visible in the areas, and the paging key.

    `owner` narrows to what belongs to one row of another noun, a handful at most.
    """
    columns = table.c
    prefixes = narrow(areas, narrowed.area)
    if narrowed.community_code is not None:
        prefixes = narrow(prefixes or ("-",), narrowed.community_code)
    statement = select(table).where(within(area_of(table), prefixes))
    if owner is not None:
        statement = statement.where(owner)
    if not narrowed.include_ended:
        statement = statement.where(columns.ended_at.is_(None))
    if narrowed.source is not None:
        statement = statement.where(columns.source == narrowed.source)
    if narrowed.bbox is not None:
        statement = statement.where(meets(table, narrowed.bbox))
    if narrowed.updated_since is not None:
        statement = statement.where(columns.updated_at >= narrowed.updated_since)
    return statement, _key(table, prefixes, narrowed, owned=owner is not None)


def _key(
    table: Table, prefixes: Sequence[str], narrowed: PlaceFilter, *, owned: bool
) -> list[ColumnElement[Any]]:
    columns = table.c
    if owned:
        return [columns.id]
    is_wide = any(len(prefix) <= _DISTRICT for prefix in prefixes)
    if narrowed.source is not None and narrowed.updated_since is None and is_wide:
        return [columns.source_id]
    tail: list[ColumnElement[Any]] = [columns.id]
    if narrowed.updated_since is not None:
        tail.insert(0, columns.updated_at)
    area = area_of(table)
    return tail if is_one_code(area, prefixes) else [area, *tail]


def is_one_code(code: ColumnElement[str], prefixes: Sequence[str]) -> bool:
    """Tell whether prefixes of `kit.areas.narrow` mean the rows of a single code."""
    return len(prefixes) == 1 and len(prefixes[0]) == _digits(code)


def _digits(code: ColumnElement[str]) -> int:
    """Return how long the codes in a column can be: a post can be held in a grid."""
    return _GRID_CODE if getattr(code, "name", "") == "place_code" else _WHOLE_CODE


def within(code: ColumnElement[str], prefixes: Sequence[str]) -> ColumnElement[bool]:
    """Return the condition that a row's code begins with one of the prefixes of `kit.areas.narrow`.

    Several prefixes become the list of the codes under them: an index then reads stretch after
    stretch in order, which it cannot for alternatives.
    """
    if not prefixes:
        return false()
    if len(prefixes) > 1 and _digits(code) == _GRID_CODE:
        return in_areas(code, prefixes)
    if len(prefixes) > 1:
        codes = select(DIVISIONS.c.code).where(in_areas(DIVISIONS.c.code, prefixes))
        return code == any_(func.array(codes.scalar_subquery()))
    (prefix,) = prefixes
    if len(prefix) == _digits(code):
        return code == prefix
    return under(code, prefix) if prefix else true()
