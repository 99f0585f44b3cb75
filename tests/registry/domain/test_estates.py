"""Who looks after an estate."""

from __future__ import annotations

from itertools import product

import pytest

from services.registry.domain.estates import ManagementMode, has_company, is_three_no


@pytest.mark.parametrize("facts", list(product([True, False, None], repeat=3)))
def test_a_three_no_yard_lacks_all_three_and_that_is_known(
    facts: tuple[bool | None, bool | None, bool | None],
) -> None:
    names = ("has_property_company", "has_owners_committee", "has_resident_organization")
    found = is_three_no(dict(zip(names, facts, strict=True)))
    if True in facts:
        assert found is False
    elif None in facts:
        assert found is None
    else:
        assert found is True


@pytest.mark.parametrize(
    ("mode", "stated", "expected"),
    [
        ("property_company", None, True),
        ("none", None, False),
        ("self_managed", None, False),
        ("property_company", False, False),
        (None, True, True),
        (None, None, None),
    ],
)
def test_the_mode_tells_of_a_company_where_nothing_is_said(
    mode: ManagementMode | None, stated: bool | None, expected: bool | None
) -> None:
    assert has_company(mode, stated) is expected
