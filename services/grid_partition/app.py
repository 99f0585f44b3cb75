"""The partition service, wired: plans, grids in force, and which grid holds a point."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from fastapi import FastAPI

from kit.app import Parts, build_app
from kit.auth import TokenVerifier
from kit.bulk.router import imports_router
from kit.bulk.runner import import_runner
from kit.bulk.service import Bulk
from kit.clock import Clock, SystemClock
from kit.peers import http_client
from services.grid_partition.api import (
    barriers,
    grids,
    locate,
    plan_results,
    plans,
    rule_sets,
)
from services.grid_partition.clients.registry import registry_client
from services.grid_partition.operations.barriers import BARRIER_NOUN
from services.grid_partition.operations.locate import GridMap
from services.grid_partition.settings import Settings
from services.grid_partition.storage.opening import open_database
from services.grid_partition.storage.tables import IMPORTS, KEYS

PACKAGE_DIR = Path(__file__).parent
DEFAULT_PORT = 8102

BULK = Bulk(
    service="partition",
    prefix="/partition/v1",
    nouns=[BARRIER_NOUN],
    tables=IMPORTS,
    scope_read="partition:read",
    scope_write="partition:propose",
)


def create_app(
    settings: Settings,
    *,
    verifier: TokenVerifier | None = None,
    clock: Clock | None = None,
    registry_http: httpx.AsyncClient | None = None,
) -> FastAPI:
    """Build the partition service; touches nothing until it serves.

    `registry_http` is the transport to the registry; tests hand one that stays in the process.
    """
    database = open_database(settings, "grid_partition")
    http = registry_http or http_client()

    @asynccontextmanager
    async def connections(_app: FastAPI) -> AsyncIterator[None]:
        async with http:
            yield

    return build_app(
        settings,
        Parts(
            name="grid_partition",
            title="Jingwei grid partition",
            description="Cuts communities into grids, keeps the versions, locates points.",
            package_dir=PACKAGE_DIR,
            database=database,
            idempotency_table=KEYS,
            routers=[
                imports_router(BULK),
                barriers.router,
                rule_sets.router,
                plans.router,
                plan_results.router,
                grids.router,
                locate.router,
            ],
            verifier=verifier,
            clock=clock or SystemClock(),
            hooks=[connections, import_runner(BULK)],
            state={
                "registry": registry_client(settings, http),
                "grid_map": GridMap(database, fresh_s=settings.grids_fresh_s),
            },
        ),
    )
