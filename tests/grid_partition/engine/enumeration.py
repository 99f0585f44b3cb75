"""What is possible on a lattice of square lots, by complete enumeration; nothing of the engine.

Buildings in the middle of equal squares have these squares as their cells, so neighbours are known
without any geometry: the lots to the west, east, north and south.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

NEVER = 10**9


@dataclass(frozen=True)
class Possible:
    """What complete enumeration shows.

    `at_all`: some division has every grid connected and within the limits.  `least_pieces`: the
    fewest extra pieces of estates that such a division makes; 0 when estates can stay whole.
    """

    at_all: bool
    least_pieces: int


def neighbours(count: int, columns: int) -> list[int]:
    """Bit mask of the lots beside each lot."""
    near = []
    for lot in range(count):
        beside = [lot - columns, lot + columns]
        beside += [lot - 1] if lot % columns else []
        beside += [lot + 1] if lot % columns < columns - 1 else []
        near.append(sum(1 << other for other in beside if 0 <= other < count))
    return near


def possible(
    households: Sequence[int], columns: int, estate: Sequence[int], least: int, most: int
) -> Possible:
    """Try every division of the lots into connected sets of `least` to `most` households."""
    near = neighbours(len(households), columns)
    everything = (1 << len(households)) - 1
    sets = [
        mask
        for mask in range(1, everything + 1)
        if least <= _sum(households, mask) <= most and _is_connected(mask, near)
    ]
    pieces = {mask: len({estate[lot] for lot in _lots(mask) if estate[lot] >= 0}) for mask in sets}
    by_lowest: dict[int, list[int]] = {}
    for mask in sets:
        by_lowest.setdefault(mask & -mask, []).append(mask)

    @functools.cache
    def fewest(left: int) -> int:
        if not left:
            return 0
        options = by_lowest.get(left & -left, [])
        fit = (pieces[mask] + fewest(left & ~mask) for mask in options if mask & ~left == 0)
        return min(fit, default=NEVER)

    found = fewest(everything)
    return Possible(found < NEVER, found - len({label for label in estate if label >= 0}))


def _lots(mask: int) -> list[int]:
    return [lot for lot in range(mask.bit_length()) if mask >> lot & 1]


def _sum(households: Sequence[int], mask: int) -> int:
    return sum(households[lot] for lot in _lots(mask))


def _is_connected(mask: int, near: Sequence[int]) -> bool:
    reached, grown = 0, mask & -mask
    while grown != reached:
        reached = grown
        for lot in _lots(reached):
            grown |= near[lot] & mask
    return reached == mask
