"""The incidents service, wired."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import structlog
from fastapi import FastAPI

from kit.app import Parts, build_app
from kit.auth import TokenVerifier
from kit.clock import Clock, SystemClock
from kit.db import Database, as_problem
from kit.peers import TokenSource, http_client
from services.incidents.api import categories, incidents
from services.incidents.clients.grid_partition import GridPartitionClient
from services.incidents.clients.locate_batch import GridFinder
from services.incidents.domain.categories import Category, read_categories
from services.incidents.domain.lifecycle import read_lifecycle
from services.incidents.operations.categories import load_shipped
from services.incidents.operations.locating import Locator, Pace
from services.incidents.settings import Settings
from services.incidents.storage.tables import KEYS

log = structlog.get_logger()

PACKAGE_DIR = Path(__file__).parent
_RETRY_S = 2.0

Hook = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_app(
    settings: Settings,
    *,
    verifier: TokenVerifier | None = None,
    clock: Clock | None = None,
    partition: httpx.AsyncBaseTransport | None = None,
) -> FastAPI:
    """Build the incidents service; `partition` replaces the network to the grid partition."""
    clock = clock or SystemClock()
    database = Database(
        settings.database_url,
        application="incidents",
        pool_size=settings.database_pool_size,
        statement_timeout_ms=settings.statement_timeout_ms,
        lock_timeout_ms=settings.lock_timeout_ms,
    )
    http = http_client(partition)
    finder = GridFinder(
        _partition_client(settings, http, settings.locate_patience_s),
        patience_s=settings.locate_patience_s,
    )
    locator = Locator(
        database,
        _partition_client(settings, http, settings.locator_deadline_s),
        clock=clock,
        pace=Pace(settings.locator_batch, settings.locator_interval_s, settings.locator_lease_s),
    )
    version, shipped = read_categories(_data("categories.json"))
    return build_app(
        settings,
        Parts(
            name="incidents",
            title="Jingwei incidents",
            description="Reports that reach a verified end: categories, incidents, their life.",
            package_dir=PACKAGE_DIR,
            database=database,
            idempotency_table=KEYS,
            routers=[categories.router, incidents.intake_router, incidents.router],
            verifier=verifier,
            clock=clock,
            hooks=[
                _keeping_categories(database, version, shipped, clock),
                _locating(http, finder, locator),
            ],
            state={"finder": finder, "lifecycle": read_lifecycle(_data("transitions.json"))},
        ),
    )


def _data(name: str) -> Any:
    return json.loads((PACKAGE_DIR / "data" / name).read_text(encoding="utf-8"))


def _partition_client(
    settings: Settings, http: httpx.AsyncClient, deadline_s: float
) -> GridPartitionClient:
    tokens = None
    if settings.client_id:
        tokens = TokenSource(
            http,
            token_url=settings.token_url,
            client_id=settings.client_id,
            client_secret=settings.client_secret.get_secret_value(),
        )
    return GridPartitionClient(
        "grid partition", settings.partition_url, http=http, tokens=tokens, deadline_s=deadline_s
    )


def _keeping_categories(
    database: Database, version: str, shipped: list[Category], clock: Clock
) -> Hook:
    async def load() -> bool:
        try:
            await load_shipped(database, version, shipped, clock=clock)
        except Exception as error:
            # No database, or no tables yet: the process still starts, and says so in /readyz.
            if as_problem(error) is None and not _is_unmigrated(error):
                raise
            log.warning("categories_not_loaded", error=type(error).__name__)
            return False
        return True

    async def load_later() -> None:
        while not await load():
            await asyncio.sleep(_RETRY_S)

    @asynccontextmanager
    async def hook(_app: FastAPI) -> AsyncIterator[None]:
        task = None if await load() else asyncio.create_task(load_later())
        try:
            yield
        finally:
            await _stop(task)

    return hook


def _is_unmigrated(error: BaseException) -> bool:
    return getattr(getattr(error, "orig", None), "sqlstate", None) == "42P01"


def _locating(http: httpx.AsyncClient, finder: GridFinder, locator: Locator) -> Hook:
    @asynccontextmanager
    async def hook(app: FastAPI) -> AsyncIterator[None]:
        gauge = app.state.metrics.gauge(
            "incidents_unlocated", "Incidents whose place is still to be found."
        )
        task = asyncio.create_task(locator.run(gauge.set))
        try:
            async with http:
                yield
                await _stop(task)
                await finder.close()
        finally:
            await _stop(task)

    return hook


async def _stop(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
