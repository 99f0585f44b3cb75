"""The brake on guessing: too many wrong secrets, and the next try is refused before hashing."""

from __future__ import annotations

import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable

_WINDOW_S = 60.0
_KNOWN_MAX = 20_000


class FailureBrake:
    """Counts failures per key within a minute; memory is bounded.

    The key is client id and address together: a stranger who knows an id cannot lock its owner
    out, and secrets of 256 bits cannot be guessed from many addresses either.
    """

    def __init__(
        self, failures_max: int, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._failures_max = failures_max
        self._monotonic = monotonic
        self._failures: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()

    def wait_s(self, key: tuple[str, str]) -> int:
        """Return the seconds until the key may try again; 0 when it may now."""
        failures = self._failures.get(key)
        if failures is None:
            return 0
        now = self._monotonic()
        while failures and now - failures[0] >= _WINDOW_S:
            failures.popleft()
        if not failures:
            del self._failures[key]
            return 0
        if len(failures) < self._failures_max:
            return 0
        return max(1, math.ceil(failures[0] + _WINDOW_S - now))

    def failed(self, key: tuple[str, str]) -> None:
        """Count a failure."""
        failures = self._failures.setdefault(key, deque(maxlen=self._failures_max))
        failures.append(self._monotonic())
        self._failures.move_to_end(key)
        if len(self._failures) > _KNOWN_MAX:
            self._failures.popitem(last=False)

    def succeeded(self, key: tuple[str, str]) -> None:
        """Forget the key's failures."""
        self._failures.pop(key, None)
