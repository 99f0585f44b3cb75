"""CSV (RFC 4180), UTF-8, UTF-16 or GB18030; a spreadsheet's row numbers are kept."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import BinaryIO

from kit.bulk import problems
from kit.bulk.issues import FileRefused, Flaw
from kit.bulk.reading.header import choose_header, is_header, read_header
from kit.bulk.reading.records import BLOCK_ROWS, Block, Reading, Record, restored

#: Bytes that did not decode, or the NULs of a text in UTF-16 without its mark.
_WRONG_TEXT = re.compile("[\x00\ud800-\udfff]").search

Numbered = tuple[int, list[str] | None]


def read(stream: BinaryIO, reading: Reading) -> Iterator[Record | Block]:
    """Yield the rows below the header; blank lines are skipped but counted.

    Raises FileRefused when the header does not fit or rows cannot be told apart.
    """
    # Bytes that do not decode become lone surrogates, which the row's model refuses by column.
    text = io.TextIOWrapper(stream, reading.encoding, "surrogateescape", newline="")
    try:
        yield from _table(_Rows(text), reading)
    except UnicodeDecodeError:
        raise FileRefused(problems.FILE_ENCODING) from None
    finally:
        text.detach()


class _Rows:
    """The rows of a CSV text with their numbers."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        first = text.readline().removeprefix("\ufeff")
        self._reader = csv.reader(chain([first], text), strict=True)
        self.number = 0

    def take(self, count: int) -> list[Numbered]:
        """Return the next rows, blank ones left out; a row with wrong quotation marks is None.

        Empty at the end only.
        """
        while True:
            line = self._reader.line_num
            rows: list[list[str] | None] = []
            try:
                rows.extend(islice(self._reader, count))
            except csv.Error as error:
                self._check_one_line(str(error), line, rows)
                rows.append(None)
            if not rows:
                return []
            first = self.number + 1
            self.number += len(rows)
            found = [numbered for numbered in enumerate(rows, first) if numbered[1] != []]
            if found:
                return found

    def _check_one_line(self, error: str, line: int, rows: Sequence[list[str] | None]) -> None:
        """Refuse the file when a broken quotation has run over a line's end.

        Rows may have been swallowed then; otherwise only its own row is lost.
        """
        breaks = sum(_line_breaks(cell) for row in rows for cell in row or ())
        consumed = self._reader.line_num - line - len(rows) - breaks
        if consumed != 1 or "field larger" in error or "end of" in error:
            raise FileRefused(problems.FILE_QUOTING, row=self.number + len(rows) + 1)


def _line_breaks(cell: str) -> int:
    return cell.count("\n") + cell.count("\r") - cell.count("\r\n")


def _table(source: _Rows, reading: Reading) -> Iterator[Record | Block]:
    columns = reading.columns
    ahead = _first_rows(source, reading)
    at = choose_header([cells or () for _, cells in ahead], columns)
    number, header = ahead[at]
    if header is None:
        raise FileRefused(problems.FILE_QUOTING, row=number)
    if _WRONG_TEXT("".join(header)):
        raise FileRefused(problems.FILE_ENCODING)
    fields = read_header(number, header, columns)
    rest = ahead[at + 1 :]
    while rest or (rest := source.take(BLOCK_ROWS)):
        yield from _judged(rest, fields, reading)
        rest = []


def _first_rows(source: _Rows, reading: Reading) -> list[Numbered]:
    """Return the rows down to the header, or as many as are searched for one."""
    ahead: list[Numbered] = []
    while len(ahead) < reading.limits.header_rows and (found := source.take(1)):
        ahead += found
        if is_header(found[0][1] or (), reading.columns):
            break
        if len(ahead) == 1:
            _check_first(found[0])
    if not ahead:
        raise FileRefused(problems.FILE_EMPTY)
    return ahead


def _check_first(first: Numbered) -> None:
    number, cells = first
    if cells is None:
        raise FileRefused(problems.FILE_QUOTING, row=number)
    if _WRONG_TEXT("".join(cells)):
        raise FileRefused(problems.FILE_ENCODING)


def _judged(
    rows: Sequence[Numbered], fields: list[str | None], reading: Reading
) -> Iterator[Record | Block]:
    """Yield what is wrong with single rows, then the others as one block."""
    width = len(fields)
    numbers: list[int] = []
    good: list[list[str]] = []
    for number, cells in rows:
        if cells is None:
            yield Record(number, {}, [Flaw(problems.ROW_QUOTING)])
        elif len(cells) != width:
            counts = {"cells": len(cells), "columns": width}
            yield Record(number, {}, [Flaw(problems.ROW_CELLS, None, counts)])
        else:
            numbers.append(number)
            good.append(cells)
    if good:
        kept = [list(map(restored, row)) for row in good] if reading.apostrophes else good
        yield Block(reading.columns, fields, numbers, kept)
