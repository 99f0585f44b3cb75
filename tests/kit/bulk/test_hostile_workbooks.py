"""Workbooks that are wrong in every way: each has a named refusal, none does half a thing."""

from __future__ import annotations

import gzip
import io
import random
import struct
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kit.bulk.issues import FileRefused
from kit.bulk.reading import xlsx_file
from kit.bulk.reading.columns import Columns
from kit.bulk.reading.formats import XLSX
from kit.bulk.reading.records import Limits, Reading
from kit.bulk.writing.annotated import Mark, annotated
from kit.testing.clock import FrozenClock
from kit.testing.databases import TestDatabases
from kit.testing.in_process import in_process
from kit.testing.tokens import TestTokens
from tests.kit.bulk.conftest import AREA, Harbour, a_harbours_settings, a_row, csv_rows
from tests.kit.bulk.harbour import app as harbour
from tests.kit.bulk.harbour.app import berths
from tests.kit.bulk.workbooks import book, raw, sheet_of, text_cells, with_bytes

HEADER = ["来源", "编号", "区划代码", "名称", "座位数"]
GOOD = book([HEADER, ["seed", "b1", AREA, "甲", 1], ["seed", "b2", AREA, "乙", 2]])
SHEET = "xl/worksheets/sheet1.xml"
HEAD = text_cells(1, *HEADER)
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
TYPES, BOOK, ENTITIES = "[Content_Types].xml", "xl/workbook.xml", "import.xlsx_entities"
LAUGHS = (
    '<!DOCTYPE worksheet [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + n)} "' + f"&{chr(97 + n)};" * 10 + '">' for n in range(9))
    + "]>"
).encode()
OUTER = b'<!DOCTYPE w [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
BACK = '<row r="1"><c><v>1</v></c></row></sheetData>'
MERGES = "<mergeCells>" + '<mergeCell ref="A2:A3"/>' * 20_001 + "</mergeCells>"


def rows_numbered(number: str) -> bytes:
    row = f'<row r="{number}"><c><v>1</v></c></row></sheetData>'
    return raw(sheet_of(HEAD).replace("</sheetData>", row))


def changed(change: Callable[[bytes], bytes], part: str = SHEET) -> bytes:
    return with_bytes(GOOD, part, change)


def zipped(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in parts.items():
            file.writestr(name.replace("__", "/"), data)
    return out.getvalue()


def member(*names: str) -> bytes:
    """GOOD with more parts."""
    out = io.BytesIO(GOOD)
    with zipfile.ZipFile(out, "a") as file:
        for name in names:
            file.writestr(name, b"x")
    return out.getvalue()


def locked() -> bytes:
    """One part is encrypted as zip programs do it."""
    data = bytearray(GOOD)
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def wrong_sums() -> bytes:
    """The check sums of the parts do not fit their content."""
    data = bytearray(GOOD)
    at = -1
    while (at := data.find(b"PK\x01\x02", at + 1)) >= 0:
        data[at + 16 : at + 20] = struct.pack("<I", 12345)
    return bytes(data)


def rows(*cells: str) -> bytes:
    return raw(sheet_of(HEAD, *cells))


WIDE = sheet_of('<c t="inlineStr"><is><t>c</t></is></c>' * 16_000)
TOO_WIDE = sheet_of('<c t="inlineStr"><is><t>c</t></is></c>' * 40_000)
MILLION_COLUMNS = sheet_of("<c/>" * 1_000_000)

WHOLE: list[tuple[str, bytes, str]] = [
    ("text", b"source,source_id\nseed,b1\n", "import.not_xlsx"),
    ("html", b"<html><table><tr><td>1</td></tr></table></html>", "import.not_xlsx"),
    ("zip of a text", zipped(a=b"a"), "import.not_xlsx"),
    ("open document", zipped(mimetype=b"application/vnd.oasis", content=b"x"), "import.not_xlsx"),
    ("old xls", OLE + b"\0" * 600, "import.xls"),
    (
        "encrypted",
        OLE + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 99,
        "import.xlsx_encrypted",
    ),
    ("locked zip", locked(), "import.xlsx_encrypted"),
    ("macros", member("xl/vbaProject.bin"), "import.xlsx_macros"),
    (
        "xlsm",
        changed(lambda xml: xml.replace(b"sheet.main", b"sheet.macroEnabled.main"), TYPES),
        "import.xlsx_macros",
    ),
    ("cut in the middle", GOOD[: len(GOOD) // 2], "import.xlsx_broken"),
    ("cut at the end", GOOD[:-9], "import.xlsx_broken"),
    ("only its beginning", GOOD[:40], "import.xlsx_broken"),
    ("wrong sums", wrong_sums(), "import.xlsx_broken"),
    ("gzip cut", gzip.compress(GOOD)[:-30], "import.gzip_broken"),
    ("5000 parts", member(*(f"p{n}" for n in range(5000))), "import.xlsx_parts"),
    ("zip bomb", raw(sheet_of(HEAD, "<c><v>" + "0" * (3 << 20) + "</v></c>")), "import.unpacked"),
    ("a large other part", raw(sheet_of(HEAD), parts={"x": b"0" * (5 << 20)}), "import.unpacked"),
    ("entities", changed(lambda xml: xml.replace(b"<worksheet", LAUGHS + b"<worksheet")), ENTITIES),
    (
        "entities of strings",
        changed(lambda xml: xml.replace(b"<sst", LAUGHS + b"<sst"), "xl/sharedStrings.xml"),
        ENTITIES,
    ),
    (
        "entities of the book",
        changed(lambda xml: xml.replace(b"<workbook", LAUGHS + b"<workbook", 1), BOOK),
        ENTITIES,
    ),
    (
        "outer entity",
        changed(lambda xml: xml.replace(b"<worksheet", OUTER + b"<worksheet")),
        ENTITIES,
    ),
    ("16,000 columns", raw(WIDE), "import.xlsx_no_header"),
    ("40,000 columns", raw(TOO_WIDE), "import."),
    ("a million columns", raw(MILLION_COLUMNS), "import."),
    ("1001 headers", book([[*HEADER, *(f"c{n}" for n in range(1000))]]), "import.header"),
    ("no sheet", raw("", left_out=[SHEET]), "import.xlsx_no_sheet"),
    ("empty part", raw(""), "import.xlsx_broken"),
    ("no such encoding", changed(lambda xml: xml.replace(b"UTF", b"bTF"), BOOK), "import.xlsx_br"),
    ("not closed", raw(sheet_of(HEAD)[:-30]), "import.xlsx_broken"),
    ("no XML", raw("\x00\x01\x02" * 99), "import.xlsx_broken"),
    (
        "UTF-16",
        raw(sheet_of(HEAD), parts={SHEET: sheet_of(HEAD).encode("utf-16")}),
        "import.xlsx_b",
    ),
    ("rows backwards", raw(sheet_of(HEAD).replace("</sheetData>", BACK)), "import.xlsx_broken"),
    ("row 9,999,999", rows_numbered("9999999"), "import.xlsx_broken"),
    ("row -1", rows_numbered("-1"), "import.xlsx_broken"),
    ("cells backwards", rows('<c r="B2"><v>1</v></c><c r="A2"><v>1</v></c>'), "import.xlsx_broken"),
    ("no such text", rows('<c r="A2" t="s"><v>7</v></c>'), "import.xlsx_broken"),
    ("text minus one", rows('<c r="A2" t="s"><v>-1</v></c>'), "import.xlsx_broken"),
    ("a number that is none", rows('<c r="E2"><v>seven</v></c>'), "import.xlsx_broken"),
    ("column ZZZ", rows('<c r="ZZZ2"><v>1</v></c>'), "import.xlsx_broken"),
    ("nothing in it", book([[]]), "import.xlsx_no_header"),
    ("only a title", book([["某区泊位登记表"]]), "import.xlsx_no_header"),
    ("only a header", book([HEADER]), "import.empty"),
    ("header missing", book([["seed", "b1", AREA, "甲", 1]]), "import.xlsx_no_header"),
    ("half a header", book([HEADER[:2]]), "import.header"),
    ("header twice", book([[*HEADER, "名称"]]), "import.header"),
    ("unknown header", book([[*HEADER, "颜色"]]), "import.header"),
    ("header too far down", book([*[["x"]] * 40, HEADER]), "import.xlsx_no_header"),
    ("two sheets", book([HEADER], [HEADER], names=("东", "西")), "import.xlsx_sheets"),
    ("two sheets, odd names", book([HEADER], [HEADER], names=("a\u202eb", "c")), "import.xlsx_sh"),
    ("many merges", raw(sheet_of(HEAD, tail=MERGES)), "import.xlsx_merged"),
]

ROWS: list[tuple[str, bytes, str]] = [
    ("formula", rows('<c r="D2"><f>A1&amp;B1</f></c>'), "cell.formula_without_value"),
    ("number as text id", book([HEADER, ["seed", 10**17 + 1, AREA, "甲", 1]]), "cell.digits_lost"),
    ("2^63", book([HEADER, ["seed", "b1", AREA, "甲", 2**63]]), "field."),
    ("2^63 as text", book([HEADER, ["seed", "b1", AREA, "甲", str(2**63)]]), "field."),
    ("half a seat", book([HEADER, ["seed", "b1", AREA, "甲", 1.5]]), "field.type"),
    ("NaN", book([HEADER, ["seed", "b1", AREA, "甲", "NaN"]]), "field.type"),
    ("1e400", rows(text_cells(2, "seed", "b", AREA, "a") + "<c><v>1e400</v></c>"), "field."),
    ("bidi name", book([HEADER, ["seed", "b1", AREA, "a\u202eb", 1]]), "field.control_character"),
    ("NUL", rows(text_cells(2, "seed", "b", AREA, "a_x0000_b")), "field.control_character"),
    ("lone surrogate", rows(text_cells(2, "seed", "b", AREA, "a_xD800_b")), "field."),
    ("a line break", book([HEADER, ["seed", "b1", AREA, "a\nb", 1]]), "field.control_character"),
    ("a long text", book([HEADER, ["seed", "b1", AREA, "x" * 9000, 1]]), "field.too_long"),
    ("error value", rows('<c r="A2" t="e"><v>#REF!</v></c>'), "cell.error_value"),
]


@pytest.fixture(scope="module")
def one_port(
    databases: TestDatabases, tokens: TestTokens, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Harbour]:
    """One harbour for all files: none of them leaves anything behind."""
    with databases.fresh(harbour.PACKAGE_DIR) as url:
        settings = a_harbours_settings(url, tmp_path_factory.mktemp("spool"))
        app = harbour.create_app(settings, tokens.verifier(), FrozenClock())
        with in_process(app) as client:
            client.headers.update(tokens.headers())
            port = Harbour(client, url, settings)
            yield port
            assert port.berths() == {}


@pytest.mark.parametrize(("label", "body", "code"), WHOLE, ids=[case[0] for case in WHOLE])
def test_a_workbook_that_cannot_be_read_fails_by_name(
    one_port: Harbour, label: str, body: bytes, code: str
) -> None:
    job = one_port.run(body, XLSX, on_error="skip")
    assert job["state"] == "failed", (label, job)
    assert job["failure"]["code"].startswith(code), (label, job)
    assert job["counts"]["created"] == 0
    detail = one_port.client.get(f"/harbour/v1/imports/{job['id']}").json()["failure"]["detail"]
    assert "{" not in detail


@pytest.mark.parametrize(("label", "body", "code"), ROWS, ids=[case[0] for case in ROWS])
def test_a_row_of_a_workbook_that_is_wrong_is_refused_by_name(
    one_port: Harbour, label: str, body: bytes, code: str
) -> None:
    job = one_port.run(body, XLSX)
    assert (job["state"], job["failure"]["code"]) == ("failed", "import.rows_refused"), (label, job)
    found = one_port.errors(job)
    assert any(each[2].startswith(code) for each in found), (label, found)


def test_the_texts_of_a_workbook_are_bounded(port: Harbour) -> None:
    data = book([HEADER, *([f"{n:040}", "b", AREA, "a", 1] for n in range(2000))])
    columns = Columns(berths())
    with pytest.raises(FileRefused) as refused:
        list(xlsx_file.read(io.BytesIO(data), Reading(columns, limits=Limits(shared_bytes=9000))))
    assert refused.value.issue.code == "import.xlsx_texts_too_large"
    assert port.client.get("/livez").status_code == 200


def test_memory_stays_flat_over_a_workbook_of_40_000_rows(tmp_path: Path) -> None:
    path = tmp_path / "large.xlsx"
    table = ([["seed", f"b{n}", AREA, f"泊位{n}", 1]][0] for n in range(40_000))
    path.write_bytes(book([HEADER, *table], inline=True))
    tracemalloc.start()
    with path.open("rb") as stream:
        count = sum(
            len(getattr(found, "rows", ()))
            for found in xlsx_file.read(stream, Reading(Columns(berths())))
        )
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 40_000
    assert peak < 24 << 20


def damaged(data: bytes, dice: random.Random) -> bytes:
    """A package that is whole, some of whose parts are not."""

    def hurt(content: bytes) -> bytes:
        found = bytearray(content)
        for _ in range(dice.randint(1, 3)):
            at = dice.randrange(len(found) or 1)
            piece = bytes(found[dice.randrange(len(found) or 1) :][: dice.randint(0, 30)])
            found[at : at + dice.randint(0, 20)] = piece + bytes([dice.randrange(256)])
        return bytes(found)

    with zipfile.ZipFile(io.BytesIO(data)) as file:
        names = file.namelist()
    for name in dice.sample(names, dice.randint(1, 2)):
        data = with_bytes(data, name, hurt)
    return data


def test_any_damage_of_a_workbook_is_read_or_refused_by_name() -> None:
    dice = random.Random(7)
    seen = set()
    for _ in range(400):
        data = damaged(GOOD, dice)
        if dice.random() < 0.1:
            data = data[: dice.randrange(len(data))]
        reading = Reading(Columns(berths()))
        try:
            list(xlsx_file.read(io.BytesIO(data), reading))
            list(annotated(io.BytesIO(data), reading, [Mark(2, "D2", "x"), Mark(9, None, "y")]))
            seen.add("read")
        except FileRefused as refused:
            seen.add(refused.issue.code)
    assert all(code == "read" or code.startswith("import.") for code in seen)
    assert {"read", "import.xlsx_broken"} <= seen


def test_others_are_answered_while_a_large_workbook_is_read(port: Harbour) -> None:
    table = [["seed", f"b{n}", AREA, f"泊位{n}", 1] for n in range(15_000)]
    place = port.send(book([HEADER, *table], inline=True), XLSX).headers["location"]
    small = port.send(csv_rows(a_row(1))).headers["location"]
    seconds = []
    while True:
        begun = time.perf_counter()
        answer = port.client.get("/harbour/v1/imports", params={"limit": 5})
        seconds.append(time.perf_counter() - begun)
        assert answer.status_code == 200
        job = port.client.get(place).json()
        if job["ended_at"] is not None:
            break
    assert job["counts"]["created"] == 15_000, job
    assert len(seconds) >= 10
    assert sorted(seconds)[len(seconds) // 2] < 0.25
    assert port.wait(small)["counts"]["unchanged"] == 1
