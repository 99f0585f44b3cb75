"""The parts by which a workbook shows comments: their texts, and the boxes they are drawn in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape, quoteattr

from kit.bulk.reading.workbook.beside import text_of
from kit.bulk.reading.workbook.cells import column_letters, column_number
from kit.bulk.reading.workbook.package import space_of

AUTHOR = "Jingwei"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_VML_BEGIN = (
    '<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"'
    ' xmlns:x="urn:schemas-microsoft-com:office:excel"><o:shapelayout v:ext="edit">'
    '<o:idmap v:ext="edit" data="1"/></o:shapelayout><v:shapetype id="_x0000_t202"'
    ' coordsize="21600,21600" o:spt="202" path="m,l,21600r21600,l21600,xe">'
    '<v:stroke joinstyle="miter"/><v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>'
)

#: (row, column) -> text
Comments = Mapping[tuple[int, int], str]


def comments_part(comments: Comments) -> Iterator[bytes]:
    """Yield the part with the texts."""
    begin = f'<comments xmlns="{_MAIN}"><authors><author>{AUTHOR}</author></authors><commentList>'
    yield f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n{begin}'.encode()
    for (row, column), text in sorted(comments.items()):
        place = quoteattr(f"{column_letters(column)}{row}")
        words = escape(_legible(text))
        yield (
            f'<comment ref={place} authorId="0"><text><r><t xml:space="preserve">{words}</t></r>'
            "</text></comment>"
        ).encode()
    yield b"</commentList></comments>"


def drawing_part(places: Iterable[tuple[int, int]]) -> Iterator[bytes]:
    """Yield the part with a hidden box for each comment."""
    yield _VML_BEGIN.encode()
    for number, (row, column) in enumerate(sorted(places), 1025):
        anchor = f"{column}, 15, {max(row - 2, 0)}, 4, {column + 3}, 15, {row + 3}, 4"
        yield (
            f'<v:shape id="_x0000_s{number}" type="#_x0000_t202" style="position:absolute;'
            'visibility:hidden" fillcolor="#ffffe1" o:insetmode="auto"><v:fill color2="#ffffe1"/>'
            '<v:textbox style="mso-direction-alt:auto"/><x:ClientData ObjectType="Note">'
            f"<x:MoveWithCells/><x:SizeWithCells/><x:Anchor>{anchor}</x:Anchor>"
            f"<x:AutoFill>False</x:AutoFill><x:Row>{row - 1}</x:Row><x:Column>{column - 1}"
            "</x:Column></x:ClientData></v:shape>"
        ).encode()
    yield b"</xml>"


def read_comments(root: Element) -> dict[tuple[int, int], str]:
    """Return the texts of a sheet's own comments by their cells."""
    space = space_of(root)
    found = {}
    for comment in root.iter(f"{space}comment"):
        reference = comment.get("ref", "")
        letters = reference.rstrip("0123456789")
        text = comment.find(f"{space}text")
        if letters and text is not None and reference[len(letters) :]:
            place = (int(reference[len(letters) :]), column_number(letters))
            found[place] = text_of(text, space)
    return found


def _legible(text: str) -> str:
    """Return a text without what XML cannot hold."""
    return "".join(mark for mark in text if mark in "\n\t" or mark.isprintable())
