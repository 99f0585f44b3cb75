"""Whole lists as files: CSV, NDJSON and GeoJSON text sequences as streams, xlsx from a file.

A text that a spreadsheet would run is written with a leading `'`, which imports take off again;
numbers stay numbers.
"""

from __future__ import annotations

import asyncio
import csv
import io
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import orjson
import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from kit.errors import Invalid, Language, Text

CSV = "text/csv"
NDJSON = "application/x-ndjson"
GEOJSON_SEQ = "application/geo+json-seq"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

#: What a worksheet holds, by its format: rows with the header, and characters of a cell.
SHEET_ROWS_MAX = 1_048_576
CELL_TEXT_MAX = 32_767
_BOM = b"\xef\xbb\xbf"
_RECORD = b"\x1e"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_CHUNK_BYTES = 1 << 18
_WIDTH_MIN, _WIDTH_MAX = 8, 40

Items = Sequence[dict[str, Any]]
Batches = AsyncGenerator[list[dict[str, Any]]]


class WorkbookTooLong(Invalid):
    """A list has more rows than a worksheet may get."""

    code = "export.too_many_rows"
    title = Text("Too many rows for a workbook", "行数超出工作簿上限")
    detail = Text(
        "The list has more than {rows_max} rows, too many for one worksheet here.",
        "该列表超过 {rows_max} 行，超出单个工作表的上限。",
    )
    cure = Text(
        "Narrow the list (area, source, ...), or ask for text/csv, which has no limit.",
        "请缩小范围（area、source 等），或改用没有行数限制的 text/csv。",
    )


class CellTooLong(Invalid):
    """A value has more characters than a cell of a worksheet can hold."""

    code = "export.cell_too_long"
    title = Text("Value too long for a workbook", "取值超出单元格上限")
    detail = Text(
        "A value of the column {column} has more than {characters_max} characters, the most that "
        "a cell of a worksheet holds.",
        "列 {column} 中有取值超过 {characters_max} 个字符，超出工作表单元格的上限。",
    )
    cure = Text(
        "Ask for text/csv, application/x-ndjson or GeoJSON instead.",
        "请改用 text/csv、application/x-ndjson 或 GeoJSON。",
    )


@dataclass(frozen=True, slots=True)
class Sheet:
    """The columns of a list, and their titles in Chinese; the fields' names are the English ones.

    `geometry` names the column with the place, if there is one.
    """

    columns: Sequence[str]
    titles: Mapping[str, str]
    geometry: str | None = None

    def header(self, language: Language) -> list[str]:
        """Return the titles of the columns in a language; imports know both."""
        if language == "en":
            return list(self.columns)
        return [self.titles.get(name, name) for name in self.columns]


def chinese_titles(headers: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return the first Chinese name of each field of a noun's `headers`."""
    found = {}
    for name, others in headers.items():
        chinese = next((other for other in others if not other.isascii()), None)
        if chinese is not None:
            found[name] = chinese
    return found


def csv_cell(value: object) -> str:
    """Return the text of a CSV cell; a text that a spreadsheet would run gets a leading `'`."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return orjson.dumps(value).decode()
    text = str(value)
    return _defused(text) if isinstance(value, str) else text


def _defused(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def csv_line(values: Sequence[object]) -> bytes:
    """Return one line of CSV (RFC 4180)."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow([csv_cell(value) for value in values])
    return out.getvalue().encode()


def csv_begin(sheet: Sheet, language: Language) -> bytes:
    """Return byte order mark and header line: spreadsheets then read the file as UTF-8."""
    return _BOM + csv_line(sheet.header(language))


def csv_rows(sheet: Sheet, items: Items) -> bytes:
    """Return the lines of some items."""
    return b"".join(csv_line([item.get(name) for name in sheet.columns]) for item in items)


def ndjson_rows(_sheet: Sheet, items: Items) -> bytes:
    """Return some items, one JSON text a line."""
    return b"".join(orjson.dumps(item) + b"\n" for item in items)


def feature(item: dict[str, Any], geometry: str) -> dict[str, Any]:
    """Return an item as a GeoJSON feature."""
    rest = {name: value for name, value in item.items() if name != geometry}
    return {"type": "Feature", "geometry": item[geometry], "properties": rest}


def feature_rows(sheet: Sheet, items: Items) -> bytes:
    """Return some items as a GeoJSON text sequence (RFC 8142)."""
    name = sheet.geometry or ""
    return b"".join(_RECORD + orjson.dumps(feature(item, name)) + b"\n" for item in items)


async def workbook(
    batches: Batches, sheet: Sheet, language: Language, *, rows_max: int, folder: Path
) -> IO[bytes]:
    """Return the open, nameless file of a workbook with the rows of all batches.

    Memory stays at one batch; the work is done in a thread.  Raises WorkbookTooLong and
    CellTooLong before anything has left.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by whoever streams it
    try:
        writer = await asyncio.to_thread(_Writer, file, sheet, language, folder)
        try:
            async for items in batches:
                if writer.written + len(items) > rows_max:
                    raise WorkbookTooLong(rows_max=rows_max)
                await asyncio.to_thread(writer.add, items)
        finally:
            # Also after a refusal: the library then removes its own temporary file.
            await asyncio.to_thread(writer.close)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


class _Writer:
    """Writes rows into a worksheet that goes to disk as it grows."""

    def __init__(self, file: IO[bytes], sheet: Sheet, language: Language, folder: Path) -> None:
        self.written = 0
        self._sheet = sheet
        options = {
            "constant_memory": True,
            "tmpdir": str(folder),
            "strings_to_formulas": False,
            "strings_to_numbers": False,
            "strings_to_urls": False,
        }
        self._book = xlsxwriter.Workbook(file, options)
        self._page: Worksheet = self._book.add_worksheet()
        bold = self._book.add_format({"bold": True})
        titles = sheet.header(language)
        for column, title in enumerate(titles):
            width = min(_WIDTH_MAX, max(_WIDTH_MIN, 2 + len(title.encode("gb18030"))))
            self._page.set_column(column, column, width)
            self._page.write_string(0, column, title, bold)
        self._page.freeze_panes(1, 0)

    def add(self, items: Items) -> None:
        """Write some items below what is there."""
        for item in items:
            self.written += 1
            for column, name in enumerate(self._sheet.columns):
                value = item.get(name)
                if value is not None:
                    self._write(column, name, value)

    def _write(self, column: int, name: str, value: object) -> None:
        row = self.written
        if isinstance(value, bool):
            self._page.write_boolean(row, column, value)
        elif isinstance(value, int | float):
            self._page.write_number(row, column, value)
        else:
            text = csv_cell(value)
            if len(text) > CELL_TEXT_MAX:
                raise CellTooLong(column=name, characters_max=CELL_TEXT_MAX)
            self._page.write_string(row, column, text)

    def close(self) -> None:
        """Put the parts together into the file."""
        self._book.close()


async def chunks(file: IO[bytes]) -> AsyncIterator[bytes]:
    """Yield a file piece by piece, and close it at the end, however that comes."""
    try:
        while piece := await asyncio.to_thread(file.read, _CHUNK_BYTES):
            yield piece
    finally:
        with suppress(OSError):
            file.close()
