"""Limits over time: a token bucket per client, and exports that may run side by side."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

_KNOWN_MAX = 50_000


class Verdict(NamedTuple):
    """Whether one more request may pass, and what the RateLimit headers say."""

    admitted: bool
    headers: list[tuple[bytes, bytes]]
    retry_after_s: int


class Buckets:
    """A token bucket per key; memory is bounded, the key unused longest is forgotten first.

    A forgotten key starts anew with a full bucket; with 50,000 keys in use that takes an attacker
    with as many addresses, which a bucket per address cannot stop anyway.
    """

    def __init__(
        self, *, rate_per_s: float, burst: int, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = rate_per_s
        self._burst = float(burst)
        self._monotonic = monotonic
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()
        window_s = max(1, round(burst / rate_per_s))
        self._policy = (b"ratelimit-policy", f'"default";q={burst};w={window_s}'.encode())

    def take(self, key: str) -> Verdict:
        """Take one token of the key's bucket."""
        now = self._monotonic()
        level, at = self._levels.get(key, (self._burst, now))
        level = min(self._burst, level + (now - at) * self._rate)
        admitted = level >= 1
        if admitted:
            level -= 1
        self._levels[key] = (level, now)
        self._levels.move_to_end(key)
        if len(self._levels) > _KNOWN_MAX:
            self._levels.popitem(last=False)
        wait_s = 0 if admitted else math.ceil((1 - level) / self._rate)
        full_s = math.ceil((self._burst - level) / self._rate)
        headers = [(b"ratelimit", b'"default";r=%d;t=%d' % (level, full_s)), self._policy]
        return Verdict(admitted, headers, max(1, wait_s))


class Running:
    """Counts what runs at this moment, per key."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._running: dict[str, int] = {}

    def enter(self, key: str) -> bool:
        """Count one more, unless the limit is reached."""
        running = self._running.get(key, 0)
        if running >= self.limit:
            return False
        self._running[key] = running + 1
        return True

    def leave(self, key: str) -> None:
        """Count one less."""
        running = self._running.get(key, 0) - 1
        if running > 0:
            self._running[key] = running
        else:
            self._running.pop(key, None)
