"""Stable codes and two-language texts for what pydantic finds wrong with a field."""

from __future__ import annotations

from collections.abc import Mapping

from kit.errors import Text

#: Parameters of pydantic's context that may be shown: limits and formats, never the input.
SAFE = frozenset(
    {"ge", "le", "gt", "lt", "min_length", "max_length", "pattern", "expected", "expected_tags"}
)

PLAIN = Text("The value is not acceptable here.", "该取值不被接受。")

_MESSAGES: Mapping[str, tuple[str, Text]] = {
    "missing": ("field.missing", Text("This field is required.", "缺少必填字段。")),
    "extra_forbidden": ("field.unknown", Text("This field is not known here.", "未知字段。")),
    "string_type": ("field.type", Text("Text is needed.", "应为文本。")),
    "string_unicode": (
        "field.encoding",
        Text("The text is not valid UTF-8.", "文本不是有效的 UTF-8。"),
    ),
    "string_too_short": (
        "field.too_short",
        Text("At least {min_length} characters are needed.", "至少需要 {min_length} 个字符。"),
    ),
    "string_too_long": (
        "field.too_long",
        Text("At most {max_length} characters are allowed.", "最多允许 {max_length} 个字符。"),
    ),
    "string_pattern_mismatch": (
        "field.pattern",
        Text("The text does not match the pattern {pattern}.", "文本不符合格式 {pattern}。"),
    ),
    "text_control": (
        "field.control_character",
        Text("Control and invisible characters are not allowed.", "不允许控制字符或不可见字符。"),
    ),
    "int_type": ("field.type", Text("A whole number is needed.", "应为整数。")),
    "int_parsing": ("field.type", Text("A whole number is needed.", "应为整数。")),
    "int_from_float": ("field.type", Text("A whole number is needed.", "应为整数。")),
    "int_parsing_size": ("field.out_of_range", Text("The number is too large.", "数值过大。")),
    "float_type": ("field.type", Text("A number is needed.", "应为数字。")),
    "float_parsing": ("field.type", Text("A number is needed.", "应为数字。")),
    "finite_number": (
        "field.not_finite",
        Text("NaN and Infinity are not allowed.", "不允许 NaN 或无穷大。"),
    ),
    "greater_than_equal": (
        "field.out_of_range",
        Text("The value must be at least {ge}.", "取值不得小于 {ge}。"),
    ),
    "greater_than": (
        "field.out_of_range",
        Text("The value must be greater than {gt}.", "取值必须大于 {gt}。"),
    ),
    "less_than_equal": (
        "field.out_of_range",
        Text("The value must be at most {le}.", "取值不得大于 {le}。"),
    ),
    "less_than": (
        "field.out_of_range",
        Text("The value must be less than {lt}.", "取值必须小于 {lt}。"),
    ),
    "bool_type": ("field.type", Text("true or false is needed.", "应为 true 或 false。")),
    "bool_parsing": ("field.type", Text("true or false is needed.", "应为 true 或 false。")),
    "literal_error": (
        "field.choice",
        Text("One of {expected} is needed.", "应为 {expected} 之一。"),
    ),
    "enum": ("field.choice", Text("One of {expected} is needed.", "应为 {expected} 之一。")),
    "union_tag_invalid": (
        "field.choice",
        Text("The type must be one of {expected_tags}.", "类型应为 {expected_tags} 之一。"),
    ),
    "union_tag_not_found": (
        "field.missing",
        Text("The field `type` is required.", "缺少 type 字段。"),
    ),
    "datetime_rfc3339": (
        "field.time",
        Text(
            "An RFC 3339 time with its offset is needed, such as 2026-01-31T08:00:00+08:00.",
            "应为带时区的 RFC 3339 时间，例如 2026-01-31T08:00:00+08:00。",
        ),
    ),
    "date_iso": (
        "field.date",
        Text("An existing day as YYYY-MM-DD is needed.", "应为存在的日期，格式 YYYY-MM-DD。"),
    ),
    "uuid_form": ("field.uuid", Text("A UUID is needed.", "应为 UUID。")),
    "list_type": ("field.type", Text("A list is needed.", "应为列表。")),
    "tuple_type": ("field.type", Text("A list is needed.", "应为列表。")),
    "dict_type": ("field.type", Text("An object is needed.", "应为对象。")),
    "model_type": ("field.type", Text("An object is needed.", "应为对象。")),
    "model_attributes_type": ("field.type", Text("An object is needed.", "应为对象。")),
    "too_short": (
        "field.too_few",
        Text("At least {min_length} items are needed.", "至少需要 {min_length} 项。"),
    ),
    "too_long": (
        "field.too_many",
        Text("At most {max_length} items are allowed.", "最多允许 {max_length} 项。"),
    ),
    "geometry_unclosed_ring": (
        "geometry.unclosed_ring",
        Text(
            "The ring is not closed: repeat its first position at the end.",
            "环未闭合：末点须与首点相同。",
        ),
    ),
}

_OTHER = ("field.invalid", PLAIN)


def of(kind: str) -> tuple[str, Text]:
    """Return the stable code and the text of a pydantic error type."""
    return _MESSAGES.get(kind, _OTHER)
