"""Revoked clients: whose tokens are void before they end, as the token service last told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx
import structlog

log = structlog.get_logger()


class Revocations:
    """The clients whose tokens issued before a time (epoch seconds) are void."""

    def __init__(self) -> None:
        self._void_before: dict[str, float] = {}

    def replace(self, void_before: Mapping[str, float]) -> None:
        """Take the revocations as they now stand."""
        self._void_before = dict(void_before)

    def is_void(self, client_id: str, issued_at: float) -> bool:
        """Tell whether a token of the client, issued then, was revoked."""
        return issued_at < self._void_before.get(client_id, float("-inf"))

    def all(self) -> Mapping[str, float]:
        """Return every revocation that is remembered."""
        return self._void_before


class RevocationPoller:
    """Reads the feed of the token service every few seconds.

    While the feed cannot be read, the last known revocations stay in force and tokens end by
    themselves after their ten minutes; refusing everybody would let a dead gateway stop services
    that talk to each other without it.
    """

    def __init__(self, url: str, http: httpx.AsyncClient, revocations: Revocations) -> None:
        self._url = url
        self._http = http
        self._revocations = revocations
        self.read_at = float("-inf")

    async def read(self) -> bool:
        """Read the feed once; False when it cannot be read."""
        try:
            answer = await self._http.get(self._url, timeout=5.0)
            answer.raise_for_status()
            items = answer.json()["items"]
            void = {str(item["client_id"]): float(item["void_before"]) for item in items}
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            log.warning("revocations_unread", error=type(error).__name__)
            return False
        self._revocations.replace(void)
        self.read_at = time.monotonic()
        return True

    @asynccontextmanager
    async def running(self, *, every_s: float = 10.0) -> AsyncIterator[None]:
        """Poll for as long as the block runs."""
        task = asyncio.create_task(self._loop(every_s))
        try:
            yield
        finally:
            task.cancel()

    async def _loop(self, every_s: float) -> None:
        while True:
            await self.read()
            await asyncio.sleep(every_s)
