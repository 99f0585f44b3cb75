"""The workbook that people fill in: a sheet with the headers, a sheet that explains them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from kit.bulk.noun import About, Noun, kinds_of

_LAST_ROW = 1_048_575
_LIST_CHARACTERS_MAX = 255
_TITLES = (
    "列 Column", "英文名 Name", "必填 Required", "类型 Type", "说明", "Explanation",
    "可填值 Allowed values", "示例 Example",
)  # fmt: skip
_WIDTHS = (20, 24, 12, 18, 40, 48, 44, 28)
_KINDS = (
    (bool, "是或否 yes or no"),
    (date, "日期 date"),
    (int, "整数 whole number"),
    (float, "数字 number"),
    (dict, "GeoJSON"),
)
_ABOUT = About()


@dataclass(frozen=True, slots=True)
class _Column:
    """One column of the template."""

    name: str
    label: str
    is_required: bool
    kinds: frozenset[Any]
    about: About
    schema: dict[str, Any]

    @property
    def header(self) -> str:
        """Both names, a star for a required column; read back as one header."""
        star = "*" if self.is_required else ""
        return f"{self.label}{star}\n{self.name}" if self.label != self.name else self.name + star

    @property
    def choices(self) -> list[str]:
        """What a cell may be chosen from."""
        if self.about.choices:
            return list(self.about.choices.values())
        return ["是", "否"] if bool in self.kinds else [str(each) for each in _enum(self.schema)]

    @property
    def allowed(self) -> str:
        """What the column takes, in one line."""
        if self.about.choices:
            return "; ".join(f"{label} {value}" for value, label in self.about.choices.items())
        return "; ".join(self.choices) or _bounds(self.schema)


def template(noun: Noun[Any]) -> bytes:
    """Return the .xlsx template of a noun."""
    columns = _columns(noun)
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    data, notes = book.add_worksheet("数据 Data"), book.add_worksheet("说明 Notes")
    lists = book.add_worksheet("选项 Lists")
    lists.hide()
    plain = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "border": 1})
    needed = book.add_format(
        {"bold": True, "text_wrap": True, "valign": "top", "border": 1, "bg_color": "#FCE4D6"}
    )
    data.set_row(0, 32)
    data.freeze_panes(1, 0)
    for at, column in enumerate(columns):
        data.set_column(at, at, max(14, 2 * len(column.label) + 4), _format(book, column))
        data.write_string(0, at, column.header, needed if column.is_required else plain)
        _offer(data, lists, at, column.choices)
    _explain(notes, columns, plain, book.add_format({"text_wrap": True, "valign": "top"}))
    book.close()
    return out.getvalue()


def _columns(noun: Noun[Any]) -> list[_Column]:
    properties = noun.model.model_json_schema()["properties"]
    columns = []
    for name, info in noun.model.model_fields.items():
        about = noun.about.get(name, _ABOUT)
        if about.in_template:
            label = about.label or _chinese(noun.headers.get(name, ())) or name
            kinds = kinds_of(info.annotation)
            schema = _plain(properties[name])
            columns.append(_Column(name, label, info.is_required(), kinds, about, schema))
    return columns


def _chinese(names: Sequence[str]) -> str:
    return next((name for name in names if not name.isascii()), "")


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of the value itself, without null."""
    parts: Sequence[dict[str, Any]] = schema.get("anyOf", ())
    for part in parts:
        if part.get("type") != "null":
            return schema | part
    return schema


def _enum(schema: dict[str, Any]) -> Sequence[object]:
    found: Sequence[object] = schema.get("enum", ())
    return found


def _bounds(schema: dict[str, Any]) -> str:
    told = []
    if "minimum" in schema or "maximum" in schema:
        told.append(f"{schema.get('minimum', '')} .. {schema.get('maximum', '')}")
    if "maxLength" in schema:
        told.append(f"{schema.get('minLength', 0)} .. {schema['maxLength']} 个字符 characters")
    elif "pattern" in schema:
        told.append(schema["pattern"])
    return "; ".join(told)


def _format(book: Any, column: _Column) -> Format:
    # Texts stay texts: no lost zeros, no rooms that become dates.
    form = "@"
    if date in column.kinds:
        form = "yyyy-mm-dd"
    elif column.kinds & {int, float}:
        form = "General"
    made: Format = book.add_format({"num_format": form})
    return made


def _offer(data: Worksheet, lists: Worksheet, at: int, choices: list[str]) -> None:
    if not choices:
        return
    source: list[str] | str = choices
    if len(",".join(choices)) > _LIST_CHARACTERS_MAX:
        lists.write_column(0, at, choices)
        letters = xlsxwriter.utility.xl_col_to_name(at)
        source = f"='选项 Lists'!${letters}$1:${letters}${len(choices)}"
    data.data_validation(1, at, _LAST_ROW, at, {"validate": "list", "source": source})


def _explain(notes: Worksheet, columns: list[_Column], title: Format, text: Format) -> None:
    for at, (words, width) in enumerate(zip(_TITLES, _WIDTHS, strict=True)):
        notes.set_column(at, at, width, text)
        notes.write_string(0, at, words, title)
    notes.freeze_panes(1, 0)
    for row, column in enumerate(columns, 1):
        kind = next((words for each, words in _KINDS if each in column.kinds), "文本 text")
        note = column.about.note
        english = note.en if note else column.schema.get("description", "")
        cells = (
            column.label, column.name, "是 yes" if column.is_required else "否 no", kind,
            note.zh if note else "", english, column.allowed, column.about.example,
        )  # fmt: skip
        for at, words in enumerate(cells):
            notes.write_string(row, at, words, text)
