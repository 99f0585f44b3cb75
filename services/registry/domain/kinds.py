"""Kinds of organizations, service points, teams and dwellings: a data file, not code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from kit.errors import FieldError, Text
from services.registry.domain.organization_problems import KindUnknown

KindedNoun = Literal["organization", "service_point", "team", "dwelling"]
NOUNS: tuple[KindedNoun, ...] = ("organization", "service_point", "team", "dwelling")
EstateParty = Literal["property_company", "owners_committee", "party_branch", "residents_group"]
PARTIES: tuple[EstateParty, ...] = (
    "property_company",
    "owners_committee",
    "party_branch",
    "residents_group",
)
SHIPPED = Path(__file__).parent.parent / "data" / "kinds.json"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind: its code, its name, and what follows from it.

    `estate_party` is the one of an estate's four parties that an organization can be; `is_home`
    says that people live in dwellings of this kind, so that they are counted.
    """

    code: str
    name: Text
    estate_party: EstateParty | None = None
    is_home: bool = False


class Kinds:
    """The kinds that this installation knows, by noun, in the order of their file."""

    def __init__(self, of: Mapping[KindedNoun, Mapping[str, Kind]]) -> None:
        self._of = of

    def all(self, noun: KindedNoun) -> list[Kind]:
        """Return the kinds of a noun."""
        return list(self._of[noun].values())

    def knows(self, noun: KindedNoun, code: str) -> bool:
        """Tell whether a noun has a kind of this code."""
        return code in self._of[noun]

    def check(self, noun: KindedNoun, code: str, field: str = "kind") -> None:
        """Refuse a kind that is not in the file: KindUnknown."""
        if not self.knows(noun, code):
            error = FieldError(
                code=KindUnknown.code,
                text=KindUnknown.detail,
                pointer=f"/{field}",
                params=(("noun", noun),),
            )
            raise KindUnknown(errors=[error], noun=noun)

    @property
    def homes(self) -> list[str]:
        """The kinds of dwellings that count as homes."""
        return [kind.code for kind in self._of["dwelling"].values() if kind.is_home]

    def party_of(self, code: str) -> EstateParty | None:
        """Return which of an estate's four parties an organization of this kind can be."""
        kind = self._of["organization"].get(code)
        return None if kind is None else kind.estate_party


def read_kinds(path: Path = SHIPPED) -> Kinds:
    """Return the kinds of a file; raises ValueError naming what is wrong with it."""
    found = json.loads(path.read_text(encoding="utf-8"))
    return Kinds({noun: _kinds(noun, found.get(noun)) for noun in NOUNS})


def _kinds(noun: str, found: Any) -> dict[str, Kind]:
    if not isinstance(found, dict) or not found:
        message = f"the file of kinds lacks {noun}"
        raise ValueError(message)
    return {code: _kind(noun, code, entry) for code, entry in found.items()}


def _kind(noun: str, code: str, entry: Any) -> Kind:
    party = entry.get("estate_party") if isinstance(entry, dict) else None
    named = isinstance(entry, dict) and entry.get("zh") and entry.get("en")
    if not named or (party is not None and party not in PARTIES):
        message = f"the file of kinds: {noun}.{code} needs `zh` and `en`, and one of four parties"
        raise ValueError(message)
    return Kind(code, Text(entry["en"], entry["zh"]), party, entry.get("is_home") is True)
