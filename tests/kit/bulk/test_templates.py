"""Templates: what they hold, and that a filled one is a file like any other."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date
from typing import Any

import openpyxl
import pytest

from kit.bulk.noun import About, Noun, kinds_of
from kit.bulk.reading.formats import XLSX
from kit.bulk.words import described, read_words
from kit.bulk.writing.template import template
from tests.kit.bulk.conftest import AREA, Harbour
from tests.kit.bulk.harbour.app import BerthRow, berths


def fetched(port: Harbour, noun: str = "berths") -> Any:
    answer = port.client.get(f"/harbour/v1/imports/templates/{noun}.xlsx")
    assert (answer.status_code, answer.headers["content-type"]) == (200, XLSX)
    assert answer.headers["content-disposition"] == f'attachment; filename="{noun}.xlsx"'
    return openpyxl.load_workbook(io.BytesIO(answer.content))


def test_a_template_has_both_names_and_marks_what_is_required(port: Harbour) -> None:
    book = fetched(port)
    assert book.sheetnames == ["数据 Data", "说明 Notes", "选项 Lists"]
    assert book["选项 Lists"].sheet_state == "hidden"
    header = [cell.value for cell in book["数据 Data"][1]]
    assert header[:5] == [
        "来源*\nsource", "编号*\nsource_id", "区划代码*\narea", "名称*\nname", "座位数\nseats",
    ]  # fmt: skip
    assert "neighbour" not in "".join(header)
    fills = [cell.fill.fgColor.rgb for cell in book["数据 Data"][1]]
    assert fills[3] != fills[4]
    assert book["数据 Data"].column_dimensions["B"].width >= 10
    notes = {row[1]: row for row in book["说明 Notes"].iter_rows(min_row=2, values_only=True)}
    assert notes["seats"][2:7] == ("否 no", "整数 whole number", "泊位的座位数。",
                                   "Places to moor.", "0 .. 500")  # fmt: skip
    assert notes["since"][3] == "日期 date"
    assert notes["since"][7] == "2024-01-31"


def test_a_filled_template_is_imported(port: Harbour) -> None:
    book = fetched(port)
    sheet = book["数据 Data"]
    names = [str(cell.value).split("\n")[-1].rstrip("*") for cell in sheet[1]]
    row = {"source": "seed", "source_id": "001", "area": AREA, "name": "3-1", "seats": 4}
    row["since"] = date(2024, 1, 31)
    sheet.append([row.get(name) for name in names])
    out = io.BytesIO()
    book.save(out)
    job = port.run(out.getvalue(), XLSX)
    assert job["counts"]["created"] == 1, port.errors(job)
    berth = port.berths()["001"]
    assert (berth["name"], str(berth["since"])) == ("3-1", "2024-01-31")


def test_an_empty_template_holds_no_row(port: Harbour) -> None:
    content = port.client.get("/harbour/v1/imports/templates/berths.xlsx").content
    assert port.run(content, XLSX)["failure"]["code"] == "import.empty"


def test_there_are_templates_of_what_can_be_imported_only(port: Harbour) -> None:
    answer = port.client.get("/harbour/v1/imports/templates/boats.xlsx")
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")


def listed(noun: Noun[Any]) -> dict[str, str]:
    """The lists of a template by their columns."""
    sheet = openpyxl.load_workbook(io.BytesIO(template(noun)))["数据 Data"]
    return {str(one.sqref): one.formula1 for one in sheet.data_validations.dataValidation}


def test_choices_are_lists_short_or_long(port: Harbour) -> None:
    few = described_with(berths(), "area", {"a": "甲", "b": "乙"})
    assert listed(few) == {"C2:C1048576": '"甲,乙"'}
    many = described_with(berths(), "area", {f"v{n}": f"第{n}个可选的取值" for n in range(60)})
    assert listed(many) == {"C2:C1048576": "'选项 Lists'!$C$1:$C$60"}
    assert port.client.get("/livez").status_code == 200


def described_with(noun: Noun[Any], column: str, choices: dict[str, str]) -> Noun[Any]:
    return replace(noun, about={column: About(choices=choices)})


def test_words_of_a_file_stand_over_the_nouns_own(tmp_path: Any) -> None:
    path = tmp_path / "words.json"
    path.write_text(
        '{"berths": {"name": {"zh": "泊位名", "headers": ["船位"], "open": true,'
        ' "note": {"en": "A name.", "zh": "名称。"}, "choices": {"a": "甲"}}}}',
        encoding="utf-8",
    )
    noun = described(berths(), read_words(path))
    assert noun.headers["name"] == ("名称", "泊位名", "船位")
    about = noun.about["name"]
    assert (about.label, about.is_open, about.choices) == ("泊位名", True, {"a": "甲"})
    assert noun.about["seats"].is_open
    assert described(berths("others"), read_words(path)).headers == berths().headers


@pytest.mark.parametrize(
    "text", ['{"berths": {"colour": {}}}', '{"berths": {"name": {"label": "x"}}}', "[]", "{"]
)
def test_wrong_words_stop_the_start(tmp_path: Any, text: str) -> None:
    path = tmp_path / "words.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError):  # noqa: PT011 - of several libraries
        described(berths(), read_words(path))


def test_the_kinds_of_a_field_are_known() -> None:
    kinds = {name: kinds_of(info.annotation) for name, info in BerthRow.model_fields.items()}
    assert kinds["seats"] == {int}
    assert kinds["since"] == {date, type(None)}
    assert kinds["outline"] == {dict, type(None)}
