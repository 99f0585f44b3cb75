"""create_door: the only place where the gateway is wired; nothing happens at import."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI

from gateway import docs, health
from gateway.door import Door, DoorParts
from gateway.openapi import Merged, merge, read_documents
from gateway.pages import ProblemPages
from gateway.settings import Settings
from gateway.tokens import admin_api, api
from gateway.tokens.service import token_service
from gateway.tokens.tables import KEYS
from gateway.upstream.pool import PoolLimits
from gateway.upstream.services import Upstream, upstream
from kit.app import Parts, build_app
from kit.clock import Clock, SystemClock
from kit.db import Database
from kit.metrics import Metrics
from kit.peers import Breaker

log = structlog.get_logger()

PACKAGE_DIR = Path(__file__).parent
DESCRIPTION = "The one door: tokens, limits, and every service behind it."


def create_door(
    settings: Settings, *, clock: Clock | None = None, routers: tuple[APIRouter, ...] = ()
) -> Door:
    """Build the gateway: the ASGI application that is served.

    `routers` are further pages of the gateway's own, such as the console.
    """
    clock = clock or SystemClock()
    database = Database(
        settings.database_url,
        application="gateway",
        pool_size=settings.database_pool_size,
        statement_timeout_ms=settings.statement_timeout_ms,
        lock_timeout_ms=settings.lock_timeout_ms,
    )
    services = _services(settings)
    tokens = token_service(settings, database, clock)
    rounds = health.Rounds(services, {"database": database.probe_write})

    def contract() -> dict[str, Any]:
        merged = published(settings, app)
        for conflict in merged.conflicts:
            log.warning("contract_conflict", conflict=conflict)
        return merged.document

    own = (api.router, admin_api.router, health.health_router(rounds), docs.docs_router(contract))
    parts = Parts(
        name="gateway",
        title="Jingwei gateway",
        description=DESCRIPTION,
        package_dir=PACKAGE_DIR,
        database=database,
        idempotency_table=KEYS,
        routers=[*own, *routers],
        verifier=tokens.verifier,
        clock=clock,
        hooks=[
            partial(tokens.running, every_s=settings.refresh_s),
            partial(_connected, services),
        ],
        state=tokens.state(),
    )
    app = build_app(settings, parts)
    metrics: Metrics = app.state.metrics
    return Door(
        settings, DoorParts(app, services, tokens.verifier, metrics, ProblemPages(services))
    )


def create_app(settings: Settings) -> FastAPI:
    """Return the FastAPI part alone: what the contract of the gateway itself is made from."""
    return create_door(settings).app


def published(settings: Settings, own: FastAPI) -> Merged:
    """Return the merged contract of all services as this gateway shows it."""
    documents = read_documents(settings.openapi_folder)
    return merge(own.openapi(), documents, token_url=f"{settings.issuer}/oauth/token")


@asynccontextmanager
async def _connected(services: Mapping[str, Upstream], _app: FastAPI) -> AsyncIterator[None]:
    try:
        yield
    finally:
        for service in services.values():
            service.pool.close()


def _services(settings: Settings) -> dict[str, Upstream]:
    limits = PoolLimits(
        connections_max=settings.connections_max,
        waiting_max=settings.waiting_max,
        wait_s=settings.wait_s,
        connect_timeout_s=settings.connect_timeout_s,
    )
    urls = {
        "registry": settings.registry_url,
        "partition": settings.partition_url,
        "incidents": settings.incidents_url,
    }
    return {
        name: upstream(
            name,
            url,
            limits,
            Breaker(failures_max=settings.breaker_failures_max, rest_s=settings.breaker_rest_s),
        )
        for name, url in urls.items()
    }
