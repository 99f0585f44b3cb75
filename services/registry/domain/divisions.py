"""Divisions: which kind has which level and section, and what a code says by itself.

Codes are the statistical division codes: 6 digits district, 9 street or town, 12 residents' or
villagers' committee.  A code contains its parent's code, and a grid's code begins with its
community's, which is why codes of any other shape are refused here rather than bent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from services.registry.domain.problems import (
    DivisionCodePadded,
    DivisionKindMismatch,
    DivisionParentMismatch,
    DivisionSectionMismatch,
)

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

#: Last three digits of a code of 9 or 12 -> the kind that they are given out for (GB/T 10114 and
#: the statistical division codes).  What lies above bears any kind of its level.
_SECTIONS: Mapping[int, Sequence[tuple[range, DivisionKind]]] = {
    9: (
        (range(1, 100), "street"),
        (range(100, 200), "town"),
        (range(200, 400), "township"),
        (range(400, 600), "industrial_park"),
    ),
    12: (
        (range(1, 200), "community"),
        (range(200, 400), "village"),
        (range(400, 600), "virtual_community"),
    ),
}
_OPEN_FROM = 400
_PLAIN: Mapping[int, DivisionKind] = {6: "district", 9: "street", 12: "community"}
_REVOKED_MARK = re.compile(r"\s*[\[［【(（]\s*已撤销\s*[\]］】)）]\s*")
COMMUNITY_DIGITS = 12


def parent_of(code: str) -> str | None:
    """Return the code of the division above, None for a district."""
    return code[:-3] if len(code) > 6 else None


def plain_kind(code: str) -> DivisionKind:
    """Return the kind that the code's section is given out for, for rows that state none."""
    return _section_kind(code) or _PLAIN[len(code)]


def _section_kind(code: str) -> DivisionKind | None:
    section = int(code[-3:])
    for numbers, kind in _SECTIONS.get(len(code), ()):
        if section in numbers:
            return kind
    return None


def unpadded(code: str) -> str:
    """Return a code of 12 digits without the zeros that fill it: 630102000000 is 630102."""
    while len(code) > 6 and len(code) % 3 == 0 and code.endswith("000"):
        code = code[:-3]
    return code


def without_mark(name: str) -> tuple[str, bool]:
    """Return a name without 「[已撤销]」, and whether it bore that mark of public lists."""
    plain = _REVOKED_MARK.sub("", name)
    return plain, plain != name


def is_community(code: str) -> bool:
    """Tell whether the code is one of the lowest level, which grids are cut from."""
    return len(code) == COMMUNITY_DIGITS


def is_governed_by_default(kind: str) -> bool:
    """Tell whether grids are drawn in a division of this kind unless somebody says otherwise."""
    return kind in {"community", "village"}


def check_kind(code: str, kind: str, *, sections: bool = True) -> None:
    """Refuse a kind whose level or section is not the code's.

    Raises DivisionKindMismatch, and with `sections` DivisionSectionMismatch and, for a code that
    ends with a section of zeros, DivisionCodePadded.
    """
    if DIGITS[kind] != len(code):
        raise DivisionKindMismatch(kind=kind, digits=DIGITS[kind])
    if not sections or len(code) == 6:
        return
    section = int(code[-3:])
    if section == 0:
        raise DivisionCodePadded
    expected = _section_kind(code)
    if section < _OPEN_FROM and kind != expected:
        raise DivisionSectionMismatch(kind=kind, section=code[-3:], expected=expected)


def check_above(code: str, prefixes: Mapping[int, str | None]) -> None:
    """Refuse stated divisions above that are not the code's own prefixes: DivisionParentMismatch.

    `prefixes` are the codes as they are stated, by their number of digits.
    """
    for digits, stated in prefixes.items():
        if stated is not None and (len(code) < digits or code[:digits] != stated):
            raise DivisionParentMismatch


def check_parent(code: str, parent_code: str | None) -> None:
    """Refuse a stated parent that is not the code's own prefix: DivisionParentMismatch."""
    if parent_code is not None and parent_code != parent_of(code):
        raise DivisionParentMismatch
