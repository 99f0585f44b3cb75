"""Codes of places: cases with codes of their own are filed under twelve digits.

The registry knows districts (6 digits), streets (9) and communities (12).  A case that uses other
codes keeps its own ones as `source_id`s and gets twelve digits by a rule without memory: the same
file always gets the same codes, so that loading twice changes nothing.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.cli.failures import CliFailure

_TWELVE = re.compile(r"\d{12}")
_PREFIX = re.compile(r"\d{6}")
_TAIL = re.compile(r"\d{3}$")


@dataclass(frozen=True, slots=True)
class Place:
    """A division: its code here, its name, its code in the case."""

    code: str
    name: str
    original: str


@dataclass(frozen=True, slots=True)
class CaseCodes:
    """The divisions of a case: districts, streets, communities, and original -> own code."""

    districts: Sequence[Place]
    streets: Sequence[Place]
    communities: Sequence[Place]

    @property
    def own(self) -> dict[str, str]:
        """Return the code here of each community's original code."""
        return {place.original: place.code for place in self.communities}

    @property
    def is_mapped(self) -> bool:
        """Tell whether any community has another code here than in the case."""
        return any(place.code != place.original for place in self.communities)

    @property
    def areas(self) -> list[str]:
        """Return the district codes: what to give `plan --area`."""
        return [place.code for place in self.districts]


@dataclass(frozen=True, slots=True)
class CommunitySeen:
    """What the rule reads of a community."""

    code: str
    name: str
    street_code: str = ""
    street_name: str = ""


def codes_of(
    case_name: str, communities: Sequence[CommunitySeen], prefix: str | None = None
) -> CaseCodes:
    """Return the divisions of a case.

    Twelve-digit codes stand as they are (unless a prefix is given).  Others are filed below the
    given six digits, by default 98 and a checksum of the case's name (98.... is unassigned):
    streets are numbered in the order of their codes, a community keeps the last three digits of
    its code where these are unique in the street and is numbered in code order otherwise.
    """
    if prefix is not None and not _PREFIX.fullmatch(prefix):
        raise CliFailure(
            "cli.bad_prefix", f"{prefix!r} is no area prefix.", cure="Give six digits, e.g. 980001."
        )
    _refuse_twins(communities)
    if prefix is None and all(_TWELVE.fullmatch(seen.code) for seen in communities):
        return _as_they_are(case_name, communities)
    return _mapped(case_name, communities, prefix or default_prefix(case_name))


def default_prefix(case_name: str) -> str:
    """Return the six digits that a case without codes of its own is filed under."""
    return f"98{zlib.crc32(case_name.encode()) % 10_000:04d}"


def _refuse_twins(communities: Sequence[CommunitySeen]) -> None:
    codes = [seen.code for seen in communities]
    twins = sorted({code for code in codes if codes.count(code) > 1})
    if twins or not codes:
        raise CliFailure(
            "cli.community_codes",
            f"Communities with the same code: {', '.join(twins[:5])}."
            if twins
            else "The case has no community.",
            cure="Each community needs a code of its own.",
        )


def _as_they_are(case_name: str, communities: Sequence[CommunitySeen]) -> CaseCodes:
    streets = {
        seen.code[:9]: seen.street_name or f"{case_name} {seen.code[6:9]}" for seen in communities
    }
    districts = sorted({code[:6] for code in streets})
    return CaseCodes(
        [Place(code, case_name, code) for code in districts],
        [Place(code, name, code) for code, name in sorted(streets.items())],
        [Place(seen.code, seen.name, seen.code) for seen in communities],
    )


def _mapped(case_name: str, communities: Sequence[CommunitySeen], prefix: str) -> CaseCodes:
    street_names = {seen.street_code: seen.street_name for seen in communities}
    streets = [
        Place(f"{prefix}{number:03d}", street_names[code] or case_name, code)
        for number, code in enumerate(sorted(street_names), start=1)
    ]
    places: list[Place] = []
    for street in streets:
        members = sorted(
            (seen for seen in communities if seen.street_code == street.original),
            key=lambda seen: seen.code,
        )
        numbers = _numbers([seen.code for seen in members])
        places += [
            Place(f"{street.code}{number}", seen.name, seen.code)
            for seen, number in zip(members, numbers, strict=True)
        ]
    return CaseCodes([Place(prefix, case_name, prefix)], streets, places)


def _numbers(codes: Sequence[str]) -> list[str]:
    if len(codes) > 999:
        raise CliFailure(
            "cli.community_codes",
            f"A street of {len(codes)} communities does not fit three digits.",
            cure="Give the communities street codes (`street_code`).",
        )
    tails = [match.group() if (match := _TAIL.search(code)) else "000" for code in codes]
    if len(set(tails)) == len(tails) and "000" not in tails:
        return tails
    return [f"{number:03d}" for number in range(1, len(codes) + 1)]
