"""Slices a building above the maximum into parts: by unit, then by floor, as few as will do.

How the households spread over units and floors is not known, so they spread evenly.  Parts hold
consecutive units or, where one unit alone is above the maximum, consecutive floors of that unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

__all__ = ["Slice", "slices"]

#: A cut is looked for so many elements to either side of where even parts would have it.
_REACH = 8


@dataclass(frozen=True)
class Slice:
    """Part of a building: 1-based inclusive ranges, 0 where that level is not cut."""

    unit_from: int
    unit_to: int
    floor_from: int
    floor_to: int
    households: int


#: First and last element, 1-based, and their households.
_Run = tuple[int, int, int]


def slices(households: int, units: int, floors: int, households_max: int) -> tuple[Slice, ...]:
    """Parts of one building, each with at most `households_max` if units and floors allow.

    A building at or below the maximum, or with neither units nor floors to cut, stays whole (one
    slice of zeros).  The parts are as few as possible and then as even as possible, which for a
    given number of parts is also as near as possible to any target.  Units stay whole unless one
    alone is above the maximum.  Floors of a building whose units are not known run through the
    whole building: unit 0.
    """
    whole = (Slice(0, 0, 0, 0, households),)
    if households <= households_max or max(units, floors) <= 1:
        return whole
    by_unit = _spread(households, max(units, 1))
    if max(by_unit) > households_max and floors > 1:
        return tuple(
            part
            for unit, held in enumerate(by_unit, start=1)
            for part in _by_floor(unit if units else 0, held, floors, households_max)
        )
    if units <= 1:
        return whole
    return tuple(
        Slice(first, last, 0, 0, count) for first, last, count in _runs(by_unit, households_max)
    )


def _by_floor(unit: int, households: int, floors: int, households_max: int) -> list[Slice]:
    if households <= households_max:
        return [Slice(unit, unit, 0, 0, households)]
    runs = _runs(_spread(households, floors), households_max)
    return [Slice(unit, unit, first, last, count) for first, last, count in runs]


def _spread(total: int, count: int) -> list[int]:
    return [total * (i + 1) // count - total * i // count for i in range(count)]


def _runs(counts: Sequence[int], households_max: int) -> list[_Run]:
    """Fewest runs of consecutive elements within the maximum, as even as possible.

    An element that is above the maximum by itself is a run by itself.
    """
    seen = [0, *accumulate(counts)]
    filled = _filled(counts, households_max)
    cuts = _even_cuts(seen, len(filled) - 1, households_max) or filled
    return [(first + 1, last, seen[last] - seen[first]) for first, last in pairwise(cuts)]


def _filled(counts: Sequence[int], households_max: int) -> list[int]:
    """Ends of runs that each take all they can hold, which makes the fewest; begins with 0."""
    cuts, held = [0], 0
    for place, count in enumerate(counts):
        if held + count > households_max and place > cuts[-1]:
            cuts.append(place)
            held = 0
        held += count
    return [*cuts, len(counts)]


def _even_cuts(seen: Sequence[int], parts: int, households_max: int) -> list[int]:
    """Ends of `parts` runs with the least sum of squares; empty where none within reach will do.

    Dynamic programming over the cuts near their even places: O(parts * reach^2), and complete for
    buildings of up to `_REACH` elements.  Ties go to the earlier cut.
    """
    size = len(seen) - 1
    best: dict[int, tuple[int, list[int]]] = {0: (0, [0])}
    for part in range(1, parts + 1):
        middle = (2 * part * size + parts) // (2 * parts)
        near = range(max(part, middle - _REACH), min(size - parts + part, middle + _REACH) + 1)
        reached: dict[int, tuple[int, list[int]]] = {}
        for cut in near:
            found = [
                (cost + (seen[cut] - seen[before]) ** 2, [*cuts, cut])
                for before, (cost, cuts) in best.items()
                if before < cut and seen[cut] - seen[before] <= households_max
            ]
            if found:
                reached[cut] = min(found)
        best = reached
    return best[size][1] if size in best else []
