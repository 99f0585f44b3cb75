"""A clock that tests move."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class FrozenClock:
    """Stands still until it is moved."""

    def __init__(self, at: datetime | None = None) -> None:
        self._at = at or datetime(2026, 3, 2, 1, 0, tzinfo=UTC)

    def now(self) -> datetime:
        """Return the time that it was last set to."""
        return self._at

    def move(self, **parts: float) -> None:
        """Move forward by timedelta parts, such as hours=2."""
        self._at += timedelta(**parts)
