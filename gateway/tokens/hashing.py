"""Hashing of secrets: argon2id in a small pool of threads, so that it cannot starve the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gateway.tokens.problems import HashingBusy

T = TypeVar("T")

#: The hash of a secret that was thrown away: checked where there is no client, so that an unknown
#: client takes as long as a wrong secret.
_NOBODY = (
    "$argon2id$v=19$m=19456,t=2,p=1$qoO+F26hTIsH5GU6+PNKEA"
    "$EICbQwJnu165N9BslxB3Zaaf/KAkGJpCTtJWKnggACA"
)


class SecretHasher:
    """argon2id with t=2, m=19 MiB, p=1 (OWASP's first choice): about 50 ms of one core each."""

    def __init__(self, *, workers: int, waiting_max: int) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="argon2")
        self._places = workers + waiting_max
        self._taken = 0

    async def hash(self, secret: str) -> str:
        """Return the encoded hash of a secret; raises HashingBusy when too much waits."""
        return await self._run(lambda: self._hasher.hash(secret))

    async def verify(self, encoded: str | None, secret: str) -> bool:
        """Tell whether the secret is the hashed one; None takes as long and is never right."""
        return await self._run(lambda: self._verify(encoded or _NOBODY, secret) and bool(encoded))

    def _verify(self, encoded: str, secret: str) -> bool:
        try:
            return self._hasher.verify(encoded, secret)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if self._taken >= self._places:
            raise HashingBusy(retry_after_s=1)
        self._taken += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._taken -= 1

    def close(self) -> None:
        """Stop the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)
