"""Random numbers inside kernels: splitmix64, and an acceptance test without logarithms.

Only integer and basic floating operations are used, so every machine draws the same numbers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.grid_partition.engine.kernels.jit import inlined

__all__ = ["Chance", "accepted", "chance_of", "draw", "unit"]

Chance = NDArray[np.uint64]


def chance_of(*seeds: int) -> Chance:
    """State of a generator, one word; different seed tuples give unrelated streams."""
    sequence = np.random.SeedSequence(list(seeds))
    return sequence.generate_state(1, dtype=np.uint64).astype(np.uint64)


@inlined
def _next(chance: Chance) -> np.uint64:
    chance[0] += np.uint64(0x9E3779B97F4A7C15)
    word = chance[0]
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.uint64(word ^ (word >> np.uint64(31)))


@inlined
def unit(chance: Chance) -> float:
    """Next number, even over [0, 1)."""
    return (_next(chance) >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@inlined
def draw(chance: Chance, count: int) -> int:
    """Next whole number, even over 0..count - 1."""
    return int(unit(chance) * count)


@inlined
def accepted(chance: Chance, rise: float, heat: float) -> bool:
    """Metropolis: accept a rise in cost with probability (1 - x/64)^64, x = rise / heat.

    That is exp(-x) within 2 % of where it matters, from multiplications alone.
    """
    if rise <= 0.0:
        return True
    x = rise / heat
    if x >= 16.0:
        return False
    odds = 1.0 - x / 64.0
    for _ in range(6):
        odds *= odds
    return unit(chance) < odds
