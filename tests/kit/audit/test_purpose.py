"""X-Purpose: a code of the list, and words that name nobody."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.audit.purpose import PurposeNoteRefused, PurposeUnknown, read_purpose
from kit.audit.trail import Purpose
from kit.errors import Invalid

KNOWN = {"home_visit", "case_handling"}


@pytest.mark.parametrize(
    ("header", "purpose"),
    [
        ("home_visit", Purpose("home_visit")),
        ("home_visit;", Purpose("home_visit")),
        ("home_visit; annual round", Purpose("home_visit", "annual round")),
        (f"case_handling;{quote('入户走访')}", Purpose("case_handling", "入户走访")),
        ("home_visit; flat 12, 3rd floor", Purpose("home_visit", "flat 12, 3rd floor")),
        ("home_visit; grid 630102002008003", Purpose("home_visit", "grid 630102002008003")),
    ],
)
def test_a_code_and_words_are_read(header: str, purpose: Purpose) -> None:
    assert read_purpose(header, KNOWN) == purpose


@pytest.mark.parametrize("header", ["", "other", "Home_visit", " home_visit", "home_visit note"])
def test_an_unknown_code_is_refused_with_the_list(header: str) -> None:
    with pytest.raises(PurposeUnknown) as caught:
        read_purpose(header, KNOWN)
    told = caught.value.errors[0]
    assert told.parameter == "X-Purpose"
    assert "case_handling, home_visit" in told.detail("en")
    assert "case_handling, home_visit" in caught.value.render_detail("zh-CN")


@pytest.mark.parametrize(
    "note",
    [
        "x",
        "%FF%FE",
        "x" * 201,
        "a%00b",
        "%E2%80%AEx",
        "call 13800138000",
        "call 138-0013 8000",
        "63010219900307121X",
        quote("电话13800138000找他"),
        quote("电话１３８００１３８０００"),
        "0971-8123567",
        "630102900307121",
    ],
)
def test_words_that_are_unreadable_or_name_a_person_are_refused(note: str) -> None:
    with pytest.raises(PurposeNoteRefused):
        read_purpose(f"home_visit; {note}", KNOWN)


def test_where_words_are_needed_a_bare_code_is_refused() -> None:
    for header in ("home_visit", "home_visit;", "home_visit;  "):
        with pytest.raises(PurposeNoteRefused):
            read_purpose(header, KNOWN, needs_note=True)
    assert read_purpose("home_visit; audit", KNOWN, needs_note=True).note == "audit"


@given(st.text(max_size=300))
def test_any_header_is_read_or_refused_by_name(header: str) -> None:
    with suppress(Invalid):
        assert read_purpose(header, KNOWN).code in KNOWN
