"""Time, passed in: nothing in the services reads the wall clock by itself."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo


class Clock(Protocol):
    """What tells the time."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        return datetime.now(UTC)


def local_date(at: datetime, zone: str) -> date:
    """Return the calendar day of an aware time in a zone (IANA name)."""
    return at.astimezone(ZoneInfo(zone)).date()
