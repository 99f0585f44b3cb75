"""What a report of errors tells beyond the flaws: headers, cells, and what stands there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from kit.bulk.issues import FileRefused, KeptFlaw
from kit.bulk.noun import Noun
from kit.bulk.reading.columns import Columns
from kit.bulk.reading.records import Block, Record

_SHOWN_MAX = 200

Read = Callable[[], Iterator[Record | Block]]
Place = tuple[int, str]


def completed(
    flaws: Sequence[KeptFlaw], noun: Noun[Any], columns: Columns, read: Read
) -> list[KeptFlaw]:
    """Return the flaws with header and cell, and with the content of columns that are open.

    For that content the file is read once more, down to the last row that is needed: flaws are
    few, and only the file knows what it had before references were resolved.
    """
    # In a row about a person any cell may hold the person, when columns have slipped.
    about = {} if noun.personal else noun.about
    is_open = {name for name, column in about.items() if column.is_open}
    wanted: set[Place] = {
        (flaw.row, flaw.column) for flaw in flaws if flaw.column and flaw.column in is_open
    }
    values = dict(_found(read(), wanted)) if wanted else {}
    return [_told(flaw, columns, values) for flaw in flaws]


def _told(flaw: KeptFlaw, columns: Columns, values: Mapping[Any, str]) -> KeptFlaw:
    column = flaw.column or ""
    letters = columns.letters.get(column)
    return replace(
        flaw,
        header=columns.spelled.get(column),
        cell=flaw.cell or (f"{letters}{flaw.row}" if letters else None),
        value=values.get((flaw.row, column)),
    )


def _found(records: Iterable[Record | Block], wanted: set[Place]) -> Iterator[tuple[Place, str]]:
    rows = {row for row, _ in wanted}
    last = max(rows)
    try:
        for found in records:
            block = isinstance(found, Block)
            numbers = found.numbers if isinstance(found, Block) else (found.row,)
            for at, number in enumerate(numbers):
                if number in rows:
                    record = found.record(at) if isinstance(found, Block) else found
                    yield from _shown(record, wanted)
            if block and numbers[-1] >= last:
                return
    except FileRefused:
        # The file ends badly; what stood before that is known.
        return


def _shown(record: Record, wanted: set[Place]) -> Iterator[tuple[Place, str]]:
    for name, value in record.values.items():
        if (record.row, name) in wanted and isinstance(value, str | int | float):
            yield (record.row, name), _visible(str(value))


def _visible(text: str) -> str:
    cut = text[:_SHOWN_MAX]
    return "".join(
        mark if mark.isprintable() and not "\ud800" <= mark <= "\udfff" else "?" for mark in cut
    )
