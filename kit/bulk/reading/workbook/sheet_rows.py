"""The rows of a sheet as plain tuples, whatever way their XML is written.

Nearly every program writes cells in one form, which a pattern reads several times as fast as a
parser; a piece that holds anything else goes through the parser.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO, NamedTuple
from xml.etree.ElementTree import Element

from kit.bulk.reading.workbook.beside import text_of
from kit.bulk.reading.workbook.package import space_of
from kit.bulk.reading.workbook.pieces import Pieces

#: The longest sheet that Excel knows.
ROWS_MAX = 1_048_576
# Without what XML writes as references, forbids, or reads as something else.
_TEXT = r"([^<&\x00-\x08\x0b-\x1f]*)"
_FORMULA = r"(<f\b[^<>]*(?:/>|>[^<&]*</f>))?"
_CELL = (
    r'<c r="([A-Z]{1,3})[0-9]+"(?: s="([0-9]+)")?(?: t="([A-Za-z]+)")?(?:/>|>'
    + _FORMULA
    + rf'(?:<v>{_TEXT}</v>|<v/>|<is><t(?: xml:space="preserve")?>{_TEXT}</t></is>)?</c>)'
)
_CELLS = re.compile(_CELL)
_ROW_HEAD = r'<row r="([0-9]{1,7})"[^<>]*(?<!/)>'
_ROWS = re.compile(_ROW_HEAD + r"(.*?)</row>", re.DOTALL)
_BARE = re.sub(r"(?<!\\)\((?!\?)", "(?:", _CELL)
_PIECE = re.compile(rf"(?:<row r=\"[0-9]+\"[^<>]*(?<!/)>(?:{_BARE})*+</row>)*+")


class Cell(NamedTuple):
    """One cell as it is written; what is absent is an empty text (column: none told)."""

    column: str
    style: str
    kind: str
    formula: str
    value: str
    inline: str


Row = tuple[int, list[Cell]]


def rows_of(stream: IO[bytes]) -> Iterator[list[Row]]:
    """Yield the rows of a sheet, some at a time; raises ValueError unless they ascend."""
    pieces = Pieces(stream, "sheetData", "row")
    last = 0
    for piece in pieces:
        rows = _plain(piece) if not pieces.frame.prefix else None
        if rows is None:
            rows = _parsed(pieces.frame.parsed(piece), last)
        for number, _ in rows:
            if not last < number <= ROWS_MAX:
                raise ValueError(number)
            last = number
        yield rows


def _plain(piece: bytes) -> list[Row] | None:
    """Return the rows of a piece in the usual form; None when it holds anything else."""
    text = piece.decode()
    if not _PIECE.fullmatch(text):
        return None
    return [(int(found.group(1)), _CELLS.findall(found.group(2))) for found in _ROWS.finditer(text)]


def _parsed(root: Element, last: int) -> list[Row]:
    space = space_of(root)
    rows = []
    for row in root:
        told = row.get("r")
        last = last + 1 if told is None else int(told)
        rows.append((last, [_cell(cell, space) for cell in row if cell.tag == f"{space}c"]))
    return rows


def _cell(element: Element, space: str) -> Cell:
    formula = "f" if element.find(f"{space}f") is not None else ""
    inline = element.find(f"{space}is")
    return Cell(
        element.get("r", "").rstrip("0123456789"),
        element.get("s", ""),
        element.get("t", ""),
        formula,
        element.findtext(f"{space}v", ""),
        "" if inline is None else text_of(inline, space, escaped=True),
    )
