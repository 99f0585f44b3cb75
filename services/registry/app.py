"""The registry, wired: who lives where, and what grids are cut from."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI

from kit.app import Parts, build_app
from kit.auth import TokenVerifier
from kit.bulk.router import imports_router
from kit.bulk.runner import import_runner
from kit.bulk.service import Bulk
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
from services.registry.operations.imports.buildings import building_noun
from services.registry.operations.imports.divisions import division_noun
from services.registry.operations.imports.estates import estate_noun
from services.registry.operations.imports.households import household_noun
from services.registry.settings import Settings
from services.registry.storage.tables import IMPORTS, KEYS

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
    placement = settings.placement
    bulk = Bulk(
        service="registry",
        prefix="/registry/v1",
        nouns=[
            division_noun(placement),
            estate_noun(placement),
            building_noun(placement),
            household_noun(),
        ],
        tables=IMPORTS,
        scope_read="registry:read",
        scope_write="registry:write",
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
                imports_router(bulk),
            ],
            hooks=[import_runner(bulk)],
            verifier=verifier,
            clock=clock or SystemClock(),
        ),
    )
