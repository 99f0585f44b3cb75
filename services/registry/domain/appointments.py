"""Appointments (任职): who holds which post where, from when to when.

One person may hold several posts at once (交叉任职): that is reported, never refused.
"""

from __future__ import annotations

from datetime import date

from kit.errors import FieldError
from services.registry.domain.people_problems import AppointmentDates

COMMUNITY_DIGITS = 12


def check_dates(valid_from: date, valid_to: date | None, end_reason: str | None) -> None:
    """Refuse an end that is not after the begin, and a reason without an end: AppointmentDates.

    `valid_to` is the first day on which the post is no longer held.
    """
    wrong = None
    if valid_to is not None and valid_to <= valid_from:
        wrong = "/valid_to"
    elif valid_to is None and end_reason is not None:
        wrong = "/end_reason"
    if wrong is not None:
        error = FieldError(AppointmentDates.code, AppointmentDates.detail, pointer=wrong)
        raise AppointmentDates(errors=[error])


def division_of(place_code: str) -> str:
    """Return the division that a place is, or that holds it: a grid's code begins with its."""
    return place_code[:COMMUNITY_DIGITS]
