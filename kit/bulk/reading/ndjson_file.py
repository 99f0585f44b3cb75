"""NDJSON: one JSON object a line, UTF-8; a row's number is its line's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import orjson

from kit.bulk import problems
from kit.bulk.issues import Flaw
from kit.bulk.reading.columns import Columns
from kit.bulk.reading.records import BLOCK_ROWS, LINE_BYTES_MAX, Block, Reading, Record

_BOM = b"\xef\xbb\xbf"


def read(stream: BinaryIO, reading: Reading) -> Iterator[Record | Block]:
    """Yield the rows; a line that is no object is a flawed row, never the end of the reading.

    Lines with the same names in the same order come together.
    """
    alike = _Alike(reading.columns)
    row = 0
    while line := stream.readline(LINE_BYTES_MAX + 1):
        row += 1
        if len(line) > LINE_BYTES_MAX:
            _skip_line(stream, line)
            limit = {"limit_bytes": LINE_BYTES_MAX}
            yield Record(row, {}, [Flaw(problems.ROW_TOO_LONG, None, limit)])
            continue
        text = line.removeprefix(_BOM) if row == 1 else line
        if text.isspace() or not text:
            continue
        try:
            values = orjson.loads(text)
        except orjson.JSONDecodeError:
            yield Record(row, {}, [Flaw(problems.ROW_JSON)])
            continue
        if isinstance(values, dict):
            yield from alike.add(row, values)
        else:
            yield Record(row, {}, [Flaw(problems.ROW_NOT_OBJECT)])
    yield from alike.taken()


class _Alike:
    """Gathers objects that have the same names, to be handed on as one block."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._names: tuple[str, ...] = ()
        self._numbers: list[int] = []
        self._rows: list[list[Any]] = []

    def add(self, row: int, values: dict[str, Any]) -> Iterator[Record | Block]:
        """Take an object in; yields what was gathered before when it does not go with it."""
        names = tuple(values)
        if names != self._names or len(self._rows) >= BLOCK_ROWS:
            yield from self.taken()
            self._names = names
        self._numbers.append(row)
        self._rows.append(list(values.values()))

    def taken(self) -> Iterator[Record | Block]:
        """Yield what was gathered."""
        if not self._rows:
            return
        numbers, rows = self._numbers, self._rows
        self._numbers, self._rows = [], []
        fields = [self._columns.find(name) for name in self._names]
        if None in fields or len(set(fields)) < len(fields):
            for number, cells in zip(numbers, rows, strict=True):
                yield renamed(self._columns, number, dict(zip(self._names, cells, strict=True)))
            return
        for field, name in zip(fields, self._names, strict=True):
            if field is not None and field != name:
                self._columns.spelled.setdefault(field, name)
        yield Block(self._columns, fields, numbers, rows, empty_is_absent=False)


def renamed(columns: Columns, row: int, values: dict[str, Any]) -> Record:
    """Return the record of a JSON object."""
    found, flaw = columns.rename(values)
    return Record(row, found, [flaw] if flaw else ())


def _skip_line(stream: BinaryIO, line: bytes) -> None:
    while line and not line.endswith(b"\n"):
        line = stream.readline(LINE_BYTES_MAX)
