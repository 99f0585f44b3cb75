"""What a workbook keeps beside its sheets: the texts of its cells, and which styles are dates."""

from __future__ import annotations

import re
from array import array
from xml.etree.ElementTree import Element

from kit.bulk import problems
from kit.bulk.issues import FileRefused
from kit.bulk.reading.workbook.package import Package, space_of
from kit.bulk.reading.workbook.pieces import Pieces

_REMEMBERED = 8192
#: Number formats that are dates or times without being spelled out (the CJK ones too).
_DATE_FORMATS = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
_NOT_CODE = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.')
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


def text_of(element: Element, space: str, *, escaped: bool = False) -> str:
    """Return the text of a string item: plain or in runs, without phonetic hints.

    `escaped` leaves its `_x000D_` escapes as they are.
    """
    parts = []
    for child in element:
        if child.tag == f"{space}t":
            parts.append(child.text or "")
        elif child.tag == f"{space}r":
            parts += [part.text or "" for part in child.findall(f"{space}t")]
    text = "".join(parts)
    return text if escaped else unescaped(text)


def unescaped(text: str) -> str:
    """Return a text with its `_x000D_` escapes taken back."""
    if "_x" not in text:
        return text
    return _ESCAPED.sub(lambda found: chr(int(found.group(1), 16)), text)


class SharedStrings:
    """The shared texts, held as one stretch of bytes; an object each would take five times that."""

    def __init__(self, package: Package, limit_bytes: int) -> None:
        self._bytes = bytearray()
        self._ends = array("I", [0])
        self._seen: dict[str, str] = {}
        part = package.part_of("sharedStrings")
        if part is not None:
            with package.open(part) as stream:
                self._fill(Pieces(stream, "sst", "si"), limit_bytes)

    def _fill(self, pieces: Pieces, limit_bytes: int) -> None:
        for piece in pieces:
            root = pieces.frame.parsed(piece)
            space = space_of(root)
            for element in root:
                first = element[0] if len(element) == 1 else None
                if first is not None and first.tag == f"{space}t":
                    text = unescaped(first.text or "")
                else:
                    text = text_of(element, space)
                self._bytes += text.encode("utf-8", "surrogatepass")
                self._ends.append(len(self._bytes))
            if len(self._bytes) + 4 * len(self._ends) > limit_bytes:
                raise FileRefused(problems.XLSX_STRINGS, limit_bytes=limit_bytes)

    def get(self, index: str) -> str:
        """Return the text of an index as it stands in a cell; raises IndexError, ValueError."""
        text = self._seen.get(index)
        if text is None:
            number = int(index)
            if number < 0:
                raise IndexError(index)
            begin, end = self._ends[number], self._ends[number + 1]
            text = self._bytes[begin:end].decode("utf-8", "surrogatepass")
            if len(self._seen) >= _REMEMBERED:
                self._seen.clear()
            self._seen[index] = text
        return text


def date_styles(package: Package) -> frozenset[str]:
    """Return the indices of the cell styles that show a number as a date or a time."""
    part = package.part_of("styles")
    if part is None:
        return frozenset()
    root = package.small(part)
    space = space_of(root)
    dates = {str(number) for number in _DATE_FORMATS}
    for form in root.iter(f"{space}numFmt"):
        if _is_date(form.get("formatCode", "")):
            dates.add(form.get("numFmtId", ""))
    styles = root.find(f"{space}cellXfs")
    found: list[Element] = [] if styles is None else list(styles)
    return frozenset(str(at) for at, style in enumerate(found) if style.get("numFmtId") in dates)


def _is_date(code: str) -> bool:
    plain = _NOT_CODE.sub("", code.partition(";")[0]).lower()
    return "general" not in plain and any(mark in plain for mark in "ymdhs年月日")
