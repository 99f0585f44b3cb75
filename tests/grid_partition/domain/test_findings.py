"""Every code of the engine has its sentence, in both languages, with every parameter."""

from __future__ import annotations

import re
from typing import Any

import pytest

from services.grid_partition.domain import failures, findings, naming
from services.grid_partition.engine import ViolationCode

PARAMS: dict[str, list[dict[str, Any]]] = {
    "too_few_households": [{"households": 44, "min": 300}],
    "no_count_between": [
        {"households": 560, "min": 300, "max": 500, "proof": "arithmetic"},
        {"households": 987, "min": 300, "max": 500, "proof": "enumeration", "columns": 444},
    ],
    "estates_block": [
        {"proven": True, "released": 3, "split": 2},
        {"proven": False, "released": 1, "split": 1},
    ],
    "building_over_max": [{"households": 900, "max": 500}],
    "unreachable_part": [{"households": 90, "min": 300, "max": 500}],
    "missing_location": [{"count": 4}],
    "population_over_max": [{"population": 2600, "max": 2500}],
    "not_found": [{"households": 900, "grids_outside": 1}],
}


def test_every_code_of_the_engine_is_covered() -> None:
    assert set(PARAMS) == {code.value for code in ViolationCode} == set(findings.catalogue())


@pytest.mark.parametrize(
    ("code", "params"), [(code, params) for code, sets in PARAMS.items() for params in sets]
)
def test_a_sentence_holds_its_numbers(code: str, params: dict[str, Any]) -> None:
    for language in ("en", "zh-CN"):
        told = findings.explain(code, params, language)  # type: ignore[arg-type]
        assert "{" not in told
        assert re.search(r"\d|proven", told)
    chinese = findings.explain(code, params, "zh-CN")
    assert re.search(r"[\u4e00-\u9fff]", chinese)


def test_every_failure_has_its_sentence() -> None:
    params = {
        "community": "630102002001", "attempts": 3, "error": "ValueError", "count": 2,
        "communities": "a, b", "waited_s": 600,
    }  # fmt: skip
    for code in failures.catalogue():
        for language in ("en", "zh-CN"):
            told = failures.explain({"code": code, **params}, language)  # type: ignore[arg-type]
            assert told["code"] == code
            assert "{" not in told["detail"]


def test_grids_are_named_after_their_community() -> None:
    assert naming.grid_name("团结社区", 8) == "团结社区第8网格"
