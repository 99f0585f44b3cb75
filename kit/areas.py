"""Areas: which codes a caller may see.  One rule, used by every query of every service.

An area is a code prefix (6, 9, 12 or 15 digits: district, street, community, grid) or `*`.
A row belongs to a code; it is visible when one of the caller's areas is a prefix of that code.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, false, or_, true

from kit.errors import NotFound

EVERYWHERE = "*"
#: The character behind `9`: a code below `prefix:` and not below `prefix` begins with the prefix.
_BEHIND_DIGITS = ":"


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

    For a column in the collation C it is a range, which a plain b-tree index serves also where
    the prefix is a parameter; for any other it is LIKE, which needs `text_pattern_ops`.
    """
    if getattr(column.type, "collation", None) == "C":
        return and_(column >= prefix, column < prefix + _BEHIND_DIGITS)
    return column.startswith(prefix, autoescape=True)


def narrow(areas: Sequence[str], area: str | None) -> tuple[str, ...]:
    """Return the least prefixes of what lies in the areas and, when one is given, under a code.

    `()` means nothing, `("",)` everything.
    """
    seen = {"" if code == EVERYWHERE else code for code in areas}
    if area is not None:
        if any(area.startswith(code) for code in seen):
            return (area,)
        seen = {code for code in seen if code.startswith(area)}
    return tuple(
        sorted(
            code
            for code in seen
            if not any(code != other and code.startswith(other) for other in seen)
        )
    )
