"""Categories: two levels, and per leaf what a report of it may say beside its text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from kit.errors import FieldError, Text

_KNOWN_TYPES = frozenset({"text", "integer", "decimal", "boolean", "month", "url", "organization"})
_UNITS = frozenset({"working_hour", "working_day", "hour", "day"})
_TEXT_MAX = 1000
_WHOLE_MAX = 2**53 - 1
_DECIMAL = re.compile(r"^[0-9]{1,15}(\.[0-9]{1,4})?$", re.ASCII)
_MONTH = re.compile(r"^[0-9]{4}-(0[1-9]|1[0-2])$", re.ASCII)
_URL = re.compile(r"^https?://[^\s]{1,1990}$")

_MISSING = Text("This category needs this attribute.", "该类别要求填写此项。")
_UNKNOWN = Text("This category does not know this attribute.", "该类别没有此扩展字段。")
_KINDS: Mapping[str, Text] = {
    "text": Text("Text is needed.", "应为文本。"),
    "organization": Text("The name of an organisation is needed.", "应为单位名称。"),
    "integer": Text("A whole number is needed.", "应为整数。"),
    "decimal": Text("A number is needed.", "应为数字。"),
    "boolean": Text("true or false is needed.", "应为 true 或 false。"),
    "month": Text("A month as YYYY-MM is needed.", "应为 YYYY-MM 格式的月份。"),
    "url": Text("An http or https address is needed.", "应为 http 或 https 网址。"),
}
_TOO_SMALL = Text("The value must be at least {ge}.", "取值不得小于 {ge}。")
_TOO_LONG = Text("At most {max_length} characters are allowed.", "最多允许 {max_length} 个字符。")


@dataclass(frozen=True, slots=True)
class Category:
    """One class (two digits, no parent) or leaf (four digits)."""

    code: str
    parent_code: str | None
    name: Mapping[str, str]
    level: str
    content: Mapping[str, Any]


def read_categories(content: Mapping[str, Any]) -> tuple[str, list[Category]]:
    """Return the version and the categories of a parsed `categories.json`, parents first.

    Raises ValueError naming every defect: a code that stands twice or not under its class, a name
    that is too long, a leaf without a limit, a party or a condition.
    """
    found = list(_walk(content["classes"]))
    name_max = content["classification"]["name_length_max"]
    wrong = [defect for category in found for defect in _defects(category, name_max)]
    codes = [category.code for category in found]
    wrong += [f"{code} stands twice" for code in sorted({c for c in codes if codes.count(c) > 1})]
    if wrong:
        raise ValueError("; ".join(wrong))
    return content["version"], found


def _walk(classes: Sequence[Mapping[str, Any]]) -> Iterator[Category]:
    for entry in classes:
        yield _category(entry, None)
        for leaf in entry["children"]:
            yield _category(leaf, entry["code"])


def _category(entry: Mapping[str, Any], parent: str | None) -> Category:
    own = {"code", "name", "level", "children"}
    rest = {name: value for name, value in entry.items() if name not in own}
    return Category(entry["code"], parent, entry["name"], entry["level"], rest)


def _defects(category: Category, name_max: int) -> Iterator[str]:
    code, content = category.code, category.content
    if len(category.name["zh"]) > name_max:
        yield f"{code}: the name is longer than {name_max}"
    if category.parent_code is None:
        return
    if len(code) != 4 or not code.startswith(category.parent_code):
        yield f"{code} does not stand under its class"
    if {stage["unit"] for stage in content["stages"]} - _UNITS:
        yield f"{code} has a limit of an unknown unit"
    for name in ("stages", "handling_party_kind", "filing_condition", "closing_condition"):
        if not content.get(name):
            yield f"{code} has no {name}"
    if any(field["type"] not in _KNOWN_TYPES for field in content["fields"]):
        yield f"{code} has a field of an unknown type"


def check_attributes(
    fields: Sequence[Mapping[str, Any]], attributes: Mapping[str, object]
) -> list[FieldError]:
    """Return what is wrong with a report's attributes by the fields of its category."""
    known = {field["code"]: field for field in fields}
    wrong = [
        FieldError("field.missing", _MISSING, pointer=f"/attributes/{code}")
        for code, field in known.items()
        if field["required"] and code not in attributes
    ]
    for name, value in attributes.items():
        pointer = f"/attributes/{name}"
        if name not in known:
            wrong.append(FieldError("field.unknown", _UNKNOWN, pointer=pointer))
        else:
            wrong += _check_value(known[name], value, pointer)
    return wrong


def _check_value(field: Mapping[str, Any], value: object, pointer: str) -> list[FieldError]:
    kind = field["type"]
    if not _fits(kind, value):
        return [FieldError("field.type", _KINDS[kind], pointer=pointer)]
    minimum = field.get("minimum")
    if minimum is not None and Decimal(str(value)) < Decimal(str(minimum)):
        shown = (("ge", minimum),)
        return [FieldError("field.out_of_range", _TOO_SMALL, pointer=pointer, params=shown)]
    limit = field.get("max_length", _TEXT_MAX)
    if isinstance(value, str) and kind != "url" and len(value) > limit:
        longest = (("max_length", limit),)
        return [FieldError("field.too_long", _TOO_LONG, pointer=pointer, params=longest)]
    return []


def _fits(kind: str, value: object) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if isinstance(value, int):
        return kind in {"integer", "decimal"} and abs(value) <= _WHOLE_MAX
    if isinstance(value, float):
        return kind == "decimal" or (kind == "integer" and value.is_integer())
    if not isinstance(value, str):
        return False
    patterns = {"decimal": _DECIMAL, "month": _MONTH, "url": _URL}
    if kind in patterns:
        return patterns[kind].match(value) is not None
    return kind in {"text", "organization"} and value.strip() != ""


def level_of(category: Category, attributes: Mapping[str, object]) -> str:
    """Return the level of a report: its category's, or a higher one that a rule gives it."""
    for rule in category.content.get("level_rules", ()):
        value = attributes.get(rule["field"])
        if isinstance(value, int | float) and value >= rule["at_least"]:
            return str(rule["level"])
    return category.level
