"""English plurals and lists in sentences that live in data files."""

from __future__ import annotations

import pytest

from services.grid_partition.domain.wording import Count, counted, listed


@pytest.mark.parametrize(
    ("count", "told"),
    [(0, "0 grids are"), (1, "1 grid is"), (2, "2 grids are"), (1200, "1,200 grids are")],
)
def test_a_count_brings_its_noun_and_its_verb(count: int, told: str) -> None:
    assert f"{Count(count):grid is|grids are}" == told


def test_a_word_may_stand_without_its_number() -> None:
    text = "{n:=was|were} placed"
    assert [text.format(n=Count(n)) for n in (1, 3)] == ["was placed", "were placed"]


def test_a_count_is_still_a_number() -> None:
    assert f"{Count(1200)} {Count(1200):,} {Count(7):03d}" == "1200 1,200 007"
    assert Count(3) + 1 == 4


def test_only_whole_numbers_become_counts() -> None:
    made = counted({"n": 2, "yes": True, "share": 0.5, "name": "a"})
    assert {name: type(value) for name, value in made.items()} == {
        "n": Count, "yes": bool, "share": float, "name": str,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("items", "english", "chinese"),
    [
        ([], "", ""),
        (["a"], "a", "a"),
        (["a", "b"], "a and b", "a、b"),
        (["a", "b", "c"], "a, b and c", "a、b、c"),
    ],
)
def test_lists_are_told(items: list[str], english: str, chinese: str) -> None:
    assert listed(items, "en") == english
    assert listed(items, "zh-CN") == chinese
