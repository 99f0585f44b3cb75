"""Estates: residential compounds, courtyards and villages, and who looks after them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from services.registry.domain.kinds import PARTIES, EstateParty
from services.registry.domain.organization_problems import PartyContradicted

ManagementMode = Literal["property_company", "self_managed", "community_managed", "none"]

#: Party -> the fact that says whether the estate has one.
FACTS: Mapping[EstateParty, str] = {
    "property_company": "has_property_company",
    "owners_committee": "has_owners_committee",
    "party_branch": "has_party_branch",
    "residents_group": "has_resident_organization",
}
#: The parties whose absence makes a three-no yard, unless the operator says otherwise.
THREE_NO: tuple[EstateParty, ...] = ("property_company", "owners_committee", "residents_group")


def is_three_no(facts: Mapping[Any, Any], parties: Sequence[EstateParty] = THREE_NO) -> bool | None:
    """Tell whether an estate is a three-no yard (三无楼院); None while a needed fact is unknown.

    One true fact is enough for "no"; only known absences of all make a "yes".
    """
    known = [facts[FACTS[party]] for party in parties]
    if any(known):
        return False
    return None if None in known else True


def has_company(mode: ManagementMode | None, stated: bool | None) -> bool | None:
    """Return whether a property company runs the estate; the mode decides where nothing is said."""
    if stated is not None or mode is None:
        return stated
    return mode == "property_company"


def settle_parties(values: dict[str, Any]) -> None:
    """Let an organization that is named as a party make its fact true.

    `values` holds the ids, the facts as they are stated, and the management mode.  Raises
    PartyContradicted where a party is named and its absence stated.
    """
    for party in PARTIES:
        if values[f"{party}_id"] is None:
            continue
        if values[FACTS[party]] is False:
            raise PartyContradicted(party=party)
        values[FACTS[party]] = True
    values["has_property_company"] = has_company(
        values["management_mode"], values["has_property_company"]
    )
