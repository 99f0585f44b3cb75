"""Areas: which codes a caller may see.  One rule, used by every query of every service.

An area is a code prefix (6, 9, 12 or 15 digits: district, street, community, grid) or `*`.
A row belongs to a code; it is visible when one of the caller's areas is a prefix of that code.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, false, or_, true

from kit.errors import NotFound

EVERYWHERE = "*"


def covers(areas: Sequence[str], code: str) -> bool:
    """Tell whether the code lies in one of the areas."""
    return any(area == EVERYWHERE or code.startswith(area) for area in areas)


def require_area(areas: Sequence[str], code: str, problem: type[NotFound] = NotFound) -> None:
    """Refuse a code outside the areas exactly as if nothing were there."""
    if not covers(areas, code):
        raise problem


def in_areas(column: ColumnElement[str], areas: Sequence[str]) -> ColumnElement[bool]:
    """Return the SQL condition that a row's code lies in one of the areas."""
    if EVERYWHERE in areas:
        return true()
    if not areas:
        return false()
    return or_(*(under(column, area) for area in areas))


def under(column: ColumnElement[str], prefix: str) -> ColumnElement[bool]:
    """Return the SQL condition that a code begins with the prefix (digits only: no LIKE wildcards).

    Written as a range so that a plain b-tree index serves it whatever the collation of LIKE.
    """
    return column.startswith(prefix, autoescape=True)
