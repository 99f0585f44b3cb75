"""What a division code says by itself."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.domain import divisions
from services.registry.domain.problems import (
    DivisionCodePadded,
    DivisionKindMismatch,
    DivisionParentMismatch,
    DivisionSectionMismatch,
)


@pytest.mark.parametrize(
    ("code", "parent", "kind", "is_community"),
    [
        ("630102", None, "district", False),
        ("630102002", "630102", "street", False),
        ("630102002008", "630102002", "community", True),
    ],
)
def test_a_code_tells_parent_and_level(
    code: str, parent: str | None, kind: str, is_community: bool
) -> None:
    assert divisions.parent_of(code) == parent
    assert divisions.plain_kind(code) == kind
    assert divisions.is_community(code) is is_community


@pytest.mark.parametrize(("kind", "digits"), sorted(divisions.DIGITS.items()))
def test_a_kind_fits_codes_of_its_level_only(kind: str, digits: int) -> None:
    divisions.check_kind("6" * digits, kind)
    for other in {6, 9, 12} - {digits}:
        with pytest.raises(DivisionKindMismatch) as refused:
            divisions.check_kind("6" * other, kind)
        assert refused.value.params == {"kind": kind, "digits": digits}


def test_a_stated_parent_must_be_the_codes_own() -> None:
    divisions.check_parent("630102002", "630102")
    divisions.check_parent("630102002", None)
    for wrong in ("630103", "630102001"):
        with pytest.raises(DivisionParentMismatch):
            divisions.check_parent("630102002", wrong)


def test_grids_are_drawn_in_communities_and_villages_unless_said_otherwise() -> None:
    governed = {kind for kind in divisions.DIGITS if divisions.is_governed_by_default(kind)}
    assert governed == {"community", "village"}


SHIPPED = Path(divisions.__file__).parent.parent / "data" / "divisions_630102.csv"


def test_every_shipped_division_fits_its_section() -> None:
    with SHIPPED.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 71
    for row in rows:
        divisions.check_kind(row["code"], row["kind"])
        assert divisions.plain_kind(row["code"]) == row["kind"]


@pytest.mark.parametrize(
    ("section", "upper", "lower"),
    [
        ("001", "street", "community"),
        ("099", "street", "community"),
        ("100", "town", "community"),
        ("199", "town", "community"),
        ("200", "township", "village"),
        ("399", "township", "village"),
        ("400", "industrial_park", "virtual_community"),
        ("599", "industrial_park", "virtual_community"),
        ("600", "street", "community"),
        ("999", "street", "community"),
    ],
)
def test_a_section_tells_the_kind(section: str, upper: str, lower: str) -> None:
    assert divisions.plain_kind(f"630102{section}") == upper
    assert divisions.plain_kind(f"630102001{section}") == lower


@given(section=st.integers(1, 999), kind=st.sampled_from(sorted(divisions.DIGITS)))
def test_a_kind_fits_its_own_section_and_any_open_one(section: int, kind: str) -> None:
    digits = divisions.DIGITS[kind]
    if digits == 6:
        return
    code = "630102001"[: digits - 3] + f"{section:03}"
    if section >= 400 or divisions.plain_kind(code) == kind:
        divisions.check_kind(code, kind)
    else:
        with pytest.raises(DivisionSectionMismatch):
            divisions.check_kind(code, kind)
    divisions.check_kind(code, kind, sections=False)


def test_a_section_of_zeros_is_no_division() -> None:
    for code, kind in (("630102000", "street"), ("630102001000", "community")):
        with pytest.raises(DivisionCodePadded):
            divisions.check_kind(code, kind)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("630102000000", "630102"),
        ("630102002000", "630102002"),
        ("630102002008", "630102002008"),
        ("630102000", "630102"),
        ("630102", "630102"),
        ("630000", "630000"),
    ],
)
def test_padding_is_taken_off(written: str, code: str) -> None:
    assert divisions.unpadded(written) == code


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("[已撤销]旧社区", "旧社区"),
        ("旧社区[已撤销]", "旧社区"),
        ("旧社区 【已撤销】", "旧社区"),
        ("旧社区（已撤销）", "旧社区"),
        ("[已撤销]", ""),
    ],
)
def test_the_mark_of_public_lists_is_read(written: str, name: str) -> None:
    assert divisions.without_mark(written) == (name, True)
    assert divisions.without_mark("已撤销路社区") == ("已撤销路社区", False)


def test_stated_divisions_above_must_be_prefixes() -> None:
    divisions.check_above("630102002008", {6: "630102", 4: "6301", 2: "63"})
    divisions.check_above("630102", {6: None, 4: "6301", 2: None})
    for wrong in ({6: "630103"}, {4: "6302"}, {2: "62"}):
        with pytest.raises(DivisionParentMismatch):
            divisions.check_above("630102002008", wrong)
