"""The package of an .xlsx workbook (ISO/IEC 29500-2): a zip of XML parts, opened with limits.

Nothing is unpacked to disk, no part is held whole that a file can make large, and no document type
is let through, so that entities cannot multiply.
"""

from __future__ import annotations

import posixpath
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, BinaryIO
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser

from kit.bulk import problems
from kit.bulk.issues import FileRefused
from kit.bulk.reading.records import Limits

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
STRICT_MAIN = "{http://purl.oclc.org/ooxml/spreadsheetml/main}"
_REFERENCE = re.compile(r"\{.*/relationships\}id$")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = b"PK\x03\x04"
_END = b"PK\x05\x06"
_END_BYTES = 22
_PARTS_MAX = 4096
_INDEX_BYTES_MAX = 1 << 20
_SMALL_BYTES_MAX = 16 << 20
_FLOOR_BYTES = 1 << 20
_SHEETS_MAX = 256

#: What the zip and XML libraries raise for a damaged file.
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    ParseError,
    EOFError,
    LookupError,
    NotImplementedError,
    OverflowError,
    UnicodeError,
    ValueError,
    struct.error,
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One worksheet: its name, its part, and whether a person sees it."""

    name: str
    part: str
    is_visible: bool


class Package:
    """An opened workbook: its sheets and the parts beside them."""

    def __init__(self, file: zipfile.ZipFile) -> None:
        self._file = file
        self.workbook_part = self._workbook_part()
        root = self.small(self.workbook_part)
        properties = root.find(f"{space_of(root)}workbookPr")
        is_1904 = properties is not None and properties.get("date1904") in {"1", "true", "on"}
        #: The day that serial number 0 stands for, as an ordinal.
        self.epoch = 695056 if is_1904 else 693594
        self._targets = self.relations(self.workbook_part)
        self.sheets = self._sheets(root)

    def _workbook_part(self) -> str:
        try:
            found = self.relations("")
        except KeyError:
            raise FileRefused(problems.XLSX_NONE) from None
        for kind, target in found.values():
            if kind.endswith("/officeDocument"):
                return target
        raise FileRefused(problems.XLSX_NONE)

    def _sheets(self, root: Element) -> list[Sheet]:
        sheets = []
        for element in root.iter(f"{space_of(root)}sheet"):
            kind, target = self._targets.get(_reference(element), ("", ""))
            if kind.endswith("/worksheet") and target in self._file.NameToInfo:
                visible = element.get("state", "visible") == "visible"
                sheets.append(Sheet(element.get("name", ""), target, visible))
        return sheets[:_SHEETS_MAX]

    def part_of(self, kind: str) -> str | None:
        """Return the workbook's part of a kind (`styles`, `sharedStrings`), if there is one."""
        for found, target in self._targets.values():
            if found.endswith(f"/{kind}") and target in self._file.NameToInfo:
                return target
        return None

    def relations(self, part: str) -> dict[str, tuple[str, str]]:
        """Return, by id, kind and target of what a part refers to; external targets left out."""
        folder, name = posixpath.split(part)
        found = {}
        for element in self.small(posixpath.join(folder, "_rels", f"{name}.rels")):
            if element.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/", folder, element.get("Target", "")))
                found[element.get("Id", "")] = (element.get("Type", ""), target.lstrip("/"))
        return found

    def small(self, part: str) -> Element:
        """Return a part that is small in every honest workbook, parsed."""
        return parse_strictly(self.bytes_of(part))

    def bytes_of(self, part: str) -> bytes:
        """Return the bytes of a small part."""
        with self._file.open(part) as stream:
            data = stream.read(_SMALL_BYTES_MAX + 1)
        if len(data) > _SMALL_BYTES_MAX:
            raise FileRefused(problems.XLSX_LARGE, part=part, limit_bytes=_SMALL_BYTES_MAX)
        return data

    def open(self, part: str) -> IO[bytes]:
        """Return the stream of a part of any size."""
        return self._file.open(part)

    def parts(self) -> list[zipfile.ZipInfo]:
        """Return all parts in their order."""
        return self._file.infolist()

    def size_of(self, part: str) -> int:
        """Return the unpacked size of a part, 0 when there is none."""
        return self._file.NameToInfo[part].file_size if self.has(part) else 0

    def has(self, part: str) -> bool:
        """Tell whether there is such a part."""
        return part in self._file.NameToInfo


def _reference(element: Element) -> str:
    return next((value for name, value in element.items() if _REFERENCE.match(name)), "")


def space_of(element: Element) -> str:
    """Return the namespace of an element, in braces."""
    return element.tag[: element.tag.find("}") + 1]


class _NoDocumentType(TreeBuilder):
    def doctype(self, *_: object) -> None:
        raise FileRefused(problems.XLSX_ENTITIES)


def parse_strictly(data: bytes) -> Element:
    """Parse XML, refusing any document type (and so every entity of its own)."""
    parser = XMLParser(target=_NoDocumentType())  # noqa: S314 - no document type, no entity
    parser.feed(data)
    root: Element = parser.close()
    return root


@contextmanager
def open_package(stream: BinaryIO, limits: Limits) -> Iterator[Package]:
    """Yield the workbook in a stream that can be read from any position; raises FileRefused."""
    _check_kind(stream)
    try:
        _check_index(stream)
        with zipfile.ZipFile(stream) as file:
            _check_parts(file, limits)
            yield Package(file)
    except BROKEN:
        raise FileRefused(problems.XLSX_BROKEN) from None


def _check_kind(stream: BinaryIO) -> None:
    stream.seek(0)
    head = stream.read(1 << 16)
    if head.startswith(_OLE):
        # An encrypted .xlsx and an old .xls are both OLE files.
        sealed = "EncryptedPackage".encode("utf-16-le")
        if sealed in head or _tail_has(stream, sealed):
            raise FileRefused(problems.XLSX_ENCRYPTED)
        raise FileRefused(problems.XLSX_OLD)
    if not head.startswith(_ZIP):
        raise FileRefused(problems.XLSX_NONE)


def _tail_has(stream: BinaryIO, words: bytes) -> bool:
    end = stream.seek(0, 2)
    stream.seek(max(0, end - (1 << 20)))
    return words in stream.read()


def _check_index(stream: BinaryIO) -> None:
    """Refuse an index that would take much memory before the library reads it."""
    end = stream.seek(0, 2)
    begin = stream.seek(max(0, end - (1 << 16) - _END_BYTES))
    tail = stream.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + _END_BYTES or begin + at > end:
        raise FileRefused(problems.XLSX_BROKEN)
    entries, size = struct.unpack("<HI", tail[at + 10 : at + 16])
    if entries > _PARTS_MAX or size > _INDEX_BYTES_MAX:
        raise FileRefused(problems.XLSX_PARTS, max=_PARTS_MAX)


def _check_parts(file: zipfile.ZipFile, limits: Limits) -> None:
    parts = file.infolist()
    if any(part.flag_bits & 1 for part in parts):
        raise FileRefused(problems.XLSX_ENCRYPTED)
    if any(part.compress_type not in {0, zipfile.ZIP_DEFLATED} for part in parts):
        raise FileRefused(problems.XLSX_BROKEN)
    large = sum(part.file_size for part in parts) > limits.unpacked_bytes
    for part in parts:
        allowed = limits.ratio * max(part.compress_size, _FLOOR_BYTES // limits.ratio)
        large = large or part.file_size > allowed
    if large:
        raise FileRefused(problems.FILE_BOMB, limit_bytes=limits.unpacked_bytes, ratio=limits.ratio)
    if _has_macros(file):
        raise FileRefused(problems.XLSX_MACROS)


def _has_macros(file: zipfile.ZipFile) -> bool:
    names = file.NameToInfo
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        return True
    if "[Content_Types].xml" not in names:
        return False
    with file.open("[Content_Types].xml") as stream:
        return b"macroEnabled" in stream.read(_SMALL_BYTES_MAX)
