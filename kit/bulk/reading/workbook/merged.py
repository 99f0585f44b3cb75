"""Merged cells: only the first cell of a merged area holds its value, the others look empty."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kit.bulk import problems
from kit.bulk.issues import FileRefused
from kit.bulk.reading.workbook.cells import column_number

_AREA = re.compile(rb'<(?:[\w.-]+:)?mergeCell\b[^<>]*?\bref="([A-Z]{1,3})(\d+):([A-Z]{1,3})(\d+)"')
_AREAS_MAX = 20_000

Area = tuple[int, int, int, int]


class Merged:
    """The merged areas of a sheet, asked row by row downwards."""

    def __init__(self, tail: bytes, below: int) -> None:
        """Keep the areas that reach rows below the one numbered `below`, from a sheet's end."""
        self._areas = sorted(area for area in _areas(tail) if area[2] > below)
        if len(self._areas) > _AREAS_MAX:
            raise FileRefused(problems.XLSX_MERGED, max=_AREAS_MAX)
        self._next = 0
        self._until: dict[int, int] = {}

    def __bool__(self) -> bool:
        return bool(self._areas)

    def covered(self, row: int, width: int) -> list[int]:
        """Return the columns, up to `width`, whose cell in a row shows another cell's value."""
        found = {column for column, until in self._until.items() if until >= row}
        while self._next < len(self._areas) and self._areas[self._next][0] <= row:
            top, left, bottom, right = self._areas[self._next]
            self._next += 1
            for column in range(left, min(right, width) + 1):
                self._until[column] = max(bottom, self._until.get(column, 0))
                if bottom >= row and (row, column) != (top, left):
                    found.add(column)
        return sorted(column for column in found if column <= width)


def _areas(tail: bytes) -> Iterator[Area]:
    for found in _AREA.finditer(tail):
        first, top, last, bottom = found.groups()
        try:
            left, right = column_number(first.decode()), column_number(last.decode())
        except ValueError:
            continue
        yield int(top[:8]), left, int(bottom[:8]), right
