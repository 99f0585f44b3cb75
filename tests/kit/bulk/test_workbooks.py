"""Workbooks as districts send them: titles, several sheets, dates of every spelling, odd cells."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from kit.bulk.issues import FileRefused
from kit.bulk.reading import xlsx_file
from kit.bulk.reading.columns import Columns
from kit.bulk.reading.formats import XLSX
from kit.bulk.reading.records import Block, Reading, Record
from kit.bulk.reading.workbook.beside import SharedStrings, date_styles
from kit.bulk.reading.workbook.cells import column_letters, column_number
from kit.bulk.reading.workbook.package import open_package
from tests.kit.bulk.conftest import AREA, Harbour
from tests.kit.bulk.harbour.app import berths
from tests.kit.bulk.workbooks import MAIN, book, raw, sheet_of, text_cells, with_bytes

HEADER = ["来源", "编号", "区划代码", "名称", "座位数", "启用日期"]
GIVEN = ("source", "source_id", "area", "name")


def records(data: bytes, sheet: str | None = None) -> list[Record]:
    reading = Reading(Columns(berths(), GIVEN), sheet=sheet)
    return list(flat(xlsx_file.read(io.BytesIO(data), reading)))


def flat(found: Iterator[Record | Block]) -> Iterator[Record]:
    for one in found:
        yield from one.records() if isinstance(one, Block) else [one]


def codes(found: list[Record]) -> list[tuple[str, str | None]]:
    return [(flaw.issue.code, flaw.cell) for one in found for flaw in one.flaws]


def refusal(data: bytes, sheet: str | None = None) -> str:
    with pytest.raises(FileRefused) as refused:
        records(data, sheet)
    return refused.value.issue.code


def row(number: int, *rest: Any) -> list[Any]:
    return ["seed", f"b{number}", AREA, f"泊位{number}", *rest]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("inline", [False, True])
def test_a_workbook_with_titles_is_applied(port: Harbour, inline: bool, packed: bool) -> None:
    title = [["某区泊位登记表"], [], ["填报单位：", None, "2024年"], HEADER]
    rows = [
        row(1, 7, date(2024, 1, 31)),
        row(2, "１２", "2024/1/31"),
        row(3, None, "2024年1月31日"),
    ]
    data = book([*title, *rows, row(4, 3.0, 20240131), [], ["", None, " "]], inline=inline)
    job = port.run(gzip.compress(data) if packed else data, XLSX)
    assert job["state"] == "succeeded", (job, port.errors(job))
    assert job["counts"]["created"] == 4
    found = port.berths()
    assert {str(berth["since"]) for berth in found.values()} == {"2024-01-31"}
    assert [berth["seats"] for berth in found.values()] == [7, 12, 1, 3]
    again = port.run(data, XLSX)
    assert again["counts"]["unchanged"] == 4


def test_errors_name_the_row_the_header_and_the_cell(port: Harbour) -> None:
    bad = [row(1, 7, "2024-02-30"), row(2, "viele"), row(3, 1), row(3, 2)]
    data = book([["标题"], HEADER, *bad])
    job = port.run(data, XLSX)
    place = f"/harbour/v1/imports/{job['id']}/errors"
    items = port.client.get(place).json()["items"]
    told = [(e["row"], e["column"], e["header"], e["cell"], e["code"]) for e in items]
    assert told == [
        (3, "since", "启用日期", "F3", "field.date"),
        (4, "seats", "座位数", "E4", "field.type"),
        (6, "source_id", "编号", "B6", "row.duplicate"),
    ]
    assert (job["flaws"], job["counts"]["refused"]) == (3, 3)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (date(2024, 1, 31), "2024-01-31"),
        (45322, "2024-01-31"),
        (20240131, "20240131"),
        ("2024.1.31", "2024.1.31"),
        (1, "1900-01-01"),
        (59, "1900-02-28"),
        (61, "1900-03-01"),
        (45322.5, "2024-01-31 12:00:00"),
    ],
)
def test_days_are_read_as_cells_and_as_numbers(cell: Any, value: str) -> None:
    (found,) = records(book([["启用日期"], [cell]]))
    assert found.values["since"] == value


def test_the_calendar_from_1904_is_known() -> None:
    cells = '<c r="A2"><v>43860</v></c>'
    data = raw(sheet_of(text_cells(1, "启用日期"), cells), properties='<workbookPr date1904="1"/>')
    assert records(data)[0].values["since"] == "2024-01-31"


@pytest.mark.parametrize(
    ("header", "cell", "code"),
    [
        ("启用日期", 0.5, "cell.date_out_of_range"),
        ("启用日期", 9e9, "cell.date_out_of_range"),
        ("名称", date(2024, 3, 1), "cell.unexpected_date"),
        ("座位数", date(2024, 3, 1), "cell.unexpected_date"),
        ("名称", 630102199001011234, "cell.digits_lost"),
    ],
)
def test_cells_that_the_program_has_bent_are_refused(header: str, cell: Any, code: str) -> None:
    assert codes(records(book([[header], [cell]]))) == [(code, "A2")]


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        ('<c r="A2" t="str"><f>B1&amp;"x"</f><v>ax</v></c>', {"name": "ax"}),
        ('<c r="A2"><f>1+1</f><v>2</v></c>', {"name": "2"}),
        ('<c r="A2" t="b"><v>1</v></c>', {"name": "true"}),
        ('<c r="A2"><v>1.2E+3</v></c>', {"name": "1200"}),
        ('<c r="A2"><v>0.30000000000000004</v></c>', {"name": "0.30000000000000004"}),
        ('<c r="A2" t="str"><v>a_x000D_b</v></c>', {"name": "a\rb"}),
        ('<c t="inlineStr"><is><r><t>a</t></r><r><t>b</t></r></is></c>', {"name": "ab"}),
        ('<c r="A2" t="inlineStr"><is><t>&lt;&#23567;</t></is></c>', {"name": "<小"}),
        ('<c r="A2" t="inlineStr"><is><t><![CDATA[<b>]]></t></is></c>', {"name": "<b>"}),
        ('<c r="A2" s="0"/><c r="B2"><v>4</v></c>', {"seats": "4"}),
        ('<!-- a note --><c r="B2"><v>4</v></c>', {"seats": "4"}),
    ],
)
def test_cells_are_read_as_a_person_sees_them(cells: str, values: dict[str, str]) -> None:
    (found,) = records(raw(sheet_of(text_cells(1, "名称", "座位数"), cells)))
    assert found.values == values


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ('<c r="A2"><f>NOW()</f></c>', "cell.formula_without_value"),
        ('<c r="A2"><f>NOW()</f><v></v></c>', "cell.formula_without_value"),
        ('<c r="A2" t="e"><v>#N/A</v></c>', "cell.error_value"),
        ('<c r="A2" t="d"><v>2024-01-31</v></c>', "cell.unexpected_date"),
    ],
)
def test_cells_without_a_value_are_refused_by_name(cells: str, code: str) -> None:
    assert codes(records(raw(sheet_of(text_cells(1, "名称"), cells)))) == [(code, "A2")]


def test_a_value_beside_the_table_is_no_part_of_it() -> None:
    data = book(
        [["名称", None, "座位数"], ["a", None, 1], ["b", "?", 1], ["c", None, 1, None, "x"]]
    )
    assert codes(records(data)) == [("cell.outside_header", "B3"), ("cell.outside_header", "E4")]


def test_merged_cells_are_refused_below_the_header_only() -> None:
    merges = "".join(f'<mergeCell ref="{area}"/>' for area in ("A1:B1", "B3:B5", "A4:A4"))
    rows = [
        text_cells(1, "标题"), text_cells(2, "名称", "座位数"), text_cells(3, "a", "1"),
        text_cells(4, "b"), text_cells(5, "c"), text_cells(6, "d", "2"),
    ]  # fmt: skip
    found = records(raw(sheet_of(*rows, tail=f"<mergeCells>{merges}</mergeCells>")))
    assert codes(found) == [("cell.merged", "B4"), ("cell.merged", "B5")]
    assert [one.values["name"] for one in found if not one.flaws] == ["a", "d"]


def test_the_only_sheet_with_the_header_is_read() -> None:
    notes = [["说明"], ["名称", "name", "必填", "文本", "泊位的名称"]]
    data = book(notes, [["名称", "座位数"], ["a", 1]], [["x"]], names=("说明", "数据", "别的"))
    assert [one.values["name"] for one in records(data)] == ["a"]


def test_several_sheets_with_the_header_are_named_and_one_can_be_chosen() -> None:
    table = [["名称", "座位数"], ["a", 1]]
    data = book(table, [["名称"], ["b"]], names=("东街", "西街"))
    with pytest.raises(FileRefused) as refused:
        records(data)
    assert refused.value.issue.code == "import.xlsx_sheets"
    assert refused.value.params == {"sheets": "东街, 西街"}
    assert [one.values["name"] for one in records(data, "西街")] == ["b"]
    assert refusal(data, "南街") == "import.xlsx_no_sheet"


def test_hidden_sheets_are_read_only_when_they_are_asked_for() -> None:
    table = [["名称", "座位数"], ["a", 1]]
    data = with_bytes(
        book(table, [["名称"], ["b"]], names=("东街", "西街")),
        "xl/workbook.xml",
        lambda xml: xml.replace(b'name="\xe8\xa5\xbf', b'state="hidden" name="\xe8\xa5\xbf'),
    )
    assert [one.values["name"] for one in records(data)] == ["a"]
    assert [one.values["name"] for one in records(data, "西街")] == ["b"]


def test_names_with_a_prefix_are_the_same_names() -> None:
    rows = [text_cells(at, *texts, prefix="x") for at, texts in enumerate([("名称",), ("甲",)], 1)]
    found = records(raw(sheet_of(*rows, prefix="x")))
    assert [one.values for one in found] == [{"name": "甲"}]


def test_thousands_of_rows_come_whole_and_in_order_however_they_are_written() -> None:
    table = [["名称", "座位数"], *(["甲" * (n % 40), n] for n in range(9000))]
    plain = [one.values for one in records(book(table, inline=True))]
    shared = book(table)
    assert [one.values for one in records(shared)] == plain
    odd = with_bytes(shared, "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b"<c ", b"<c  "))
    assert [one.values for one in records(odd)] == plain
    assert [value.get("seats") for value in plain[:3]] == ["0", "1", "2"]
    assert len(plain) == 9000


def test_a_header_may_bear_both_names_a_star_and_a_remark() -> None:
    columns = Columns(berths())
    for header in (
        "名称*\nname", "* 名称", "名称（必填）", "名称 name", "NAME", "名 称", "名称/name",
        "名称(name)",
    ):  # fmt: skip
        assert columns.find(header) == "name", header
    for header in ("名称 seats", "名称(旧)", "名", "", "必填", "x" * 500):
        assert columns.find(header) is None, header


def test_columns_that_only_number_the_rows_are_passed_over() -> None:
    assert records(book([["序号", "名称"], [1, "a"]]))[0].values == {"name": "a"}


def test_letters_and_numbers_of_columns_are_each_others_inverse() -> None:
    for number in (1, 26, 27, 702, 703, 16_384):
        assert column_number(column_letters(number)) == number
    for letters in ("a", "XFE", "A1"):
        with pytest.raises(ValueError, match=letters):
            column_number(letters)


def test_styles_that_show_a_date_are_found() -> None:
    forms = ("General", "yyyy-mm-dd", "0.00", '"days" 0', "[h]:mm", "yyyy年m月d日", "[Red]0")
    numbered = "".join(
        f'<numFmt numFmtId="{200 + at}" formatCode="{form}"/>'.replace('"days"', "&quot;days&quot;")
        for at, form in enumerate(forms)
    )
    ids = [14, 31, 0, *range(200, 200 + len(forms))]
    styles = "".join(f'<xf numFmtId="{own}"/>' for own in ids)
    part = (
        f'<styleSheet xmlns="{MAIN}"><numFmts>{numbered}</numFmts><cellXfs>{styles}</cellXfs>'
        "</styleSheet>"
    )
    relations = book([[1]])
    data = with_bytes(relations, "xl/styles.xml", lambda _: part.encode())
    with open_package(io.BytesIO(data), Reading(Columns(berths())).limits) as package:
        assert date_styles(package) == {"0", "1", "4", "7", "8"}


def test_shared_texts_are_found_by_their_number() -> None:
    words = [f"词{n}" for n in range(20_000)]
    data = book([[word] for word in words])
    with open_package(io.BytesIO(data), Reading(Columns(berths())).limits) as package:
        strings = SharedStrings(package, 1 << 20)
        assert [strings.get(str(at)) for at in (0, 19_999, 7, 7)] == [
            "词0",
            "词19999",
            "词7",
            "词7",
        ]
        for wrong in ("20000", "-1", "x"):
            with pytest.raises((IndexError, ValueError)):
                strings.get(wrong)


def test_a_stored_zip_is_a_workbook_too() -> None:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(book([["名称"], ["a"]]))) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as new,
    ):
        for info in old.infolist():
            new.writestr(info.filename, old.read(info.filename))
    assert [one.values for one in records(out.getvalue())] == [{"name": "a"}]
