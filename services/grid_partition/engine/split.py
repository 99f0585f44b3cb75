"""Slices a building above the maximum into parts: by unit, then by floor, as few as will do.

How the households spread over units and floors is not known, so they spread evenly.  Parts hold
consecutive units (or, where one unit alone is above the maximum, consecutive floors of one unit).
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Slice", "slices"]


@dataclass(frozen=True)
class Slice:
    """Part of a building: 1-based inclusive ranges, 0 where that level is not cut."""

    unit_from: int
    unit_to: int
    floor_from: int
    floor_to: int
    households: int


_Element = tuple[int, int, int]


def slices(households: int, units: int, floors: int, households_max: int) -> tuple[Slice, ...]:
    """Parts of one building, each with at most `households_max` if units and floors allow.

    A building at or below the maximum, or with neither units nor floors known, stays whole (one
    slice of zeros).  The parts are as few as possible and then as even as possible.
    """
    whole = (Slice(0, 0, 0, 0, households),)
    if households <= households_max or max(units, floors) <= 1:
        return whole
    by_unit = [(unit + 1, 0, count) for unit, count in enumerate(_even(households, max(units, 1)))]
    too_big = max(count for _, _, count in by_unit) > households_max
    if too_big and floors > 1:
        elements = [
            (unit, floor + 1, part)
            for unit, _, count in by_unit
            for floor, part in enumerate(_even(count, floors))
        ]
    elif units > 1:
        elements = by_unit
    else:
        return whole
    return tuple(_slice(run) for run in _grouped(elements, households_max))


def _even(total: int, count: int) -> list[int]:
    return [total * (i + 1) // count - total * i // count for i in range(count)]


def _grouped(elements: list[_Element], households_max: int) -> list[list[_Element]]:
    total = sum(count for _, _, count in elements)
    for parts in range(-(-total // households_max), len(elements) + 1):
        runs = _runs(elements, total, parts)
        if all(sum(count for _, _, count in run) <= households_max for run in runs):
            return runs
    return [[element] for element in elements]


def _runs(elements: list[_Element], total: int, parts: int) -> list[list[_Element]]:
    """Cut where the running sum passes each multiple of total / parts; floors never mix units."""
    runs: list[list[_Element]] = []
    seen, slot = 0, -1
    for element in elements:
        place = min((2 * seen + element[2]) * parts // (2 * total), parts - 1)
        mixes = bool(runs) and element[1] > 0 and runs[-1][-1][0] != element[0]
        if place != slot or mixes:
            runs.append([])
            slot = place
        runs[-1].append(element)
        seen += element[2]
    return runs


def _slice(run: list[_Element]) -> Slice:
    return Slice(
        unit_from=run[0][0],
        unit_to=run[-1][0],
        floor_from=run[0][1],
        floor_to=run[-1][1],
        households=sum(count for _, _, count in run),
    )
