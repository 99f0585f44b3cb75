"""Made-up Chinese names, each given once."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

_AGAIN = "东西南北"


class Namer:
    """Draws names from the word lists of the recipe without giving one twice.

    When a list is used up its names come again with a compass word in front.
    """

    def __init__(self, words: dict[str, Any], rng: np.random.Generator) -> None:
        stems = words["estate_first"], words["estate_second"]
        self._words = words
        self._rng = rng
        self._lists = {
            "gated": self._shuffled(*stems, words["gated_suffix"]),
            "courtyard": self._shuffled(*stems, words["courtyard_suffix"]),
            "village": self._shuffled(words["village_first"], words["village_suffix"]),
            "lane": self._shuffled(words["lane_first"], words["lane_last"], ["巷", "街"]),
            "civic": self._shuffled(words["village_first"], words["estate_second"]),
        }
        self._companies = [
            f"{a}{b}{words['company_suffix']}"
            for a, b in product(words["company_first"], words["company_second"])
        ]

    def _shuffled(self, *parts: Any) -> Iterator[str]:
        names = ["".join(words) for words in product(*parts)]
        order = [names[int(k)] for k in self._rng.permutation(len(names))]
        yield from order
        for prefix in _AGAIN:
            yield from (prefix + name for name in order)

    def estate(self, estate_type: str) -> str:
        """A fresh name for a gated estate, a courtyard or a village."""
        return next(self._lists[estate_type])

    def lane(self) -> str:
        """A fresh name for a small street."""
        return next(self._lists["lane"])

    def civic(self, kind: str) -> str:
        """A fresh name for a school, a hospital, a market, a park house or an office block."""
        return next(self._lists["civic"]) + str(self._words["civic"][kind])

    def company(self) -> str:
        """One of the district's property companies; a company serves many estates."""
        return self._companies[int(self._rng.integers(len(self._companies)))]
