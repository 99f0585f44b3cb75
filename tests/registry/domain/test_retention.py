"""Months back, to the last day of shorter ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.domain.retention import months_before

AT = datetime(2026, 3, 31, 1, 2, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("months", "day"),
    [
        (1, (2026, 2, 28)),
        (2, (2026, 1, 31)),
        (3, (2025, 12, 31)),
        (4, (2025, 11, 30)),
        (25, (2024, 2, 29)),
        (1200, (1926, 3, 31)),
    ],
)
def test_months_go_back_to_the_same_day_or_the_last(months: int, day: tuple[int, int, int]) -> None:
    assert months_before(AT, months) == AT.replace(year=day[0], month=day[1], day=day[2])


@given(st.integers(0, 30_000), st.integers(1, 1200))
def test_more_months_go_further_back(days: int, months: int) -> None:
    at = AT + timedelta(days=days)
    assert months_before(at, months + 1) < months_before(at, months) < at
