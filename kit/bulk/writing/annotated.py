"""A copy of a workbook with its bad cells marked: filled, and with a comment that says why.

Everything else of it stays as it was, sheets and formats, so that it can be corrected and sent
again.  The copy is written as it is read; neither is ever held whole.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple
from xml.sax.saxutils import quoteattr

from kit.bulk import problems
from kit.bulk.issues import FileRefused
from kit.bulk.reading.records import Reading
from kit.bulk.reading.workbook.cells import column_number
from kit.bulk.reading.workbook.package import BROKEN, Package, Sheet, open_package
from kit.bulk.reading.xlsx_file import choose_sheet
from kit.bulk.writing.comments import comments_part, drawing_part, read_comments
from kit.bulk.writing.marks import MarkedStyles, marked_sheet

_COMMENTS = "xl/commentsJingwei.xml"
_DRAWING = "xl/drawings/vmlDrawingJingwei.vml"
_DRAWING_ID, _COMMENTS_ID = "rIdJingwei1", "rIdJingwei2"
_KINDS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
_LARGE_BYTES = 1 << 30
_TYPES = "[Content_Types].xml"
_COMMENTS_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml"
_OWN_RELATIONS = re.compile(
    rb'<(?:[\w.-]+:)?Relationship\b[^<>]*/(?:comments|vmlDrawing)"[^<>]*?(?:/>|></[^<>]*>)'
)


class Mark(NamedTuple):
    """What is wrong with a cell; without `cell` it is the row's first."""

    row: int
    cell: str | None
    message: str


def annotated(stream: BinaryIO, reading: Reading, marks: Iterable[Mark]) -> Iterator[bytes]:
    """Yield the copy; raises FileRefused, with the first bytes, when the workbook has no sheet."""
    with open_package(stream, reading.limits) as package:
        try:
            yield from _Copy(package, choose_sheet(package, reading).sheet, marks).written(reading)
        except BROKEN:
            raise FileRefused(problems.XLSX_BROKEN) from None


class _Sink:
    """What the zip writer writes to: holds bytes until they are taken."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing lies deeper."""

    def taken(self) -> bytes:
        data = b"".join(self._parts)
        self._parts.clear()
        return data


class _Copy:
    def __init__(self, package: Package, sheet: Sheet, marks: Iterable[Mark]) -> None:
        self._package = package
        self._sheet = sheet
        folder, name = posixpath.split(sheet.part)
        self._relations = posixpath.join(folder, "_rels", f"{name}.rels")
        styles = package.part_of("styles")
        self._styles_part = styles
        self._styles = MarkedStyles(package.bytes_of(styles) if styles else b"")
        self._comments = self._own_comments()
        self._places: dict[int, list[int]] = {}
        for mark in marks:
            self._add(mark)

    def _own_comments(self) -> dict[tuple[int, int], str]:
        if not self._package.has(self._relations):
            return {}
        for kind, target in self._package.relations(self._sheet.part).values():
            if kind.endswith("/comments") and self._package.has(target):
                return read_comments(self._package.small(target))
        return {}

    def _add(self, mark: Mark) -> None:
        letters = (mark.cell or "A").rstrip("0123456789")
        place = (mark.row, column_number(letters))
        columns = self._places.setdefault(mark.row, [])
        if place[1] not in columns:
            columns.append(place[1])
        said = self._comments.get(place)
        self._comments[place] = mark.message if said is None else f"{said}\n{mark.message}"

    def written(self, reading: Reading) -> Iterator[bytes]:
        """Yield the whole package; styles come last, when all that is needed of them is known."""
        sink = _Sink()
        # A stream that cannot be wound back: sizes follow the data.
        with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as out:  # type: ignore[call-overload]
            for name, content in self._parts(reading):
                # Programs dislike the form for large parts where it is not needed.
                is_large = self._package.size_of(name) > _LARGE_BYTES
                with out.open(name, "w", force_zip64=is_large) as part:
                    for data in content:
                        part.write(data)
                        yield sink.taken()
        yield sink.taken()

    def _parts(self, reading: Reading) -> Iterator[tuple[str, Iterable[bytes]]]:
        for info in self._package.parts():
            name = info.filename
            if name == self._sheet.part:
                yield name, self._marked(reading.limits.shared_bytes)
            elif name == _TYPES:
                yield name, [self._types()]
            elif name not in {self._relations, self._styles_part, _COMMENTS, _DRAWING}:
                yield name, self._same(name)
        yield self._relations, [self._related()]
        yield _COMMENTS, comments_part(self._comments)
        yield _DRAWING, drawing_part(self._comments)
        yield self._styles_part or "xl/styles.xml", [self._styles.written()]

    def _marked(self, limit_bytes: int) -> Iterator[bytes]:
        with self._package.open(self._sheet.part) as stream:
            yield from marked_sheet(
                stream, self._places, self._styles.twin, _DRAWING_ID, limit_bytes
            )

    def _same(self, name: str) -> Iterator[bytes]:
        with self._package.open(name) as stream:
            while data := stream.read(1 << 18):
                yield data

    def _types(self) -> bytes:
        data = self._package.bytes_of(_TYPES)
        added = b""
        if b'Extension="vml"' not in data:
            kind = "application/vnd.openxmlformats-officedocument.vmlDrawing"
            added += f'<Default Extension="vml" ContentType="{kind}"/>'.encode()
        if f'"/{_COMMENTS}"'.encode() not in data:
            override = f'<Override PartName="/{_COMMENTS}" ContentType="{_COMMENTS_TYPE}"/>'
            added += override.encode()
        return _before_end(data, added)

    def _related(self) -> bytes:
        space = "http://schemas.openxmlformats.org/package/2006/relationships"
        data = f'<?xml version="1.0"?>\n<Relationships xmlns="{space}"></Relationships>'.encode()
        if self._package.has(self._relations):
            data = _OWN_RELATIONS.sub(b"", self._package.bytes_of(self._relations))
            data = re.sub(rb"<((?:[\w.-]+:)?Relationships)\b([^<>]*)/>", rb"<\1\2></\1>", data)
        added = ""
        for own, kind, part in (
            (_DRAWING_ID, "vmlDrawing", _DRAWING),
            (_COMMENTS_ID, "comments", _COMMENTS),
        ):
            kind_of = quoteattr(_KINDS + kind)
            added += f'<Relationship Id="{own}" Type={kind_of} Target="/{part}"/>'
        return _before_end(data, added.encode())


def _before_end(data: bytes, added: bytes) -> bytes:
    """Return an XML text with elements added before the end tag of its root."""
    at = data.rindex(b"</")
    name = re.match(rb"</([\w.-]+:)?", data[at:])
    prefix = name.group(1) if name and name.group(1) else b""
    return data[:at] + added.replace(b"<", b"<" + prefix) + data[at:]
