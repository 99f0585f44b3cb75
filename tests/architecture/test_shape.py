"""The house limits hold: sizes, documentation, annotations, the share of tests."""

from __future__ import annotations

import functools

from infra import shape


@functools.cache
def code() -> list[shape.Module]:
    """Read once: half a thousand files."""
    return list(shape.modules(shape.CODE))


@functools.cache
def measured() -> dict[str, float]:
    return shape.figures(code(), shape.modules(shape.TESTS))


def test_the_code_keeps_within_the_house_limits() -> None:
    assert shape.breaches(measured()) == []


def test_what_is_not_reached_yet_gets_no_worse() -> None:
    for name, floor in shape.RATCHET.items():
        assert measured()[name] >= floor, f"{name} fell under what was reached before"
        assert floor < shape.LIMITS[name], f"{name} is reached: take it out of the ratchet"


def test_the_kit_the_engine_and_the_routes_are_documented_wholly() -> None:
    strict = ("kit/", "services/grid_partition/engine/")
    bare = [
        function.where
        for module in code()
        if module.path.startswith(strict) or "/api/" in module.path
        for function in module.functions
        if function.public and not function.documented
    ]
    assert bare == []


def test_a_breach_is_found_and_named() -> None:
    good = dict(shape.LIMITS)
    assert shape.breaches(good) == []
    assert shape.breaches(good | {"function_max": 61.0, "annotated_min": 0.5}) == [
        "function is 61, over 60",
        "annotated is 0.5, under 0.98",
    ]
