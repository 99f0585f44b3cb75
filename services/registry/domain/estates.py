"""Estates: residential compounds, courtyards and villages, and who looks after them."""

from __future__ import annotations

from typing import Literal

ManagementMode = Literal["property_company", "self_managed", "community_managed", "none"]


def is_three_no(
    *,
    has_property_company: bool | None,
    has_owners_committee: bool | None,
    has_resident_organization: bool | None,
) -> bool | None:
    """Tell whether an estate is a three-no yard (三无楼院); None while a needed fact is unknown.

    One true fact is enough for "no"; only three known absences make a "yes".
    """
    facts = (has_property_company, has_owners_committee, has_resident_organization)
    if any(facts):
        return False
    return None if None in facts else True


def has_company(mode: ManagementMode | None, stated: bool | None) -> bool | None:
    """Return whether a property company runs the estate; the mode decides where nothing is said."""
    if stated is not None or mode is None:
        return stated
    return mode == "property_company"
