"""Slices a building above the maximum into parts: by unit, then by floor, as few as will do.

How the households spread over units and floors is not known, so they spread evenly.  Parts hold
consecutive units or, where one unit alone is above the maximum, consecutive floors of one unit.
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


#: First and last element, 1-based, and their households.
_Run = tuple[int, int, int]


def slices(households: int, units: int, floors: int, households_max: int) -> tuple[Slice, ...]:
    """Parts of one building, each with at most `households_max` if units and floors allow.

    A building at or below the maximum, or with neither units nor floors known, stays whole (one
    slice of zeros).  The parts are as few as possible and then as even as possible.
    """
    whole = (Slice(0, 0, 0, 0, households),)
    if households <= households_max or max(units, floors) <= 1:
        return whole
    by_unit = _even(households, max(units, 1))
    if max(by_unit) > households_max and floors > 1:
        return tuple(
            Slice(unit + 1, unit + 1, first, last, count)
            for unit, held in enumerate(by_unit)
            for first, last, count in _grouped(_even(held, floors), households_max)
        )
    if units <= 1:
        return whole
    runs = _grouped(by_unit, households_max)
    return tuple(Slice(first, last, 0, 0, count) for first, last, count in runs)


def _even(total: int, count: int) -> list[int]:
    return [total * (i + 1) // count - total * i // count for i in range(count)]


def _grouped(counts: list[int], households_max: int) -> list[_Run]:
    """Fewest runs of consecutive elements within the maximum, as even as possible."""
    for parts in range(-(-sum(counts) // households_max), len(counts)):
        runs = _runs(counts, parts)
        if all(count <= households_max for _, _, count in runs):
            return runs
    return _runs(counts, len(counts))


def _runs(counts: list[int], parts: int) -> list[_Run]:
    """Cut where the running sum passes each multiple of total / parts."""
    total, seen, last_slot = sum(counts), 0, -1
    runs: list[_Run] = []
    for number, count in enumerate(counts, start=1):
        slot = min((2 * seen + count) * parts // max(2 * total, 1), parts - 1)
        if slot != last_slot or parts == len(counts):
            runs.append((number, number, count))
        else:
            runs[-1] = (runs[-1][0], number, runs[-1][2] + count)
        last_slot = slot
        seen += count
    return runs
