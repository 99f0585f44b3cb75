"""The registry, wired: who lives where, and what grids are cut from."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI

from kit.app import Parts, build_app
from kit.auth import TokenVerifier
from kit.clock import Clock, SystemClock
from kit.db import Database
from services.registry.api import (
    buildings,
    changes,
    counts,
    divisions,
    estates,
    households,
    snapshots,
)
from services.registry.settings import Settings
from services.registry.storage.tables import KEYS

PACKAGE_DIR = Path(__file__).parent
DEFAULT_PORT = 8101


def create_app(
    settings: Settings, *, verifier: TokenVerifier | None = None, clock: Clock | None = None
) -> FastAPI:
    """Build the registry; touches nothing until it serves."""
    database = Database(
        settings.database_url,
        application="registry",
        pool_size=settings.database_pool_size,
        statement_timeout_ms=settings.statement_timeout_ms,
        lock_timeout_ms=settings.lock_timeout_ms,
    )
    return build_app(
        settings,
        Parts(
            name="registry",
            title="Jingwei registry",
            description="Divisions, estates, buildings and households: who lives where.",
            package_dir=PACKAGE_DIR,
            database=database,
            idempotency_table=KEYS,
            routers=[
                divisions.router,
                estates.router,
                buildings.router,
                households.router,
                snapshots.router,
                counts.router,
                changes.router,
            ],
            verifier=verifier,
            clock=clock or SystemClock(),
        ),
    )
