"""Keeps what the gateway holds in memory true to its database: signing keys, revocations."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import structlog
from fastapi import FastAPI
from joserfc.jwk import ECKey
from sqlalchemy.exc import SQLAlchemyError

from gateway.tokens import storage
from gateway.tokens.domain import KeyTimes, rotation
from gateway.tokens.keyring import Keyring, NoSigningKey, SigningKey, new_pair
from kit.auth import TokenVerifier
from kit.clock import Clock
from kit.db import Database, Tx
from kit.ids import new_id
from kit.revocation import Revocations
from kit.sealing.keys import KeyRing

log = structlog.get_logger()

#: A revocation is told of for as long as a token issued before it could live, and some more.
_TOLD_SLACK = timedelta(minutes=5)


async def rotate(
    tx: Tx, ring: KeyRing, *, now: datetime, lifetime_s: int, at_once: bool = False
) -> tuple[str, datetime]:
    """Store a new signing key and let the others fade; returns its id and when it begins."""
    rows = await storage.signing_keys(tx, now=now)
    begins, vanish = rotation(now, is_first=not rows, at_once=at_once, lifetime_s=lifetime_s)
    kid = str(new_id())
    private = json.dumps(dict(new_pair(kid).as_dict(private=True))).encode()
    sealed = ring.seal(kid.encode(), private)
    await storage.add_signing_key(tx, kid, sealed, signs_from=begins, now=now)
    await storage.retire_signing_keys(tx, [row["kid"] for row in rows], published_until=vanish)
    log.info("signing_key_made", kid=kid, signs_from=begins.isoformat())
    return kid, begins


async def load_keys(tx: Tx, ring: KeyRing, *, now: datetime) -> list[SigningKey]:
    """Return the published keys; raises SealBroken."""
    return [
        SigningKey(
            row["kid"],
            ECKey.import_key(json.loads(ring.unseal(row["kid"].encode(), row["sealed"]))),
            KeyTimes(row["signs_from"], row["published_until"]),
        )
        for row in await storage.signing_keys(tx, now=now)
    ]


async def load_revocations(tx: Tx, *, now: datetime, lifetime_s: int) -> Mapping[str, int]:
    """Return the clients whose tokens issued before a time (epoch seconds) are void."""
    since = now - timedelta(seconds=lifetime_s) - _TOLD_SLACK
    return {client_id: _void_before(at) for client_id, at in await storage.revoked_since(tx, since)}


def _void_before(revoked_at: datetime) -> int:
    # `iat` has whole seconds: a token of the same second is older or refused anyway.
    return int(revoked_at.timestamp()) + 1


class Keeper:
    """Reads keys and revocations again every few seconds, and at once when told to."""

    def __init__(
        self,
        database: Database,
        read_keys: Callable[[], KeyRing],
        *,
        keyring: Keyring,
        revocations: Revocations,
        verifier: TokenVerifier,
        clock: Clock,
        lifetime_s: int,
        may_make_key: bool,
    ) -> None:
        self._database = database
        self._read_keys = read_keys
        self._ring: KeyRing | None = None
        self._keyring = keyring
        self._revocations = revocations
        self._verifier = verifier
        self._clock = clock
        self._lifetime_s = lifetime_s
        self._may_make_key = may_make_key

    def _keys(self) -> KeyRing:
        if self._ring is None:
            self._ring = self._read_keys()
        return self._ring

    async def refresh(self) -> None:
        """Read everything again."""
        now = self._clock.now()
        async with self._database.reading() as tx:
            keys = await load_keys(tx, self._keys(), now=now)
            void = await load_revocations(tx, now=now, lifetime_s=self._lifetime_s)
        if self._keyring.replace(keys):
            self._verifier.forget()
        self._revocations.replace(void)

    def note_revoked(self, client_id: str, *, at: datetime) -> None:
        """Refuse a client's tokens here at once, before the next refresh tells of it."""
        void = dict(self._revocations.all())
        void[client_id] = _void_before(at)
        self._revocations.replace(void)

    async def start(self) -> None:
        """Read the keys for the first time; makes the first one in development.

        Raises KeyFileError, SealBroken, and NoSigningKey in production when there is none.
        """
        self._ring = self._read_keys()
        await self.refresh()
        if self._keyring.jwks()["keys"]:
            return
        if not self._may_make_key:
            message = "there is no signing key; make one with: python -m gateway keys rotate"
            raise NoSigningKey(message)
        now = self._clock.now()
        async with self._database.unit_of_work() as tx:
            await rotate(tx, self._keys(), now=now, lifetime_s=self._lifetime_s)
        await self.refresh()

    @asynccontextmanager
    async def running(self, _app: FastAPI, *, every_s: float) -> AsyncIterator[None]:
        """Refresh for as long as the application serves."""
        await self.start()
        task = asyncio.create_task(self._loop(every_s))
        try:
            yield
        finally:
            task.cancel()

    async def _loop(self, every_s: float) -> None:
        while True:
            await asyncio.sleep(every_s)
            try:
                await self.refresh()
            except (SQLAlchemyError, OSError, TimeoutError) as error:
                # What is in memory stays good; a database that is away is told of by /readyz.
                log.warning("refresh_failed", error=type(error).__name__)


def as_public(void: Mapping[str, float], *, now: datetime) -> dict[str, Any]:
    """Return the feed of revocations."""
    return {
        "as_of": int(now.timestamp()),
        "items": [
            {"client_id": client_id, "void_before": int(before)}
            for client_id, before in void.items()
        ],
    }
