"""Reports of errors: exact counts, cells by name, values of open columns only, marked copies."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest
from openpyxl.comments import Comment
from openpyxl.styles import Font

from kit.bulk.reading.formats import XLSX
from kit.testing.clock import FrozenClock
from kit.testing.tokens import TestTokens
from tests.kit.bulk.conftest import AREA, HEADER, Harbour, a_row, csv_rows
from tests.kit.bulk.workbooks import book, sheet_of, text_cells, with_bytes

COLUMNS = ["来源", "编号", "区划代码", "名称", "座位数", "启用日期"]
NDJSON = "application/x-ndjson"


def report(port: Harbour, job: dict[str, Any], **headers: str) -> list[dict[str, Any]]:
    place = f"/harbour/v1/imports/{job['id']}/errors"
    items: list[dict[str, Any]] = port.client.get(place, headers=headers).json()["items"]
    return items


def marked(port: Harbour, job: dict[str, Any], language: str = "zh-CN") -> Any:
    answer = port.client.get(
        f"/harbour/v1/imports/{job['id']}/annotated.xlsx", headers={"Accept-Language": language}
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == XLSX
    assert answer.headers["cache-control"] == "no-store"
    assert f'filename="{job["id"]}.xlsx"' in answer.headers["content-disposition"]
    return openpyxl.load_workbook(io.BytesIO(answer.content))


def colour(cell: Any) -> str:
    return str(cell.fill.fgColor.rgb)


def test_flaws_are_all_counted_and_the_first_are_listed(port: Harbour) -> None:
    body = HEADER + "".join(f"seed,b{n},{AREA},x,-1\n" for n in range(100_000))
    job = port.run(body, mode="check", on_error="skip")
    assert (job["counts"]["read"], job["counts"]["refused"], job["flaws"]) == (100_000,) * 3
    kept = port.settings.import_errors_max
    page = report(port, job)
    assert [item["row"] for item in page] == list(range(2, kept + 2))
    place = f"/harbour/v1/imports/{job['id']}/errors"
    table = port.client.get(place, headers={"Accept": "text/csv"}).text
    assert table.count("\r\n") == kept + 1


def test_a_row_with_two_flaws_counts_two(port: Harbour) -> None:
    job = port.run(csv_rows(f"seed,b1,{AREA},,x", a_row(2)), on_error="skip")
    assert (job["flaws"], job["counts"]["refused"]) == (2, 1)
    assert port.run(csv_rows(a_row(2)))["flaws"] == 0


def test_only_open_columns_show_what_the_file_has(port: Harbour) -> None:
    rows = [f"seed,b1,{AREA},secret\u202e,many", f"seed,b2,6301,a,{'7' * 300}"]
    items = report(port, port.run(csv_rows(*rows), mode="check"))
    shown = {(item["row"], item["column"]): item["value"] for item in items}
    assert shown == {
        (2, "name"): None,
        (2, "seats"): "many",
        (3, "area"): "6301",
        (3, "seats"): "7" * 200,
    }


def test_values_come_from_the_file_also_where_the_whole_set_was_judged(port: Harbour) -> None:
    lines = [
        f'{{"source":"s","编号":"b{n}","area":"{AREA}","name":"n{n}","neighbour":"{neighbour}"}}'
        for n, neighbour in enumerate(["b1", "nobody"])
    ]
    (item,) = report(port, port.run("\n".join(lines), NDJSON, mode="check"))
    assert (item["column"], item["value"], item["cell"]) == ("neighbour", "nobody", None)
    line = f'{{"source":"s","编号":"b","area":"{AREA}","name":"n"}}'
    (duplicate,) = report(port, port.run(f"{line}\n{line}", NDJSON, mode="check"))
    assert (duplicate["header"], duplicate["code"]) == ("编号", "row.duplicate")


def test_the_message_follows_the_reader(port: Harbour) -> None:
    job = port.run(csv_rows(f"seed,b1,{AREA},a,-1"))
    chinese = report(port, job, **{"Accept-Language": "zh-CN"})[0]["message"]
    english = report(port, job, **{"Accept-Language": "en"})[0]["message"]
    assert (chinese, english) == ("取值不得小于 0。", "The value must be at least 0.")


def a_styled_book() -> bytes:
    """Formats, a comment, a second sheet, and some bad cells."""
    made = openpyxl.Workbook()
    sheet = made.active
    sheet.title = "泊位"
    sheet.append(["泊位登记表"])
    sheet.merge_cells("A1:F1")
    sheet.append(COLUMNS)
    sheet.append(["seed", "b1", AREA, "甲", "many", "2024-02-30"])
    sheet.append(["seed", "b2", AREA, None, 1, None])
    sheet.append(["seed", "b3", AREA, "丙", 1, None])
    sheet["E3"].font = Font(bold=True)
    sheet["E3"].comment = Comment("从旧表抄来", "录入员")
    sheet["D5"].comment = Comment("已核实", "录入员")
    made.create_sheet("说明")["A1"] = "不要改动"
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def test_an_annotated_copy_marks_the_bad_cells_and_keeps_the_rest(port: Harbour) -> None:
    job = port.run(a_styled_book(), XLSX, mode="check")
    assert job["annotated_until"] is not None
    copy = marked(port, job)
    assert copy.sheetnames == ["泊位", "说明"]
    sheet = copy["泊位"]
    bad = {cell.coordinate for row in sheet for cell in row if colour(cell) == "FFFFC7CE"}
    assert bad == {"E3", "F3", "D4"}
    assert "应为整数。 (field.type)" in sheet["E3"].comment.text
    assert sheet["E3"].comment.text.startswith("从旧表抄来")
    assert sheet["D4"].comment.text == "缺少必填字段。 (field.missing)"
    assert sheet["D5"].comment.text == "已核实"
    assert (sheet["E3"].value, sheet["E3"].font.bold) == ("many", True)
    assert copy["说明"]["A1"].value == "不要改动"
    assert [str(area) for area in sheet.merged_cells.ranges] == ["A1:F1"]
    assert "whole number" in marked(port, job, "en")["泊位"]["E3"].comment.text


def test_the_annotated_copy_put_right_is_imported(port: Harbour) -> None:
    copy = marked(port, port.run(a_styled_book(), XLSX))
    sheet = copy["泊位"]
    sheet["E3"], sheet["F3"], sheet["D4"] = 3, "2024-02-29", "乙"
    out = io.BytesIO()
    copy.save(out)
    assert port.run(out.getvalue(), XLSX)["counts"]["created"] == 3


def test_a_header_that_is_wrong_is_marked_where_it_stands(port: Harbour) -> None:
    job = port.run(book([["泊位"], [*COLUMNS[:4], "颜色"], ["seed"]]), XLSX)
    (item,) = report(port, job)
    assert (item["row"], item["cell"], item["code"]) == (2, "E2", "column.unknown")
    assert colour(marked(port, job).active["E2"]) == "FFFFC7CE"


@pytest.mark.parametrize("packed", [False, True])
def test_cells_are_marked_however_the_sheet_is_written(port: Harbour, packed: bool) -> None:
    """Without references, with a prefix, empty rows closed at once."""
    rows = [
        text_cells(1, *COLUMNS[:5], prefix="x"),
        '<x:c t="inlineStr"><x:is><x:t>seed</x:t></x:is></x:c><x:c/>',
        '<x:c r="E3"><x:v>2.5</x:v></x:c>',
    ]
    xml = sheet_of(*rows, prefix="x", tail='<x:pageMargins left="1"/><x:tableParts count="0"/>')
    data = with_bytes(book([["x"]]), "xl/worksheets/sheet1.xml", lambda _: xml.encode())
    job = port.run(data, XLSX)
    assert job["failure"]["code"] == "import.rows_refused", job
    sheet = marked(port, job).active
    assert colour(sheet["B2"]) == colour(sheet["E3"]) == colour(sheet["A3"]) == "FFFFC7CE"
    assert sheet["B2"].comment.text == "缺少必填字段。 (field.missing)"
    assert sheet["A2"].value == "seed"
    del packed


def test_only_workbooks_with_errors_have_an_annotated_copy(port: Harbour) -> None:
    good = book([COLUMNS, ["seed", "b1", AREA, "甲", 1, None]])
    jobs = [port.run(good, XLSX), port.run(csv_rows("seed")), port.run(b"no workbook", XLSX)]
    for job in jobs:
        assert job["annotated_until"] is None
        answer = port.client.get(f"/harbour/v1/imports/{job['id']}/annotated.xlsx")
        assert (answer.status_code, answer.json()["code"]) == (404, "import.annotated_absent")
    assert port.spooled() == []


def test_an_annotated_copy_is_for_those_who_see_the_job(port: Harbour, tokens: TestTokens) -> None:
    job = port.run(a_styled_book(), XLSX)
    other = tokens.headers(client_id="another", areas=[AREA])
    answer = port.client.get(f"/harbour/v1/imports/{job['id']}/annotated.xlsx", headers=other)
    assert (answer.status_code, answer.json()["code"]) == (404, "resource.not_found")


def test_a_kept_workbook_is_had_for_its_hours_only(port: Harbour, clock: FrozenClock) -> None:
    job = port.run(a_styled_book(), XLSX)
    assert len(port.spooled()) == 1
    clock.move(hours=port.settings.import_kept_hours, seconds=1)
    answer = port.client.get(f"/harbour/v1/imports/{job['id']}/annotated.xlsx")
    assert answer.json()["code"] == "import.annotated_absent"


def test_a_kept_workbook_that_is_lost_is_absent(port: Harbour) -> None:
    job = port.run(a_styled_book(), XLSX)
    port.spooled()[0].unlink()
    answer = port.client.get(f"/harbour/v1/imports/{job['id']}/annotated.xlsx")
    assert answer.json()["code"] == "import.annotated_absent"
