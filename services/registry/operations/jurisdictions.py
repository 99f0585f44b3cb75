"""Which divisions an organization serves, as far as a caller may see and change it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kit.areas import EVERYWHERE, covers


def meets_areas(code: str, areas: Sequence[str]) -> bool:
    """Tell whether a division lies in the areas, or an area in the division."""
    return covers(areas, code) or any(area.startswith(code) for area in areas)


def shown_jurisdiction(codes: Iterable[str], areas: Sequence[str]) -> list[str]:
    """Return the codes of a jurisdiction that concern a caller; the others stay hidden."""
    return [code for code in codes if EVERYWHERE in areas or meets_areas(code, areas)]


def merged_jurisdiction(
    given: Sequence[str], stored: Iterable[str], areas: Sequence[str]
) -> list[str]:
    """Return a changed jurisdiction: what was given, and the stored codes the caller cannot see."""
    hidden = [code for code in stored if not covers(areas, code)]
    return sorted({*given, *hidden})
