"""The token service put together: what the gateway signs, verifies and revokes with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from fastapi import FastAPI

from gateway.settings import Settings
from gateway.tokens.brake import FailureBrake
from gateway.tokens.hashing import SecretHasher
from gateway.tokens.issuing import TokenDesk
from gateway.tokens.keeping import Keeper
from gateway.tokens.keyring import Keyring
from kit.auth import TokenVerifier
from kit.clock import Clock
from kit.db import Database
from kit.revocation import Revocations
from kit.sealing.keys import read_key_ring


@dataclass(frozen=True, slots=True)
class TokenService:
    """Everything about tokens that one gateway process holds."""

    keyring: Keyring
    revocations: Revocations
    verifier: TokenVerifier
    hasher: SecretHasher
    keeper: Keeper
    desk: TokenDesk

    def state(self) -> dict[str, Any]:
        """Return what the routes find on the application."""
        return {
            "keyring": self.keyring,
            "revocations": self.revocations,
            "hasher": self.hasher,
            "keeper": self.keeper,
            "desk": self.desk,
        }

    @asynccontextmanager
    async def running(self, app: FastAPI, *, every_s: float) -> AsyncIterator[None]:
        """Keep keys and revocations fresh for as long as the application serves."""
        async with self.keeper.running(app, every_s=every_s):
            try:
                yield
            finally:
                self.hasher.close()


def token_service(settings: Settings, database: Database, clock: Clock) -> TokenService:
    """Return the token service of the settings; nothing is read before it runs."""
    is_development = settings.environment == "development"
    keyring, revocations = Keyring(clock), Revocations()
    verifier = TokenVerifier(
        keyring, issuer=settings.issuer, audience=settings.audience, revocations=revocations
    )
    hasher = SecretHasher(workers=settings.hash_workers, waiting_max=settings.hash_waiting_max)
    keeper = Keeper(
        database,
        partial(read_key_ring, settings.key_file, may_make=is_development),
        keyring=keyring,
        revocations=revocations,
        verifier=verifier,
        clock=clock,
        lifetime_s=settings.token_lifetime_s,
        may_make_key=is_development,
    )
    desk = TokenDesk(
        database,
        keyring=keyring,
        hasher=hasher,
        brake=FailureBrake(settings.secret_failures_max),
        clock=clock,
        issuer=settings.issuer,
        audience=settings.audience,
        lifetime_s=settings.token_lifetime_s,
    )
    return TokenService(keyring, revocations, verifier, hasher, keeper, desk)
