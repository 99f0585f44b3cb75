"""Counts that bring the English plural along, so that sentences can live in data files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class Count(int):
    """A whole number in a text: `{n:grid|grids}` is "1 grid" or "1,200 grids", `{n}` the digits.

    `{n:=is|are}` is the word alone.  Chinese texts use `{n}`: the language has no plural, and
    official papers write numbers of this size without separators.
    """

    def __format__(self, spec: str) -> str:
        one, bar, several = spec.removeprefix("=").partition("|")
        if not bar:
            return format(int(self), spec)
        word = one if self == 1 else several
        return word if spec.startswith("=") else f"{int(self):,} {word}"


def counted(params: Mapping[str, Any]) -> dict[str, object]:
    """Return the parameters of a text with every whole number as a Count."""
    return {
        name: Count(value) if isinstance(value, int) and not isinstance(value, bool) else value
        for name, value in params.items()
    }


def listed(items: Sequence[str], language: str) -> str:
    """Return "a, b and c", or 「a、b、c」."""
    if language == "zh-CN":
        return "、".join(items)
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"
