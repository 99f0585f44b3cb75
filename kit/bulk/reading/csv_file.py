"""CSV (RFC 4180), UTF-8 or GB18030, read line by line; a spreadsheet's row numbers are kept."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

import orjson

from kit.bulk import problems
from kit.bulk.issues import FileRefused, Flaw
from kit.bulk.reading.records import COLUMNS_MAX, LINE_BYTES_MAX, Columns, Reading, Record

_BOM = b"\xef\xbb\xbf"
#: Bytes that did not decode, or the NULs of a text in UTF-16.
_WRONG_TEXT = re.compile("[\x00\ud800-\udfff]").search
_DEFUSED = ("'=", "'+", "'-", "'@", "'\t", "'\r")


def read(stream: BinaryIO, reading: Reading) -> Iterator[Record]:
    """Yield the rows below the header; blank lines are skipped but counted.

    Raises FileRefused when the header does not fit or rows cannot be told apart.
    """
    rows = csv.reader(_lines(stream, reading.encoding), strict=True)
    header = next(_rows(rows), None)
    if header is None:
        raise FileRefused(problems.FILE_EMPTY)
    number, cells = header
    if cells is None:
        raise FileRefused(problems.FILE_QUOTING, row=number)
    if _WRONG_TEXT("".join(cells)):
        raise FileRefused(problems.FILE_ENCODING)
    fields = _fields(cells, reading.columns)
    defused = reading.apostrophes
    geometry = reading.columns.geometry
    for row, found in _rows(rows, number):
        if found is None:
            yield Record(row, {}, [Flaw(problems.ROW_QUOTING)])
        elif len(found) != len(fields):
            counts = {"cells": len(found), "columns": len(fields)}
            yield Record(row, {}, [Flaw(problems.ROW_CELLS, None, counts)])
        else:
            values: dict[str, Any] = {
                name: cell for name, cell in zip(fields, found, strict=True) if cell and name
            }
            if defused:
                _restore(values)
            flaw = _parse_geometry(values, geometry) if geometry in values else None
            yield Record(row, values, [flaw] if flaw else ())


def _lines(stream: BinaryIO, encoding: str) -> Iterator[str]:
    # Bytes that do not decode become lone surrogates, which the row's model refuses by column.
    first = True
    number = 0
    while line := stream.readline(LINE_BYTES_MAX + 1):
        number += 1
        if len(line) > LINE_BYTES_MAX:
            raise FileRefused(problems.FILE_LINE, row=number, limit_bytes=LINE_BYTES_MAX)
        if first:
            line = line.removeprefix(_BOM)
            first = False
        yield line.decode(encoding, "surrogateescape")


def _rows(rows: Any, before: int = 0) -> Iterator[tuple[int, list[str] | None]]:
    """Yield (row number, cells), None for one whose quotation marks are wrong."""
    number = before
    while True:
        number += 1
        line = rows.line_num
        try:
            cells = next(rows, None)
        except csv.Error as error:
            # Once a broken quotation has run over a line's end, rows may have been swallowed.
            if rows.line_num - line != 1 or "field larger" in str(error) or "end of" in str(error):
                raise FileRefused(problems.FILE_QUOTING, row=number) from None
            yield number, None
            continue
        if cells is None:
            return
        if cells:
            yield number, cells


def _fields(header: list[str], columns: Columns) -> list[str | None]:
    """Return the field of each column (None: ignored); raises FileRefused naming each defect."""
    if len(header) > COLUMNS_MAX:
        flaw = Flaw(problems.COLUMN_TOO_MANY, None, {"max": COLUMNS_MAX})
        raise FileRefused(problems.FILE_HEADER, flaws=((1, flaw),))
    flaws: list[Flaw] = []
    fields: list[str | None] = []
    for position, cell in enumerate(header, 1):
        field = columns.find(cell)
        if field is None and not columns.ignores_unknown:
            flaws.append(Flaw(problems.COLUMN_UNKNOWN, columns.told(cell, position)))
        elif field is not None and field in fields:
            flaws.append(Flaw(problems.COLUMN_REPEATED, field))
        fields.append(field)
    flaws += [
        Flaw(problems.COLUMN_MISSING, name)
        for name in columns.required
        if name not in fields and name not in columns.given
    ]
    if flaws:
        raise FileRefused(problems.FILE_HEADER, flaws=tuple((1, flaw) for flaw in flaws))
    return fields


def _restore(values: dict[str, Any]) -> None:
    for name, cell in values.items():
        if cell.startswith(_DEFUSED):
            values[name] = cell[1:]


def _parse_geometry(values: dict[str, Any], name: str | None) -> Flaw | None:
    if name is None:
        return None
    try:
        geometry = orjson.loads(values[name])
    except orjson.JSONDecodeError:
        geometry = None
    if not isinstance(geometry, dict):
        return Flaw(problems.GEOMETRY_JSON, name)
    values[name] = geometry
    return None
