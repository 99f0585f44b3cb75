"""Lists as files: what a spreadsheet gets to see, and what it must not run."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import openpyxl
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.web import exports
from kit.web.exports import CellTooLong, Sheet, WorkbookTooLong

SHEET = Sheet(
    ["name", "seats", "area_m2", "is_open", "place"], {"name": "名称", "seats": "座位"}, "place"
)
BOAT = {"name": "=1+1", "seats": -5, "area_m2": 12.5, "is_open": True, "place": {"type": "Point"}}


async def in_batches(*batches: list[dict[str, Any]]) -> AsyncGenerator[list[dict[str, Any]]]:
    for batch in batches:
        yield batch


def made(
    folder: Path, *batches: list[dict[str, Any]], rows_max: int = 1000, language: Any = "en"
) -> list[list[Any]]:
    async def make() -> bytes:
        file = await exports.workbook(
            in_batches(*batches), SHEET, language, rows_max=rows_max, folder=folder
        )
        return b"".join([piece async for piece in exports.chunks(file)])

    book = openpyxl.load_workbook(io.BytesIO(asyncio.run(make())))
    return [[cell.value for cell in row] for row in book.active.rows]  # type: ignore[union-attr]


def test_a_workbook_keeps_types_and_defuses_formulas(tmp_path: Path) -> None:
    header, row, empty = made(tmp_path, [BOAT], [{"name": None, "seats": 0}])
    assert header == SHEET.columns
    assert row == ["'=1+1", -5, 12.5, True, '{"type":"Point"}']
    assert empty == [None, 0, None, None, None]
    assert list(tmp_path.iterdir()) == []


def test_titles_follow_the_language(tmp_path: Path) -> None:
    assert made(tmp_path, language="zh-CN") == [["名称", "座位", "area_m2", "is_open", "place"]]
    begin = exports.csv_begin(SHEET, "zh-CN").decode()
    assert begin == "\ufeff名称,座位,area_m2,is_open,place\r\n"


def test_links_and_numbers_in_texts_stay_texts(tmp_path: Path) -> None:
    names = ["http://example.org", "0012", "1e5", "630102002008", "2026-01-01", "#REF!", "'quoted"]
    rows = made(tmp_path, [{"name": name} for name in names])
    assert [row[0] for row in rows[1:]] == names


@pytest.mark.parametrize(("rows", "fits"), [(3, True), (4, False)])
def test_more_rows_than_allowed_are_refused_before_anything_leaves(
    tmp_path: Path, rows: int, fits: bool
) -> None:
    if fits:
        assert len(made(tmp_path, [BOAT] * rows, rows_max=3)) == 4
    else:
        with pytest.raises(WorkbookTooLong):
            made(tmp_path, [BOAT] * 2, [BOAT] * (rows - 2), rows_max=3)
    assert list(tmp_path.iterdir()) == []


def test_a_value_that_no_cell_holds_is_refused_by_column(tmp_path: Path) -> None:
    with pytest.raises(CellTooLong) as refused:
        made(tmp_path, [{"name": "x" * 32_768}])
    assert refused.value.params["column"] == "name"
    assert len(made(tmp_path, [{"name": "x" * 32_767}])) == 2
    assert list(tmp_path.iterdir()) == []


@given(
    st.lists(
        st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=30),
        min_size=1,
        max_size=5,
    )
)
def test_csv_texts_come_back_and_none_begins_a_formula(names: list[str]) -> None:
    text = exports.csv_rows(SHEET, [{"name": name} for name in names]).decode()
    cells = [row[0] for row in csv.reader(io.StringIO(text, newline=""))]
    for name, cell in zip(names, cells, strict=True):
        assert not cell.startswith(("=", "+", "-", "@"))
        assert cell in {name, f"'{name}"}


def test_a_feature_sequence_has_one_record_a_feature() -> None:
    text = exports.feature_rows(SHEET, [BOAT, BOAT])
    records = text.split(b"\x1e")[1:]
    assert len(records) == 2
    feature = orjson.loads(records[0])
    assert feature["geometry"] == {"type": "Point"}
    assert "place" not in feature["properties"]


def test_the_first_chinese_name_is_the_title() -> None:
    titles = exports.chinese_titles({"a": ("alias", "甲", "乙"), "b": ("only",), "c": ()})
    assert titles == {"a": "甲"}
