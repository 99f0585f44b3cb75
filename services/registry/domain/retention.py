"""How long the data of those who have left are kept."""

from __future__ import annotations

import calendar
from datetime import datetime


def months_before(at: datetime, months: int) -> datetime:
    """Return the same time so many calendar months earlier, at most the last day of the month."""
    total = at.year * 12 + at.month - 1 - months
    year, month = divmod(total, 12)
    day = min(at.day, calendar.monthrange(year, month + 1)[1])
    return at.replace(year=year, month=month + 1, day=day)
