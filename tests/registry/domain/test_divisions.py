"""What a division code says by itself."""

from __future__ import annotations

import pytest

from services.registry.domain import divisions
from services.registry.domain.problems import DivisionKindMismatch, DivisionParentMismatch


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
