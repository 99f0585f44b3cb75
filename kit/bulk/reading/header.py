"""Finding the header of a table among its first rows, and reading what its columns mean."""

from __future__ import annotations

from collections.abc import Sequence

from kit.bulk import problems
from kit.bulk.issues import FileRefused, Flaw
from kit.bulk.reading.columns import Columns, shown

COLUMNS_MAX = 1000


def is_header(cells: Sequence[str], columns: Columns) -> bool:
    """Tell whether a row has all that a header needs."""
    known = columns.known_in(cells)
    return bool(known) and not columns.missing(known)


def choose_header(rows: Sequence[Sequence[str]], columns: Columns) -> int:
    """Return which of the first rows is the header: the first that knows the most columns.

    Titles above it and merged cells know none.
    """
    known = [len(columns.known_in(cells[: COLUMNS_MAX + 1])) for cells in rows]
    return known.index(max(known)) if known else 0


def read_header(
    number: int, cells: Sequence[str], columns: Columns, letters: Sequence[str] = ()
) -> list[str | None]:
    """Return the field of each column (None: not read); raises FileRefused naming each defect.

    `letters` are the columns' own names in a workbook, where an empty header is no column.
    """
    if len(cells) > COLUMNS_MAX:
        _check(number, [Flaw(problems.COLUMN_TOO_MANY, None, {"max": COLUMNS_MAX})])
    flaws: list[Flaw] = []
    fields: list[str | None] = []
    for position, cell in enumerate(cells, 1):
        field = columns.find(cell)
        place = f"{letters[position - 1]}{number}" if letters else None
        if field is None:
            is_none = columns.is_counting(cell) or (letters and not cell)
            if not is_none and not columns.ignores_unknown:
                flaws.append(
                    Flaw(problems.COLUMN_UNKNOWN, columns.told(cell, position), cell=place)
                )
        elif field in fields:
            flaws.append(Flaw(problems.COLUMN_REPEATED, field, cell=place))
        else:
            columns.spelled[field] = shown(cell)
        fields.append(field)
    _check(number, [*flaws, *(Flaw(problems.COLUMN_MISSING, n) for n in columns.missing(fields))])
    return fields


def _check(number: int, flaws: Sequence[Flaw]) -> None:
    if flaws:
        found = tuple((number, flaw) for flaw in flaws)
        raise FileRefused(problems.FILE_HEADER, row=number, flaws=found)
