"""Files as districts have them: every format gives the same register, every noun has its words."""

from __future__ import annotations

import csv
import gzip
import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pytest
from pydantic import ValidationError

from kit.bulk.reading.formats import XLSX
from kit.bulk.words import read_words
from services.registry.app import PACKAGE_DIR
from services.registry.settings import Settings
from tests.kit.bulk.workbooks import book
from tests.registry.factories import V1, A, B, Registry

NDJSON = "application/x-ndjson"
HEADER = ["household_id", "building_id", "unit", "floor", "room", "户号", "居住情况"]
ROWS: list[list[Any]] = [
    [f"H{number}", f"B{number % 2 + 1}", str(number % 3), number % 30, "101", f"{number:03}",
     ("both", "空挂户", "人户分离", None)[number % 4]]
    for number in range(1, 2400)
]  # fmt: skip


def counts(job: dict[str, Any]) -> tuple[int, int, int, int]:
    found = job["counts"]
    return found["created"], found["updated"], found["unchanged"], found["refused"]


def as_csv(header: list[str], rows: list[list[Any]], encoding: str = "utf-8") -> bytes:
    out = io.StringIO()
    table = csv.writer(out)
    table.writerows([header, *rows])
    return out.getvalue().encode(encoding)


def as_ndjson(header: list[str], rows: list[list[Any]]) -> bytes:
    lines = [json.dumps(dict(zip(header, row, strict=True)), ensure_ascii=False) for row in rows]
    return "\n".join(lines).encode()


FILES: dict[str, tuple[bytes, str]] = {
    "csv": (as_csv(HEADER, ROWS), "text/csv"),
    "csv with a mark": (b"\xef\xbb\xbf" + as_csv(HEADER, ROWS), "text/csv"),
    "gb18030": (as_csv(HEADER, ROWS, "gb18030"), "text/csv"),
    "utf-16": (as_csv(HEADER, ROWS, "utf-16"), "text/csv"),
    "csv below a title": (b"\xe4\xbd\x8f\xe6\x88\xb7\r\n,,\r\n" + as_csv(HEADER, ROWS), "text/csv"),
    "gzip": (gzip.compress(as_csv(HEADER, ROWS)), "text/csv"),
    "ndjson": (as_ndjson(HEADER, ROWS), NDJSON),
    "xlsx": (book([HEADER, *ROWS]), XLSX),
    "xlsx inline below a title": (book([["住户表"], [], HEADER, *ROWS], inline=True), XLSX),
    "gzip of xlsx": (gzip.compress(book([HEADER, *ROWS])), XLSX),
}


def households(registry: Registry) -> list[dict[str, Any]]:
    """The register without what each import makes anew."""
    answer = registry.client.get(f"{V1}/households", headers={"Accept": NDJSON})
    rows = [json.loads(line) for line in answer.text.splitlines()]
    own = ("source", "source_id", "community_code", "household_no", "residence", "unit", "floor")
    found = [{name: row[name] for name in own} for row in rows]
    return sorted(found, key=lambda row: str(row["source_id"]))


def test_every_format_gives_the_same_register_and_twice_changes_nothing(
    registry: Registry,
) -> None:
    registry.load("buildings", f"building_id,community_code\nB1,{A}\nB2,{B}\n")
    assert counts(registry.load("households", *FILES["csv"])) == (len(ROWS), 0, 0, 0)
    expected = households(registry)
    assert {row["residence"] for row in expected} == {"both", "registered", "resident"}
    history = registry.get("changes", noun="household", count="true")["count"]
    for name, (body, media) in FILES.items():
        assert counts(registry.load("households", body, media)) == (0, 0, len(ROWS), 0), name
    assert households(registry) == expected
    assert registry.get("changes", noun="household", count="true")["count"] == history


@pytest.mark.parametrize("name", ["ndjson", "xlsx", "utf-16"])
def test_a_format_by_itself_gives_that_register_too(registry: Registry, name: str) -> None:
    registry.load("buildings", f"building_id,community_code\nB1,{A}\nB2,{B}\n")
    assert counts(registry.load("households", *FILES[name])) == (len(ROWS), 0, 0, 0)
    assert counts(registry.load("households", *FILES["csv"])) == (0, 0, len(ROWS), 0)


def test_one_changed_row_is_one_update_and_one_line_of_history(registry: Registry) -> None:
    registry.load("buildings", f"building_id,community_code\nB1,{A}\nB2,{B}\n")
    registry.load("households", *FILES["csv"])
    rows = [list(row) for row in ROWS]
    rows[7][3] = 29
    rows.append(["H9999", "B1", "1", 1, "101", "9999", None])
    job = registry.load("households", as_csv(HEADER, rows))
    assert counts(job) == (1, 1, len(ROWS) - 1, 0)
    answer = registry.client.get(f"{V1}/changes", headers={"Accept": NDJSON})
    history = [json.loads(line) for line in answer.text.splitlines()]
    told = [(one["action"], one["fields"]) for one in history if one["import_id"] == job["id"]]
    assert sorted(told) == [("created", []), ("updated", ["floor"])]


# fmt: off
SHEETS: dict[str, tuple[list[str], list[Any]]] = {
    "divisions": (
        [
            "序号",
            "行政区划代码",
            "行政区划名称",
            "区划类型",
            "上级区划代码",
            "是否划分网格",
            "设立日期",
        ],
        [1, "990001001077", "新社区", "社区", "990001001", "是", "2024年1月31日"],
    ),
    "estates": (
        ["序号", "小区编码", "社区编码", "小区名称（必填）", "管理模式", "是否成立业委会"],
        [1, "E1", A, "文雅名邸", "业主自管", "有"],
    ),
    "buildings": (
        [
            "序号",
            "楼栋编码",
            "社区编码",
            "所属小区",
            "楼号",
            "单元数量",
            "总层数",
            "常住户数",
            "户数口径",
        ],
        [1, "B1", A, "文雅名邸", "3号楼", "２", "6.0", "1,024", "实数"],
    ),
    "households": (
        ["序号", "户编号", "所属楼栋编号", "户口编号", "单元号", "所在楼层", "房号", "居住状态"],
        [1, "H1", "B1", "001", "1", 3, "301", "人户分离"],
    ),
}


@pytest.mark.parametrize("media", ["text/csv", XLSX])
def test_municipal_sheets_of_every_noun_are_read(registry: Registry, media: str) -> None:
    for noun, (header, row) in SHEETS.items():
        titled = [[f"某区{noun}登记表"], header, row]
        body = book(titled) if media == XLSX else as_csv(header, [row], "gb18030")
        job = registry.load(noun, body, media)
        assert counts(job) == (1, 0, 0, 0), (noun, job)
    division = registry.get("divisions/990001001077")
    assert (division["kind"], division["is_governed"]) == ("community", True)
    assert division["valid_from"] == "2024-01-31"
    (estate,) = registry.get("estates")["items"]
    assert (estate["management_mode"], estate["has_owners_committee"]) == ("self_managed", True)
    (building,) = registry.get("buildings")["items"]
    assert (building["units"], building["floors"], building["households_resident"]) == (2, 6, 1024)
    assert (building["count_source"], building["estate_id"]) == ("count", estate["id"])
    (household,) = registry.get("households")["items"]
    assert (household["household_no"], household["residence"]) == ("001", "resident")


# fmt: on
EXAMPLES: dict[str, dict[str, Any]] = {
    "divisions": {"code": "990001001078", "kind": "社区", "valid_from": "2024/1/31"},
    "organizations": {"source": "s", "source_id": "O9", "division_code": A, "name": "某物业"},
    "estates": {"source": "s", "source_id": "E9", "community_code": A, "name": "团结小区"},
    "buildings": {"source": "s", "source_id": "B9", "community_code": A, "name": "3-1"},
    "units": {"source": "s", "source_id": "U9", "building_source_id": "B9", "name": "1单元"},
    "dwellings": {"source": "s", "source_id": "D9", "building_source_id": "B9", "room": "301"},
    "households": {"source": "s", "source_id": "H9", "building_source_id": "B9", "floor": 3},
    "residents": {
        "source": "s",
        "source_id": "R9",
        "household_source_id": "H9",
        "name": "甲某",
        "relation_to_householder": "户主",
        "sex": "女",
        "residence_type": "租住",
        "birth_date": date(1990, 3, 7),
        "registered_elsewhere": "否",
    },
    "members": {
        "source": "s",
        "source_id": "M9",
        "division_code": A,
        "kind": "专职网格员",
        "name": "乙某",
        "public_contact": "是",
    },
    "appointments": {
        "source": "s",
        "source_id": "A9",
        "member_source_id": "M9",
        "post": "网格长",
        "place_code": A,
        "valid_from": "2024年1月31日",
    },
    "service-points": {"source": "s", "source_id": "P9", "community_code": A, "name": "爱心站点"},
    "teams": {"source": "s", "source_id": "T9", "division_code": A, "name": "流动网格员队"},
    "memberships": {
        "source": "s",
        "source_id": "N9",
        "team_source_id": "T9",
        "member_source_id": "M9",
        "valid_from": "2024-01-31",
    },
}  # fmt: skip


def test_every_noun_has_a_template() -> None:
    words = read_words(PACKAGE_DIR / "data" / "import_columns.json")
    assert set(words) == set(EXAMPLES)


def test_rows_about_persons_show_no_cell(registry: Registry) -> None:
    header = ["人员编号", "社区代码", "户号", "姓名", "与户主关系", "联系电话", "王小明"]
    job = registry.load(
        "residents", book([header, ["R1", A, "001", "甲某", "户主", "1", "x"]]), XLSX
    )
    (unknown,) = job["errors"]
    assert (unknown["column"], unknown["cell"], unknown["header"]) == ("#7", "G1", None)
    job = registry.load("residents", book([header[:6], ["R1", A, "1", "x", "王小明", 1]]), XLSX)
    assert {item["value"] for item in job["errors"]} == {None}
    assert "王小明" not in json.dumps(job, ensure_ascii=False)
    assert ("与户主关系", "E2") in {(item["header"], item["cell"]) for item in job["errors"]}


def test_a_filled_template_of_every_noun_is_imported(registry: Registry) -> None:
    for noun, values in EXAMPLES.items():
        answer = registry.client.get(f"{V1}/imports/templates/{noun}.xlsx")
        sheets = openpyxl.load_workbook(io.BytesIO(answer.content))
        data = sheets["数据 Data"]
        names = [str(cell.value).split("\n")[-1].rstrip("*") for cell in data[1]]
        assert set(values) <= set(names)
        assert not {"lon", "lat"} & set(names)
        assert ("room" in names) == (noun == "dwellings")
        data.append([values.get(name) for name in names])
        out = io.BytesIO()
        sheets.save(out)
        job = registry.load(noun, out.getvalue(), XLSX)
        assert counts(job) == (1, 0, 0, 0), (noun, job)
        notes = list(sheets["说明 Notes"].iter_rows(min_row=2, values_only=True))
        assert [row[1] for row in notes] == names
        assert all(row[4] and row[5] for row in notes), noun


def test_a_report_shows_cells_without_personal_data_only(registry: Registry) -> None:
    registry.load("buildings", f"building_id,community_code\nB1,{A}\n")
    row = ["630102199001011234 x", "B77!", "1", "many", "101", "x" * 50, "owner"]
    job = registry.load("households", book([["表"], HEADER, row]), XLSX, on_error="skip")
    told = {(item["header"], item["cell"], item["code"]): item["value"] for item in job["errors"]}
    assert told == {
        ("household_id", "A3", "field.pattern"): None,
        ("building_id", "B3", "field.pattern"): "B77!",
        ("floor", "D3", "field.type"): "many",
        ("户号", "F3", "field.too_long"): None,
        ("居住情况", "G3", "field.choice"): "owner",
    }
    assert "630102199001011234" not in json.dumps(job)


def test_set_based_refusals_name_the_cell_and_what_the_file_has(registry: Registry) -> None:
    registry.load("buildings", f"building_id,community_code\nB1,{A}\n")
    rows = [["H1", "B1", "1", 1, "101", "001", None], ["H2", "B9", "1", 1, "101", "002", None]]
    job = registry.load("households", book([HEADER, *rows]), XLSX)
    (item,) = job["errors"]
    assert (item["cell"], item["header"], item["value"]) == ("B3", "building_id", "B9")
    assert item["code"] == "building.not_found"


def test_the_words_of_an_installation_can_be_its_own(tmp_path: Path) -> None:
    with pytest.raises(ValidationError):
        Settings(database_url="postgresql://x/y", import_header_rows=0)
    path = tmp_path / "words.json"
    settings = Settings(database_url="postgresql://x/y", import_words=path)
    assert settings.import_words == path


def test_sheets_are_chosen_by_name(registry: Registry) -> None:
    registry.load("buildings", f"building_id,community_code\nB1,{A}\n")
    body = book([HEADER, ROWS[1]], [HEADER, ROWS[3]], names=("东街", "西街"))
    refused = registry.load("households", body, XLSX)
    assert refused["failure"]["code"] == "import.xlsx_sheets"
    job = registry.load("households", body, XLSX, sheet="西街")
    assert (counts(job), job["sheet"]) == ((1, 0, 0, 0), "西街")
    wrong = registry.load("households", as_csv(HEADER, ROWS[:1]), sheet="西街")
    assert wrong["failure"]["code"] == "import.no_sheets"


def test_ten_thousand_wrong_rows_among_good_ones_are_told_and_left_out(
    registry: Registry, client: httpx.Client
) -> None:
    registry.load("buildings", f"building_id,community_code\nB1,{A}\n")
    rows = [[f"H{n}", "B1", "", "x" if n % 2 else n % 20, "", "", ""] for n in range(20_000)]
    job = registry.load("households", as_csv(HEADER, rows), on_error="skip")
    assert counts(job) == (10_000, 0, 0, 10_000)
    assert job["flaws"] == 10_000
    place = f"{V1}/imports/{job['id']}/errors"
    table = client.get(place, headers={"Accept": "text/csv", "Accept-Language": "zh-CN"}).text
    assert table.count("应为整数。") == 10_000
