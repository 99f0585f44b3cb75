from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cli.case_codes import CommunitySeen, codes_of, default_prefix
from gateway.cli.failures import CliFailure


def seen(*codes: str, street: str = "") -> list[CommunitySeen]:
    return [CommunitySeen(code, f"name {code}", street) for code in codes]


def test_twelve_digits_stand_as_they_are() -> None:
    codes = codes_of("x", seen("990001001001", "990001002001"))
    assert not codes.is_mapped
    assert codes.areas == ["990001"]
    assert [street.code for street in codes.streets] == ["990001001", "990001002"]


def test_the_tail_of_a_foreign_code_is_kept_where_it_is_unique() -> None:
    codes = codes_of("tainan-east", seen("67000320001", "67000320037", street="67000320"))
    prefix = default_prefix("tainan-east")
    assert codes.own == {
        "67000320001": f"{prefix}001001",
        "67000320037": f"{prefix}001037",
    }


def test_communities_without_a_usable_tail_are_numbered_in_code_order() -> None:
    codes = codes_of("x", seen("west", "east"), prefix="980001")
    assert codes.own == {"east": "980001001001", "west": "980001001002"}


def test_the_same_case_gets_the_same_codes_in_any_order() -> None:
    there = codes_of("x", seen("c", "a", "b"))
    back = codes_of("x", seen("b", "c", "a"))
    assert there.own == back.own


@given(
    st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=40, unique=True),
    st.sampled_from(["", "S"]),
)
def test_codes_have_twelve_digits_and_are_unique(names: list[str], street: str) -> None:
    own = codes_of("x", seen(*names, street=street)).own
    assert len(set(own.values())) == len(names)
    assert all(len(code) == 12 and code.isascii() and code.isdigit() for code in own.values())


@pytest.mark.parametrize("prefix", ["12345", "abcdef", "1234567", ""])
def test_a_prefix_of_another_shape_is_refused(prefix: str) -> None:
    with pytest.raises(CliFailure) as refused:
        codes_of("x", seen("a"), prefix=prefix)
    assert refused.value.code == "cli.bad_prefix"


def test_twin_codes_and_empty_cases_are_refused() -> None:
    for communities in (seen("a", "a"), []):
        with pytest.raises(CliFailure) as refused:
            codes_of("x", communities)
        assert refused.value.code == "cli.community_codes"


def test_a_street_of_a_thousand_communities_is_refused() -> None:
    with pytest.raises(CliFailure) as refused:
        codes_of("x", seen(*(f"q{n}" for n in range(1000))))
    assert refused.value.code == "cli.community_codes"
