"""From the cells of a sheet to the texts that a CSV would hold, or to what is wrong with a cell."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from kit.bulk import problems
from kit.bulk.issues import RowIssue
from kit.bulk.reading.workbook.beside import SharedStrings, unescaped
from kit.bulk.reading.workbook.sheet_rows import Cell

#: The widest sheet that Excel knows.
COLUMNS_MAX = 16_384
_PLAIN_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?$", re.ASCII)
_DAYS_MAX = 2_958_465
#: The day that serial number 0 stands for: 1899-12-30.
_EPOCH = 693_594


class Wrong(NamedTuple):
    """A cell whose content cannot be taken as it stands."""

    issue: RowIssue


Content = str | Wrong


def column_number(letters: str) -> int:
    """Return 1 for A, 27 for AA; raises ValueError beyond the widest sheet."""
    number = 0
    for letter in letters:
        if not "A" <= letter <= "Z":
            raise ValueError(letters)
        number = number * 26 + ord(letter) - 64
    if not 1 <= number <= COLUMNS_MAX:
        raise ValueError(letters)
    return number


def column_letters(number: int) -> str:
    """Return A for 1, AA for 27."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


class CellReader:
    """Reads the cells of one workbook."""

    def __init__(self, strings: SharedStrings, dates: frozenset[str], epoch: int) -> None:
        self._shared = strings.get
        self._dates = dates
        self._epoch = epoch

    def content(self, cell: Cell, kinds: Collection[Any]) -> Content:
        """Return the text of a cell, empty when it has none; `kinds` are what its field may hold.

        Raises IndexError and ValueError for a cell that no spreadsheet program writes.
        """
        _, style, kind, formula, value, inline = cell
        if kind == "s" and value:
            return self._shared(value)
        if kind == "inlineStr":
            return unescaped(inline)
        if not value:
            return Wrong(problems.CELL_FORMULA) if formula and kind != "str" else ""
        if kind in {"", "n"}:
            return self._number(value, style, kinds)
        return unescaped(value) if kind == "str" else _other(value, kind, kinds)

    def _number(self, text: str, style: str, kinds: Collection[Any]) -> Content:
        if date in kinds:
            return self._date(text)
        if style in self._dates and datetime not in kinds:
            return Wrong(problems.CELL_DATE)
        if _PLAIN_NUMBER.match(text):
            return text
        number = float(text)
        if number.is_integer() and abs(number) < 10**15:
            return str(int(number))
        if int in kinds or float in kinds:
            return repr(number)
        # Excel keeps fifteen digits: of an identity number the last three are lost.
        return Wrong(problems.CELL_DIGITS) if number.is_integer() else repr(number)

    def _date(self, text: str) -> Content:
        number = float(text)
        if number.is_integer() and 19000101 <= number <= 99991231:
            return str(int(number))
        if not 1 <= number <= _DAYS_MAX:
            return Wrong(problems.CELL_DATE_RANGE)
        # Excel believes in 29 February 1900, its day 60.
        early = 1 if self._epoch == _EPOCH and number < 60 else 0
        day = date.fromordinal(self._epoch + int(number) + early)
        if number.is_integer():
            return day.isoformat()
        at = datetime.combine(day, datetime.min.time()) + timedelta(days=number % 1)
        return at.isoformat(" ", "seconds")


def _other(value: str, kind: str, kinds: Collection[Any]) -> Content:
    if kind == "b":
        return "true" if value == "1" else "false"
    if kind == "d":
        return value[:10] if date in kinds else Wrong(problems.CELL_DATE)
    return Wrong(problems.CELL_ERROR)


class Positions:
    """Where the cells of a row stand: by their letters, or one after the other."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}

    def of(self, cells: Sequence[Cell]) -> list[int]:
        """Return the column numbers of a row's cells; raises ValueError unless they ascend."""
        known = self._known
        try:
            found = [known[cell[0]] for cell in cells]
        except KeyError:
            found = self._learn(cells)
        if any(map(int.__ge__, found, found[1:])):
            raise ValueError(found)
        return found

    def _learn(self, cells: Sequence[Cell]) -> list[int]:
        found: list[int] = []
        for cell in cells:
            letters = cell[0]
            if not letters:
                found.append(found[-1] + 1 if found else 1)
                continue
            self._known[letters] = column_number(letters)
            found.append(self._known[letters])
        return found
