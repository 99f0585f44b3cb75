"""Workbooks (.xlsx): the one sheet that has the header, from the header down, as a stream.

A cell is read as what a person sees in it, as far as its column allows: numbers without their
format, dates as YYYY-MM-DD, a formula as the value that was last computed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from kit.bulk import problems
from kit.bulk.issues import FileRefused, Flaw, RowIssue
from kit.bulk.reading.columns import Columns, shown
from kit.bulk.reading.header import choose_header, read_header
from kit.bulk.reading.records import BLOCK_ROWS, Block, Reading, Record, restored
from kit.bulk.reading.workbook.beside import SharedStrings, date_styles
from kit.bulk.reading.workbook.cells import (
    CellReader,
    Content,
    Positions,
    Wrong,
    column_letters,
)
from kit.bulk.reading.workbook.merged import Merged
from kit.bulk.reading.workbook.package import BROKEN, Package, Sheet, open_package
from kit.bulk.reading.workbook.pieces import skim
from kit.bulk.reading.workbook.sheet_rows import Cell, rows_of

_TEXT: frozenset[type] = frozenset({str})
_NAMES_SHOWN = 10


def read(stream: BinaryIO, reading: Reading) -> Iterator[Record | Block]:
    """Yield the rows below the header, with the sheet's own row numbers.

    Raises FileRefused when the workbook cannot be read, or no one sheet has the header.
    """
    with open_package(stream, reading.limits) as package:
        try:
            table = _table(choose_sheet(package, reading), reading.columns)
            yield from _rows(package, table, reading)
        except BROKEN:
            raise FileRefused(problems.XLSX_BROKEN) from None


@dataclass(frozen=True, slots=True)
class Table:
    """Where the rows are: the sheet, its header's row, and the fields of its columns from A on."""

    sheet: Sheet
    header_row: int
    fields: list[str | None]
    cells: CellReader
    #: Which columns have no header at all.
    is_bare: list[bool]


@dataclass(slots=True)
class Candidate:
    """The header that a sheet might have: its row, its texts, the fields that they name."""

    sheet: Sheet
    cells: CellReader
    number: int = 0
    texts: list[str] = field(default_factory=list)
    known: set[str] = field(default_factory=set)

    def fits(self, columns: Columns) -> bool:
        """Tell whether this is a header: nothing is missing, and most of it is known."""
        filled = sum(1 for text in self.texts if text)
        return (
            bool(self.known) and not columns.missing(self.known) and 2 * len(self.known) >= filled
        )


def choose_sheet(package: Package, reading: Reading) -> Candidate:
    """Return the sheet that was asked for, or the only one that has the header.

    Raises FileRefused when several have it, or none has anything of it.
    """
    strings = SharedStrings(package, reading.limits.shared_bytes)
    cells = CellReader(strings, date_styles(package), package.epoch)
    columns = reading.columns
    sheets = _sheets(package, reading.sheet)
    found = [_candidate(package, sheet, cells, reading) for sheet in sheets]
    fitting = [one for one in found if one.fits(columns)]
    if len(fitting) > 1:
        raise FileRefused(problems.XLSX_SHEETS, sheets=_names([one.sheet for one in fitting]))
    best = fitting[0] if fitting else max(found, key=lambda one: len(one.known))
    if not best.known:
        missing = ", ".join(columns.missing(()) or sorted(columns.names)[:1])
        raise FileRefused(problems.XLSX_HEADER, sheets=_names(sheets), columns=missing)
    return best


def _table(best: Candidate, columns: Columns) -> Table:
    letters = [column_letters(at) for at in range(1, len(best.texts) + 1)]
    fields = read_header(best.number, best.texts, columns, letters)
    is_bare = [not text for text in best.texts]
    return Table(best.sheet, best.number, fields, best.cells, is_bare)


def _sheets(package: Package, wanted: str | None) -> list[Sheet]:
    if wanted is not None:
        named = [sheet for sheet in package.sheets if sheet.name == wanted]
        if not named:
            raise FileRefused(problems.XLSX_SHEET_NONE, sheets=_names(package.sheets))
        return named
    visible = [sheet for sheet in package.sheets if sheet.is_visible]
    if not visible:
        raise FileRefused(problems.XLSX_SHEET_NONE, sheets=_names(package.sheets))
    return visible


def _names(sheets: list[Sheet]) -> str:
    told = [shown(sheet.name) for sheet in sheets[:_NAMES_SHOWN]]
    return ", ".join(told) + (", ..." if len(sheets) > _NAMES_SHOWN else "")


def _candidate(package: Package, sheet: Sheet, cells: CellReader, reading: Reading) -> Candidate:
    rows: list[tuple[int, list[str]]] = []
    with package.open(sheet.part) as stream:
        for some in rows_of(stream):
            rows += [(number, _texts(row, cells)) for number, row in some]
            if len(rows) >= reading.limits.header_rows:
                break
    rows = [row for row in rows[: reading.limits.header_rows] if any(row[1])]
    if not rows:
        return Candidate(sheet, cells)
    found, texts = rows[choose_header([texts for _, texts in rows], reading.columns)]
    return Candidate(sheet, cells, found, texts, reading.columns.known_in(texts))


def _texts(row: list[Cell], cells: CellReader) -> list[str]:
    """Return the texts of a row from column A to its last filled cell."""
    texts: list[str] = []
    for at, cell in zip(Positions().of(row), row, strict=True):
        content = cells.content(cell, _TEXT)
        if isinstance(content, str) and content.strip():
            texts += [""] * (at - len(texts) - 1) + [content]
    return texts


def _rows(package: Package, table: Table, reading: Reading) -> Iterator[Record | Block]:
    part = table.sheet.part
    with package.open(part) as stream:
        tail = skim(stream, reading.limits.shared_bytes)
    _tell_letters(table, reading.columns)
    taken = _Taken(table, reading.columns, Merged(tail, table.header_row))
    with package.open(part) as stream:
        for rows in rows_of(stream):
            for number, row in rows:
                if number > table.header_row:
                    flaws = taken.add(number, row)
                    if flaws:
                        yield Record(number, {}, flaws)
            yield from taken.block()
    yield from taken.block(last=True)


def _tell_letters(table: Table, columns: Columns) -> None:
    for at, name in enumerate(table.fields, 1):
        if name is not None:
            columns.letters[name] = column_letters(at)


class _Taken:
    """Gathers rows until there are enough for a block."""

    def __init__(self, table: Table, columns: Columns, merged: Merged) -> None:
        self._content = table.cells.content
        self._columns = columns
        self._fields = table.fields
        self._kinds = [columns.kinds[name] if name else _TEXT for name in table.fields]
        self._is_bare = table.is_bare
        self._merged = merged
        self._positions = Positions()
        self._numbers: list[int] = []
        self._rows: list[list[str | None]] = []

    def add(self, number: int, row: list[Cell]) -> list[Flaw]:
        """Take a row in, or return what is wrong with its cells."""
        width, kinds = len(self._fields), self._kinds
        texts: list[str | None] = [None] * width
        flaws: list[Flaw] = []
        for at, cell in zip(self._positions.of(row), row, strict=True):
            content = self._content(cell, kinds[at - 1] if at <= width else _TEXT)
            if isinstance(content, Wrong) or at > width or self._is_bare[at - 1]:
                flaws += self._flaws(content, at, number)
            elif content.strip():
                texts[at - 1] = restored(content)
        if any(texts) or flaws:
            flaws += self._covered(number)
        if any(texts) and not flaws:
            self._numbers.append(number)
            self._rows.append(texts)
        return flaws

    def _covered(self, number: int) -> list[Flaw]:
        columns = self._merged.covered(number, len(self._fields)) if self._merged else ()
        return [self._flaw(problems.CELL_MERGED, at, number) for at in columns]

    def _flaws(self, content: Content, at: int, number: int) -> list[Flaw]:
        """Return what is wrong with a cell that is bent, or stands under no header."""
        if isinstance(content, str) and not content.strip():
            return []
        outside = at > len(self._fields) or self._is_bare[at - 1]
        bent = content.issue if isinstance(content, Wrong) else problems.CELL_OUTSIDE
        return [self._flaw(problems.CELL_OUTSIDE if outside else bent, at, number)]

    def _flaw(self, issue: RowIssue, at: int, number: int) -> Flaw:
        field = self._fields[at - 1] if at <= len(self._fields) else None
        return Flaw(issue, field, cell=f"{column_letters(at)}{number}")

    def block(self, *, last: bool = False) -> Iterator[Block]:
        """Yield what was gathered, once it is enough."""
        if self._rows and (last or len(self._rows) >= BLOCK_ROWS):
            numbers, rows = self._numbers, self._rows
            self._numbers, self._rows = [], []
            yield Block(self._columns, self._fields, numbers, rows)
