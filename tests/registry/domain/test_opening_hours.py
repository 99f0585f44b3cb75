"""Opening hours that are understood, and those that are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.domain.opening_hours import normalised_hours
from services.registry.domain.organization_problems import OpeningHoursInvalid

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("24/7", "24/7"),
        ("08:00-20:00", "08:00-20:00"),
        ("Mo-Fr 09:00-12:00,14:00-18:00", "Mo-Fr 09:00-12:00,14:00-18:00"),
        ("Mo,We,Fr 09:00-17:30;Sa 10:00-16:00", "Mo,We,Fr 09:00-17:30; Sa 10:00-16:00"),
        ("Mo-Su  00:00-24:00 ; PH off;", "Mo-Su 00:00-24:00; PH off"),
        ("Mo-Fr 09：00-17：00；Sa off", "Mo-Fr 09:00-17:00; Sa off"),
        ("Mo 09:00-12:00,12:00-18:00", "Mo 09:00-12:00,12:00-18:00"),
    ],
)
def test_hours_are_kept_in_one_spelling(written: str, kept: str) -> None:
    assert normalised_hours(written) == kept
    assert normalised_hours(kept) == kept


@pytest.mark.parametrize(
    "written",
    [
        "", ";", "always", "9-17", "Mo-Fr", "Mo-Fr 9:00-17:00", "Mo-Fr 09:00-25:00",
        "Mo-Fr 17:00-09:00", "Mo-Fr 09:00-09:00", "Fr-Mo 09:00-17:00", "Mo-Mo 09:00-17:00",
        "PH-Mo 09:00-17:00", "Mo-Fr 09:00-12:00,11:00-18:00", "24/7; Mo off", "Mon 09:00-17:00",
        "Mo-Fr 09:60-17:00", "Mo-Fr 09:00-17:00 Sa 10:00-16:00",
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_at_its_field(written: str) -> None:
    with pytest.raises(OpeningHoursInvalid) as refused:
        normalised_hours(written)
    assert refused.value.errors[0].pointer == "/opening_hours"


@given(
    first=st.integers(0, 6),
    last=st.integers(0, 6),
    opens=st.integers(0, 1439),
    closes=st.integers(0, 1440),
)
def test_days_and_times_must_run_forward(first: int, last: int, opens: int, closes: int) -> None:
    days = DAYS[first] if first == last else f"{DAYS[first]}-{DAYS[last]}"
    hours = f"{opens // 60:02}:{opens % 60:02}-{closes // 60:02}:{closes % 60:02}"
    written = f"{days} {hours}"
    if first <= last and opens < closes:
        assert normalised_hours(written) == written
    else:
        with pytest.raises(OpeningHoursInvalid):
            normalised_hours(written)
