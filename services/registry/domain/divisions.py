"""Divisions: which kind has which level, and what a code says by itself.

Codes are the statistical division codes: 6 digits district, 9 street or town, 12 residents' or
villagers' committee.  A code contains its parent's code, and a grid's code begins with its
community's, which is why codes of any other shape are refused here rather than bent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from services.registry.domain.problems import DivisionKindMismatch, DivisionParentMismatch

DivisionKind = Literal[
    "district",
    "street",
    "town",
    "township",
    "industrial_park",
    "community",
    "village",
    "virtual_community",
]

DIGITS: Mapping[str, int] = {
    "district": 6,
    "street": 9,
    "town": 9,
    "township": 9,
    "industrial_park": 9,
    "community": 12,
    "village": 12,
    "virtual_community": 12,
}

_PLAIN: Mapping[int, DivisionKind] = {6: "district", 9: "street", 12: "community"}
COMMUNITY_DIGITS = 12


def parent_of(code: str) -> str | None:
    """Return the code of the division above, None for a district."""
    return code[:-3] if len(code) > 6 else None


def plain_kind(code: str) -> DivisionKind:
    """Return the commonest kind of the code's level, for rows that state none."""
    return _PLAIN[len(code)]


def is_community(code: str) -> bool:
    """Tell whether the code is one of the lowest level, which grids are cut from."""
    return len(code) == COMMUNITY_DIGITS


def is_governed_by_default(kind: str) -> bool:
    """Tell whether grids are drawn in a division of this kind unless somebody says otherwise."""
    return kind in {"community", "village"}


def check_kind(code: str, kind: str) -> None:
    """Refuse a kind whose level is not the code's: DivisionKindMismatch."""
    if DIGITS[kind] != len(code):
        raise DivisionKindMismatch(kind=kind, digits=DIGITS[kind])


def check_parent(code: str, parent_code: str | None) -> None:
    """Refuse a stated parent that is not the code's own prefix: DivisionParentMismatch."""
    if parent_code is not None and parent_code != parent_of(code):
        raise DivisionParentMismatch
