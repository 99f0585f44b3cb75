"""The house limits hold: sizes, documentation, annotations, the share of tests."""

from __future__ import annotations

from infra import shape


def test_the_code_keeps_within_the_house_limits() -> None:
    measured = shape.figures(shape.modules(shape.CODE), shape.modules(shape.TESTS))
    assert shape.breaches(measured) == []


def test_the_kit_the_engine_and_the_routes_are_documented_wholly() -> None:
    strict = ("kit/", "services/grid_partition/engine/")
    bare = [
        function.where
        for module in shape.modules(shape.CODE)
        if module.path.startswith(strict) or "/api/" in module.path
        for function in module.functions
        if function.public and not function.documented
    ]
    assert bare == []


def test_a_breach_is_found_and_named() -> None:
    measured = dict.fromkeys(shape.LIMITS, 1.0) | {"function_max": 61.0, "test_ratio_min": 0.5}
    assert shape.breaches(measured) == [
        "function is 61, over 60",
        "test_ratio is 0.5, under 1",
    ]
