"""Masks hide what would find a person, whatever the text looks like."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.masking import mask_birth_date, mask_id_number, mask_name, mask_phone, mask_room

TEXT = st.text(min_size=1, max_size=40)


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("王五", "王*"),
        ("欧阳锋锋", "欧***"),
        ("李", "*"),
        ("阿依古丽·买买提", "阿" + "*" * 7),
        ("", "*"),
    ],
)
def test_names_keep_their_first_character(name: str, masked: str) -> None:
    assert mask_name(name) == masked


@pytest.mark.parametrize(
    ("phone", "masked"),
    [
        ("13800138000", "138****8000"),
        ("0971-8123567", "0971-****567"),
        ("09718123567", "0971-****567"),
        ("010-81235678", "010-*****678"),
        ("0971-8123567-801", "0971-****567-***"),
        ("12345", "***45"),
        ("110", "***"),
    ],
)
def test_phones_lose_their_middle(phone: str, masked: str) -> None:
    assert mask_phone(phone) == masked


def test_identity_numbers_lose_the_day_of_birth() -> None:
    assert mask_id_number("63010219900307121X") == "6301************1X"
    assert mask_id_number("123456") == "******"
    assert mask_birth_date(1990) == "1990-**-**"


@pytest.mark.parametrize(
    ("room", "masked"), [("3-1-502", "3-1-***"), ("1202室", "****室"), ("B座", "*座"), ("", "")]
)
def test_rooms_lose_their_digits(room: str, masked: str) -> None:
    assert mask_room(room) == masked


@given(TEXT)
def test_no_mask_shows_more_than_it_says(text: str) -> None:
    assert sum(mark != "*" for mark in mask_name(text)) <= 1
    assert sum(mark != "*" for mark in mask_id_number(text)) <= 6
    assert len(mask_id_number(text)) == len(text)


@given(st.from_regex(r"\A1[3-9][0-9]{9}\Z"))
def test_a_masked_mobile_number_hides_four_digits(phone: str) -> None:
    masked = mask_phone(phone)
    assert masked.count("*") == 4
    assert phone not in masked
