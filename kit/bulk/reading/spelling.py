"""How people spell dates, numbers and yes or no in sheets, and the one spelling that is read.

What is no such spelling comes back as it was, so that the row's model refuses it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping

_DATE = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?:[ T]0{1,2}:00(?::00)?)?$", re.ASCII)
_DATE_CHINESE = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})[日号]$", re.ASCII)
_DATE_DIGITS = re.compile(r"(\d{4})(\d\d)(\d\d)$", re.ASCII)
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?$", re.ASCII)
_BOOLS: Mapping[str, str] = {
    **dict.fromkeys(("是", "有", "对", "√", "✓", "y", "yes", "true", "t", "1", "on"), "true"),
    **dict.fromkeys(("否", "无", "没有", "×", "✗", "n", "no", "false", "f", "0", "off"), "false"),
}


def plain_date(text: str) -> str:
    """Return 2024-01-31 for 2024/1/31, 2024.1.31, 2024年1月31日, 20240131 and midnight times."""
    cell = unicodedata.normalize("NFKC", text).strip() if not text.isascii() else text.strip()
    if found := _DATE.match(cell):
        year, _, month, day = found.groups()
    elif found := _DATE_CHINESE.match("".join(cell.split())) or _DATE_DIGITS.match(cell):
        year, month, day = found.groups()
    else:
        return text
    return f"{year}-{int(month):02}-{int(day):02}"


def plain_bool(text: str) -> str:
    """Return true or false for 是, 否, 有, 无, √, yes and their like."""
    return _BOOLS.get(unicodedata.normalize("NFKC", text).strip().casefold(), text)


def plain_number(text: str) -> str:
    """Return a number in ASCII digits without grouping commas."""
    cell = text if text.isascii() else unicodedata.normalize("NFKC", text)
    cell = cell.strip()
    return cell.replace(",", "") if _GROUPED.match(cell) else cell


def choosing(choices: Mapping[str, str]) -> Callable[[str], str]:
    """Return what turns a Chinese label into the value that it stands for."""
    known = {_folded(label): value for value, label in choices.items()}
    known |= {_folded(value): value for value in choices}

    def choose(text: str) -> str:
        return known.get(_folded(text), text)

    return choose


def _folded(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())
