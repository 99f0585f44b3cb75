"""The unified social credit code, against published codes and against every slip of the pen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.domain.organization_problems import UsccInvalid
from services.registry.domain.organizations import is_uscc, normalised_uscc, uscc_check

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
#: Codes that are printed in public: companies, a public institution, a state organ.
PUBLISHED = ["91350100M000100Y43", "91110000600037341L", "91110000802100433B", "12100000400000624D"]
bodies = st.text(ALPHABET, min_size=17, max_size=17)


@pytest.mark.parametrize("code", PUBLISHED)
def test_published_codes_are_good(code: str) -> None:
    assert is_uscc(code)
    assert normalised_uscc(code) == code


@given(body=bodies)
def test_any_seventeen_characters_have_one_check_character(body: str) -> None:
    good = [last for last in ALPHABET if is_uscc(body + last)]
    assert good == [uscc_check(body)]


@given(body=bodies, place=st.integers(0, 17), other=st.sampled_from(ALPHABET))
def test_one_wrong_character_is_always_found(body: str, place: int, other: str) -> None:
    code = body + uscc_check(body)
    slip = code[:place] + other + code[place + 1 :]
    assert is_uscc(slip) is (slip == code)


@given(body=bodies, place=st.integers(0, 16))
def test_two_neighbours_in_the_wrong_order_are_always_found(body: str, place: int) -> None:
    code = body + uscc_check(body)
    slip = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    assert is_uscc(slip) is (slip == code)


@given(
    pair=st.text(ALPHABET, min_size=2, max_size=2), rest=st.text(ALPHABET, min_size=15, max_size=15)
)
def test_any_pair_of_prefix_characters_is_taken(pair: str, rest: str) -> None:
    assert is_uscc(pair + rest + uscc_check(pair + rest))


@pytest.mark.parametrize(
    "written",
    [
        "91350100m000100y43",
        " 91350100-M000100Y-43 ",
        "9135 0100 M000 100Y 43",
        "９１３５０１００Ｍ０００１００Ｙ４３",
    ],
)
def test_spellings_are_put_right(written: str) -> None:
    assert normalised_uscc(written) == "91350100M000100Y43"


@pytest.mark.parametrize(
    "written",
    [
        "",
        "91350100M000100Y44",
        "91350100M000100Y4",
        "91350100M000100Y433",
        "I" * 18,
        "9" * 18,
        "网" * 18,
    ],
)
def test_what_is_no_code_is_refused_at_its_field(written: str) -> None:
    with pytest.raises(UsccInvalid) as refused:
        normalised_uscc(written)
    (error,) = refused.value.errors
    assert (error.pointer, error.code) == ("/uscc", "uscc.invalid")
    assert not written or written not in str(refused.value)
