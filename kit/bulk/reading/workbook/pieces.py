"""Reading a large XML part piece by piece: some rows, or some strings, at a time.

The part is cut behind the end tag of an item; a piece can be parsed alone, between the start tag of
the root and the end tag.  So the parser works on bytes at its full speed and memory stays flat.  A
file that plays with comments or CDATA where it is cut does not parse, and is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO
from xml.etree.ElementTree import Element, fromstring

from kit.bulk import problems
from kit.bulk.issues import FileRefused
from kit.bulk.reading.records import LINE_BYTES_MAX
from kit.bulk.reading.workbook.package import parse_strictly

_STEP = 1 << 18
_HEAD_BYTES_MAX = 4 << 20
#: The longest item: a thousand cells of a thousand characters.
ITEM_BYTES_MAX = 4 * LINE_BYTES_MAX
_ROOT = re.compile(rb"<(?:([A-Za-z_][\w.-]*):)?(worksheet|sst)\b[^<>]*>")


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around the items: the start tag of the root, and the prefix of its names."""

    root: bytes
    prefix: bytes
    name: bytes

    def parsed(self, items: bytes) -> Element:
        """Return the root with the items of a piece below it."""
        data = self.root + items + b"</" + self.prefix + self.name + b">"
        return fromstring(data)  # noqa: S314 - a document type cannot stand below a root


class Pieces:
    """The items of one part."""

    def __init__(self, stream: IO[bytes], container: str, item: str) -> None:
        self._stream = stream
        self._buffer = b""
        self._open = True
        #: The bytes of the part before its first item.
        self.head = b""
        self.frame = self._find_root()
        prefix = self.frame.prefix
        self._item_end = b"</" + prefix + item.encode() + b">"
        self._end = b"</" + prefix + container.encode()
        self._begin(container)

    def _more(self) -> bool:
        data = self._stream.read(_STEP)
        self._buffer += data
        return bool(data)

    def _find_root(self) -> Frame:
        while not (found := _ROOT.search(self._buffer)):
            if len(self._buffer) > _HEAD_BYTES_MAX or not self._more():
                raise FileRefused(problems.XLSX_BROKEN)
        prefix = found.group(1) + b":" if found.group(1) else b""
        start = found.group().rstrip(b"/>") + b">"
        closing = b"</" + prefix + found.group(2) + b">"
        # With what stands before the root: a document type is refused here.
        parse_strictly(self._buffer[: found.start()] + start + closing)
        self._step_behind(found.end())
        if found.group().endswith(b"/>"):
            self._open = False
        return Frame(start, prefix, found.group(2))

    def _begin(self, container: str) -> None:
        """Go behind the start tag of the container, which may be the root itself."""
        if container.encode() == self.frame.name or not self._open:
            return
        start = re.compile(b"<" + self.frame.prefix + container.encode() + rb"\b[^<>]*>")
        while not (found := start.search(self._buffer)):
            if len(self._buffer) > _HEAD_BYTES_MAX or not self._more():
                raise FileRefused(problems.XLSX_BROKEN)
        self._open = not found.group().endswith(b"/>")
        self._step_behind(found.end())

    def _step_behind(self, end: int) -> None:
        self.head += self._buffer[:end]
        self._buffer = self._buffer[end:]

    def __iter__(self) -> Iterator[bytes]:
        """Yield the bytes of some whole items each."""
        while self._open:
            end = self._buffer.find(self._end)
            cut = end if end >= 0 else self._buffer.rfind(self._item_end)
            if end < 0 and cut >= 0:
                cut += len(self._item_end)
            if cut > 0:
                items, self._buffer = self._buffer[:cut], self._buffer[cut:]
                yield items
            self._open = end < 0
            if self._open and (len(self._buffer) > ITEM_BYTES_MAX or not self._more()):
                raise FileRefused(problems.XLSX_BROKEN)

    def rest(self, limit_bytes: int) -> bytes:
        """Return the bytes of the part behind its last item, once all have been taken."""
        while len(self._buffer) <= limit_bytes and self._more():
            pass
        if len(self._buffer) > limit_bytes:
            raise FileRefused(problems.XLSX_LARGE, part="worksheet", limit_bytes=limit_bytes)
        return self._buffer


_SHEET_END = re.compile(rb"</(?:[\w.-]+:)?sheetData\b")
_OVERLAP = 128


def skim(stream: IO[bytes], limit_bytes: int) -> bytes:
    """Read a sheet to its end without parsing it; returns what follows its rows.

    Reading to the end is what finds a damaged part.
    """
    kept, found = b"", False
    while block := stream.read(1 << 20):
        data = kept + block
        end = None if found else _SHEET_END.search(data)
        if end is not None:
            found, data = True, data[end.start() :]
        kept = data if found else data[-_OVERLAP:]
        if found and len(kept) > limit_bytes:
            raise FileRefused(problems.XLSX_LARGE, part="worksheet", limit_bytes=limit_bytes)
    return kept if found else b""
