"""Opening hours in the form that OpenStreetMap uses, as much of it as a service point needs."""

from __future__ import annotations

import itertools
import re

from kit.errors import FieldError
from services.registry.domain.organization_problems import OpeningHoursInvalid

_DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_DAY = "(?:Mo|Tu|We|Th|Fr|Sa|Su|PH)"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00"
_SPAN = rf"(?:{_TIME})-(?:{_TIME})"
_RULE = re.compile(
    rf"^(?:(?P<days>{_DAY}(?:-{_DAY})?(?:,{_DAY}(?:-{_DAY})?)*) )?"
    rf"(?P<hours>off|{_SPAN}(?:,{_SPAN})*)$"
)
ALWAYS = "24/7"


def normalised_hours(text: str) -> str:
    """Return opening hours with single blanks, or refuse what cannot be read: OpeningHoursInvalid.

    `Mo-Fr 09:00-12:00,14:00-18:00; Sa 10:00-16:00; PH off`, `08:00-20:00` (every day), `24/7`.
    """
    plain = " ".join(text.replace("；", ";").replace("：", ":").split())
    rules = [part.strip() for part in plain.split(";") if part.strip()]
    if rules == [ALWAYS]:
        return ALWAYS
    if not rules or not all(_is_rule(rule) for rule in rules):
        error = FieldError(
            code=OpeningHoursInvalid.code,
            text=OpeningHoursInvalid.detail,
            pointer="/opening_hours",
        )
        raise OpeningHoursInvalid(errors=[error])
    return "; ".join(rules)


def _is_rule(rule: str) -> bool:
    found = _RULE.match(rule)
    if found is None:
        return False
    return _in_order(found["hours"]) and all(
        _is_days(part) for part in (found["days"] or "").split(",") if part
    )


def _is_days(part: str) -> bool:
    first, _, last = part.partition("-")
    if not last:
        return True
    return first in _DAYS and last in _DAYS and _DAYS.index(first) < _DAYS.index(last)


def _in_order(hours: str) -> bool:
    if hours == "off":
        return True
    times = [time for span in hours.split(",") for time in span.split("-")]
    return all(
        before < later or (before == later and index % 2)
        for index, (before, later) in enumerate(itertools.pairwise(times))
    )
