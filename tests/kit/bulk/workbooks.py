"""Workbooks for tests: the usual ones by xlsxwriter, the others out of their XML."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import xlsxwriter

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_TYPES = """<?xml version="1.0"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/></Types>"""


def book(
    *sheets: Sequence[Sequence[Any]], names: Sequence[str] = (), inline: bool = False
) -> bytes:
    """Sheets of rows; a date becomes a date cell, None an empty one, `=...` a formula."""
    out = io.BytesIO()
    made = xlsxwriter.Workbook(out, {"in_memory": True, "constant_memory": inline})
    day = made.add_format({"num_format": "yyyy-mm-dd"})
    for number, rows in enumerate(sheets):
        sheet = made.add_worksheet(names[number] if names else None)
        for at, row in enumerate(rows):
            for column, value in enumerate(row):
                if isinstance(value, date):
                    sheet.write_datetime(at, column, value, day)
                elif isinstance(value, str) and not value.startswith("="):
                    sheet.write_string(at, column, value)
                elif value is not None:
                    sheet.write(at, column, value)
    made.close()
    return out.getvalue()


def raw(
    sheet: str,
    *,
    parts: Mapping[str, str | bytes] | None = None,
    left_out: Sequence[str] = (),
    properties: str = "",
) -> bytes:
    """A workbook with one sheet `S` whose part is exactly the text given."""
    content: dict[str, str | bytes] = {
        "[Content_Types].xml": _TYPES,
        "_rels/.rels": _relations("rId1", "officeDocument", "xl/workbook.xml"),
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">{properties}'
        '<sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": _relations("rId1", "worksheet", "worksheets/sheet1.xml"),
        "xl/worksheets/sheet1.xml": sheet,
    }
    content |= parts or {}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in content.items():
            if name not in left_out:
                file.writestr(name, data)
    return out.getvalue()


def _relations(own: str, kind: str, target: str) -> str:
    one = f'<Relationship Id="{own}" Type="{OFFICE}/{kind}" Target="{target}"/>'
    return f'<Relationships xmlns="{PACKAGE}">{one}</Relationships>'


def sheet_of(*rows: str, tail: str = "", prefix: str = "") -> str:
    """The XML of a sheet: rows are the XML of their cells; `prefix` is that of all names."""
    p = f"{prefix}:" if prefix else ""
    space = f"xmlns:{prefix}" if prefix else "xmlns"
    numbered = "".join(f'<{p}row r="{at}">{row}</{p}row>' for at, row in enumerate(rows, 1))
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><{p}worksheet {space}="{MAIN}"><{p}sheetData>'
        f"{numbered}</{p}sheetData>{tail}</{p}worksheet>"
    )


def text_cells(row: int, *texts: str, prefix: str = "") -> str:
    """The XML of a row of inline texts."""
    p = f"{prefix}:" if prefix else ""
    return "".join(
        f'<{p}c r="{chr(65 + at)}{row}" t="inlineStr"><{p}is><{p}t>{text}</{p}t></{p}is></{p}c>'
        for at, text in enumerate(texts)
    )


def with_bytes(data: bytes, name: str, change: Any) -> bytes:
    """The package with one part changed by a function of its bytes."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for info in old.infolist():
            content = old.read(info.filename)
            new.writestr(info.filename, change(content) if info.filename == name else content)
    return out.getvalue()
