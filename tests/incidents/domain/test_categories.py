"""The category set, and what a report of a category may say."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from services.incidents.app import PACKAGE_DIR
from services.incidents.domain.categories import (
    Category,
    check_attributes,
    level_of,
    read_categories,
)

SET: dict[str, Any] = json.loads(
    (PACKAGE_DIR / "data" / "categories.json").read_text(encoding="utf-8")
)


def a_field(kind: str, **more: Any) -> dict[str, Any]:
    return {"code": "x", "type": kind, "required": False} | more


def test_the_shipped_set_is_whole() -> None:
    version, categories = read_categories(SET)
    assert version == SET["version"]
    codes = [category.code for category in categories]
    assert "9901" in codes
    assert len(codes) == len(set(codes))
    parents = {category.code for category in categories if category.parent_code is None}
    assert {c.parent_code for c in categories if c.parent_code} == parents


def _leaf(content: dict[str, Any]) -> dict[str, Any]:
    leaf: dict[str, Any] = content["classes"][0]["children"][0]
    return leaf


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda leaf: leaf.update(code="0299"), "does not stand under its class"),
        (lambda leaf: leaf.update(code="0102"), "stands twice"),
        (lambda leaf: leaf.update(stages=[]), "has no stages"),
        (lambda leaf: leaf["stages"][0].update(unit="week"), "unknown unit"),
        (lambda leaf: leaf.update(handling_party_kind=""), "has no handling_party_kind"),
        (lambda leaf: leaf.update(closing_condition=None), "has no closing_condition"),
        (lambda leaf: leaf["name"].update(zh="长" * 31), "longer than 30"),
        (lambda leaf: leaf["fields"][0].update(type="blob"), "unknown type"),
    ],
)
def test_a_set_with_a_defect_stops_the_start_by_name(
    spoil: Callable[[dict[str, Any]], object], message: str
) -> None:
    content = copy.deepcopy(SET)
    spoil(_leaf(content))
    with pytest.raises(ValueError, match=message):
        read_categories(content)


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        (a_field("text"), ["a", "二"], ["", "  ", 1, True, None, "x" * 1001]),
        (a_field("text", max_length=3), ["abc"], ["abcd"]),
        (a_field("organization"), ["甲公司"], [5]),
        (a_field("integer"), [0, -3, 5.0], [1.5, "5", True, 2**60]),
        (a_field("integer", minimum=1), [1], [0, -1]),
        (a_field("decimal"), [1, 1.5, "150000.50"], ["1,5", "1e5", "-1", True, "x"]),
        (a_field("decimal", minimum=0), [0, "0.0"], [-0.1]),
        (a_field("boolean"), [True, False], [0, "true"]),
        (a_field("month"), ["2026-03"], ["2026-13", "2026-3", 202603]),
        (a_field("url"), ["https://example.test/a"], ["ftp://x", "javascript:1", "x" * 10]),
    ],
)
def test_an_attribute_is_of_its_fields_kind(
    field: dict[str, Any], good: list[object], bad: list[object]
) -> None:
    for value in good:
        assert check_attributes([field], {"x": value}) == [], value
    for value in bad:
        wrong = check_attributes([field], {"x": value})
        assert [error.pointer for error in wrong] == ["/attributes/x"], value


def test_attributes_that_are_missing_or_unknown_are_named() -> None:
    fields = [a_field("text", required=True)]
    wrong = check_attributes(fields, {"y": "a"})
    assert [(error.code, error.pointer) for error in wrong] == [
        ("field.missing", "/attributes/x"),
        ("field.unknown", "/attributes/y"),
    ]


@pytest.mark.parametrize(("workers", "level"), [(9, "general"), (10, "urgent"), ("10", "general")])
def test_a_rule_raises_the_level_from_its_threshold_on(workers: object, level: str) -> None:
    rule = {"field": "worker_count", "at_least": 10, "level": "urgent"}
    category = Category("1701", "17", {}, "general", {"level_rules": [rule]})
    assert level_of(category, {"worker_count": workers}) == level
    assert level_of(category, {}) == "general"
