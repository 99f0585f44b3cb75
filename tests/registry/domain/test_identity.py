"""Identity numbers and phones: one form, checked, and what they say."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.registry.domain import identity
from services.registry.domain.identity import (
    NumberRefused,
    check_character,
    normal_id_number,
    normal_phone,
    read_id_number,
    remarks_on,
)

TODAY = date(2026, 3, 2)
DAYS = st.dates(date(1850, 1, 1), TODAY)


def a_number(born: date, region: str = "630102", sequence: int = 12) -> str:
    digits = f"{region}{born:%Y%m%d}{sequence:03d}"
    return digits + check_character(digits)


@given(DAYS, st.from_regex(r"\A[1-8][0-9]{5}\Z"), st.integers(0, 999))
def test_a_number_says_when_its_bearer_was_born_and_the_sex(
    born: date, region: str, sequence: int
) -> None:
    number = a_number(born, region, sequence)
    found = read_id_number(number, TODAY)
    assert (found.number, found.birth_date, found.province) == (number, born, region[:2])
    assert found.sex == ("male" if sequence % 2 else "female")


@given(DAYS, st.integers(0, 999), st.integers(0, 16), st.integers(1, 9))
def test_one_mistyped_digit_is_always_found(born: date, sequence: int, at: int, by: int) -> None:
    number = a_number(born, sequence=sequence)
    wrong = number[:at] + str((int(number[at]) + by) % 10) + number[at + 1 :]
    with pytest.raises(NumberRefused):
        read_id_number(wrong, TODAY)


@given(DAYS, st.integers(0, 999), st.integers(0, 15))
def test_two_exchanged_neighbours_are_always_found(born: date, sequence: int, at: int) -> None:
    number = a_number(born, sequence=sequence)
    assume(number[at] != number[at + 1])
    wrong = number[:at] + number[at + 1] + number[at] + number[at + 2 :]
    with pytest.raises(NumberRefused):
        read_id_number(wrong, TODAY)


@given(st.dates(date(1900, 1, 1), date(1999, 12, 31)), st.integers(0, 999))
def test_the_old_form_becomes_the_new_one(born: date, sequence: int) -> None:
    number = a_number(born, sequence=sequence)
    old = number[:6] + number[8:17]
    assert normal_id_number(old) == number
    assert read_id_number(old, TODAY).birth_date == born


@pytest.mark.parametrize(
    "written",
    [
        "11010519491231002x",
        "１１０１０５１９４９１２３１００２Ｘ",
        " 110105 19491231 002X ",
        "110105-19491231-002X",
        "110105491231002",
    ],
)
def test_every_way_to_write_the_example_of_the_standard_is_one_number(written: str) -> None:
    assert read_id_number(written, TODAY).number == "11010519491231002X"


@pytest.mark.parametrize(
    ("written", "remark"),
    [
        ("", identity.FORM),
        ("12345", identity.FORM),
        ("1101051949123100２２２", identity.FORM),
        ("1101051949123100XX", identity.FORM),
        ("110105194912310021", identity.CHECK),
        ("110105194913310026", identity.BIRTHDAY),
        (a_number(date(2026, 3, 2) + timedelta(days=1)), identity.BIRTHDAY),
        (a_number(date(1849, 12, 31)), identity.BIRTHDAY),
        ("110105491331002", identity.BIRTHDAY),
    ],
)
def test_what_is_wrong_with_a_number_is_named(written: str, remark: identity.Remark) -> None:
    with pytest.raises(NumberRefused) as caught:
        read_id_number(written, TODAY)
    assert caught.value.remark is remark
    assert written == "" or written not in str(caught.value)


@given(st.text(max_size=40))
def test_any_text_is_a_number_or_refused_by_name(written: str) -> None:
    for read in (lambda: read_id_number(written, TODAY), lambda: normal_phone(written)):
        try:
            read()
        except NumberRefused as refused:
            assert refused.remark.text.en  # noqa: PT017 - either is right


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("13800138000", "13800138000"),
        ("+86 138 0013 8000", "13800138000"),
        ("0086-138-0013-8000", "13800138000"),
        ("１３８００１３８０００", "13800138000"),
        ("0971-8123567", "0971-8123567"),
        ("(0971) 812 3567", "0971-8123567"),
        ("09718123567", "0971-8123567"),
        ("010-62345678", "010-62345678"),
        ("02987654321", "029-87654321"),
        ("0971-8123567转801", "0971-8123567-801"),
        ("0971-8123567 ext. 801", "0971-8123567-801"),
        ("0971-8123567-801", "0971-8123567-801"),
        ("010-62345678-8", "010-62345678-8"),
    ],
)
def test_every_way_to_write_a_phone_is_one_phone(written: str, normal: str) -> None:
    assert normal_phone(written) == normal


@pytest.mark.parametrize(
    "written",
    [
        "",
        "110",
        "8123567",
        "12800138000",
        "1380013800",
        "138001380000",
        "0971-1123567",
        "+1 202 555",
    ],
)
def test_what_is_no_phone_is_refused(written: str) -> None:
    with pytest.raises(NumberRefused) as caught:
        normal_phone(written)
    assert caught.value.remark is identity.PHONE


@given(st.from_regex(r"\A1[3-9][0-9]{9}\Z"))
def test_a_normal_phone_is_its_own_normal_form(phone: str) -> None:
    assert normal_phone(phone) == phone
    assert normal_phone("+86" + phone) == phone


def test_oddities_are_remarked_upon_and_never_refused() -> None:
    number = a_number(date(1990, 3, 7), sequence=12)
    assert remarks_on(number, {"63"}, "female") == []
    assert remarks_on(number, {"63"}, None) == []
    assert remarks_on(None, {"63"}, "male") == []
    assert remarks_on(number, {"11"}, "male") == [identity.REGION, identity.SEX_DIFFERS]
