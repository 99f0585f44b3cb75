"""Marking cells in the XML of one sheet, leaving everything else of it as it was."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Callable, Iterator, Mapping
from typing import IO

from kit.bulk.reading.workbook.cells import column_letters, column_number
from kit.bulk.reading.workbook.pieces import Pieces

#: What may stand behind `legacyDrawing`, in the order that the standard prescribes.
_LATER = (
    b"legacyDrawingHF", b"drawingHF", b"picture", b"oleObjects", b"controls", b"webPublishItems",
    b"tableParts", b"extLst",
)  # fmt: skip
_RELATIONS = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_LEGACY = re.compile(rb"<(?:[\w.-]+:)?legacyDrawing\b[^<>]*?/>")
_NUMBER = re.compile(rb'\br="(\d{1,7})"')
_STYLE = re.compile(rb'\bs="(\d+)"')
_REFERENCE = re.compile(rb'\br="([A-Z]{1,3})\d+"')

#: Row number -> the column numbers of its cells to mark.
Places = Mapping[int, list[int]]
Restyle = Callable[[int], int]


def marked_sheet(
    stream: IO[bytes], places: Places, restyle: Restyle, drawing_id: str, limit_bytes: int
) -> Iterator[bytes]:
    """Yield the sheet with the style of the cells replaced and a drawing of comments tied to it.

    `restyle` gives the marked twin of a style.
    """
    pieces = Pieces(stream, "sheetData", "row")
    marker = _Marker(pieces.frame.prefix, places, restyle)
    yield pieces.head
    for piece in pieces:
        yield marker.piece(piece)
    yield _with_drawing(pieces.rest(limit_bytes), pieces.frame.prefix, drawing_id)


class _Marker:
    def __init__(self, prefix: bytes, places: Places, restyle: Restyle) -> None:
        self._prefix = prefix
        self._places = places
        self._restyle = restyle
        self._last = 0
        p = re.escape(prefix)
        self._row = re.compile(
            rb"<" + p + rb"row\b([^<>]*?)(?:/>|>(.*?)</" + p + rb"row>)", re.DOTALL
        )
        self._cell = re.compile(rb"<" + p + rb"c\b([^<>]*?)(?:/>|>(.*?)</" + p + rb"c>)", re.DOTALL)

    def piece(self, data: bytes) -> bytes:
        """Return some rows with their cells marked; comments and CDATA are left alone."""
        if b"<!" in data:
            return data
        marked: bytes = self._row.sub(self._marked_row, data)
        return marked

    def _marked_row(self, found: re.Match[bytes]) -> bytes:
        told = _NUMBER.search(found.group(1))
        self._last = int(told.group(1)) if told else self._last + 1
        columns = self._places.get(self._last)
        if not columns:
            return found.group()
        cells = self._marked_cells(found.group(2) or b"", sorted(columns))
        p = self._prefix
        return b"<%srow%s>%s</%srow>" % (p, found.group(1).rstrip(b"/"), cells, p)

    def _marked_cells(self, row: bytes, columns: list[int]) -> bytes:
        """Return the cells of a row: those that are to be marked, made where there are none."""
        cells: dict[int, bytes] = {}
        at = 0
        for found in self._cell.finditer(row):
            told = _REFERENCE.search(found.group(1))
            at = column_number(told.group(1).decode()) if told else at + 1
            cells[at] = self._marked_cell(found) if at in columns else found.group()
        order = list(cells)
        for column in columns:
            if column not in cells:
                order.insert(bisect(order, column), column)
                cells[column] = self._new_cell(column)
        return b"".join(cells[column] for column in order)

    def _marked_cell(self, found: re.Match[bytes]) -> bytes:
        told = _STYLE.search(found.group(1))
        style = b"%d" % self._restyle(int(told.group(1)) if told else 0)
        attributes = _STYLE.sub(b"", found.group(1)).rstrip() + b' s="' + style + b'"'
        p = self._prefix
        if found.group(2) is None:
            return b"<%sc%s/>" % (p, attributes)
        return b"<%sc%s>%s</%sc>" % (p, attributes, found.group(2), p)

    def _new_cell(self, column: int) -> bytes:
        letters = column_letters(column).encode()
        return b'<%sc r="%s%d" s="%d"/>' % (self._prefix, letters, self._last, self._restyle(0))


def _with_drawing(tail: bytes, prefix: bytes, drawing_id: str) -> bytes:
    """Return the end of the sheet with the drawing that shows its comments."""
    bare = _LEGACY.sub(b"", tail)
    tag = b'<%slegacyDrawing xmlns:jr="%s" jr:id="%s"/>' % (
        prefix, _RELATIONS, drawing_id.encode(),
    )  # fmt: skip
    starts = [at for name in _LATER if (at := bare.find(b"<" + prefix + name)) >= 0]
    starts.append(bare.rfind(b"</" + prefix + b"worksheet"))
    at = min(starts)
    return bare[:at] + tag + bare[at:]


class MarkedStyles:
    """The styles of a workbook, to which marked twins are added as they are asked for.

    Edited as text: whoever parses and writes it anew loses the prefixes that programs rely on.
    """

    _FILLS = re.compile(rb"(<((?:[\w.-]+:)?)fills\b)([^<>]*)>(.*?)(</\2fills>)", re.DOTALL)
    _STYLES = re.compile(rb"(<((?:[\w.-]+:)?)cellXfs\b)([^<>]*)>(.*?)(</\2cellXfs>)", re.DOTALL)
    _FILL = (
        b'<%sfill><%spatternFill patternType="solid"><%sfgColor rgb="FFFFC7CE"/>'
        b'<%sbgColor indexed="64"/></%spatternFill></%sfill>'
    )

    def __init__(self, data: bytes) -> None:
        self._data = data
        fills, styles = self._FILLS.search(data), self._STYLES.search(data)
        if fills is None or styles is None:
            raise ValueError("styles")
        self._prefix = styles.group(2)
        own = re.compile(
            rb"<" + self._prefix + rb"xf\b[^<>]*?/>|<" + self._prefix + rb"xf\b.*?</"
            + self._prefix + rb"xf>", re.DOTALL,
        )  # fmt: skip
        self._styles: list[bytes] = own.findall(styles.group(4))
        item = re.compile(rb"<" + self._prefix + rb"fill\b")
        self._fill = len(item.findall(fills.group(4)))
        self._twins: dict[int, int] = {}

    def twin(self, style: int) -> int:
        """Return the style that looks the same, filled with the colour of an error."""
        if style not in self._twins:
            self._twins[style] = len(self._styles) + len(self._twins)
        return self._twins[style]

    def written(self) -> bytes:
        """Return the part with the twins."""
        p = self._prefix
        added = b"".join(self._twin_of(style) for style in self._twins)
        count = len(self._styles) + len(self._twins)
        data: bytes = self._FILLS.sub(
            lambda found: self._grown(found, self._FILL % ((p,) * 6), self._fill + 1), self._data
        )
        return self._STYLES.sub(lambda found: self._grown(found, added, count), data)

    def _twin_of(self, style: int) -> bytes:
        plain = self._styles[style] if style < len(self._styles) else self._styles[0]
        begin, rest = plain[: plain.index(b">")], plain[plain.index(b">") :]
        if begin.endswith(b"/"):
            begin, rest = begin[:-1], b"/" + rest
        begin = re.sub(rb'\s(?:fillId|applyFill)="[^"]*"', b"", bytes(begin))
        return begin + b' fillId="%d" applyFill="1"' % self._fill + rest

    @staticmethod
    def _grown(found: re.Match[bytes], added: bytes, count: int) -> bytes:
        attributes = re.sub(rb'\scount="\d+"', b"", found.group(3)) + b' count="%d"' % count
        return found.group(1) + attributes + b">" + found.group(4) + added + found.group(5)
