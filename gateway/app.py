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
from gateway.tokens.brake import FailureBrake
from gateway.tokens.hashing import SecretHasher
from gateway.tokens.issuing import TokenDesk
from gateway.tokens.keeping import Keeper
from gateway.tokens.keyring import Keyring
from gateway.tokens.sealing import read_key_file
from gateway.tokens.tables import KEYS
from gateway.upstream.pool import PoolLimits
from gateway.upstream.services import Upstream, upstream
from kit.app import Parts, build_app
from kit.auth import TokenVerifier
from kit.clock import Clock, SystemClock
from kit.db import Database
from kit.peers import Breaker
from kit.revocation import Revocations

log = structlog.get_logger()

PACKAGE_DIR = Path(__file__).parent
DESCRIPTION = "The one door: tokens, limits, and every service behind it."


def create_door(
    settings: Settings, *, clock: Clock | None = None, routers: tuple[APIRouter, ...] = ()
) -> Door:
    """Build the gateway: the ASGI application that is served.

    `routers` are further pages of the gateway's own, such as the console.
    """
    services = _services(settings)
    revocations = Revocations()
    keyring = Keyring(clock or SystemClock())
    verifier = TokenVerifier(
        keyring, issuer=settings.issuer, audience=settings.audience, revocations=revocations
    )
    app = _own_part(
        settings,
        keyring=keyring,
        verifier=verifier,
        revocations=revocations,
        services=services,
        clock=clock or SystemClock(),
        routers=routers,
    )
    parts = DoorParts(
        app=app,
        upstreams=services,
        verifier=verifier,
        metrics=app.state.metrics,
        pages=ProblemPages(services),
    )
    return Door(settings, parts)


def create_app(settings: Settings) -> FastAPI:
    """Return the FastAPI part alone: what the contract of the gateway itself is made from."""
    return create_door(settings).app


def published(settings: Settings, own: FastAPI) -> Merged:
    """Return the merged contract of all services as this gateway shows it."""
    documents = read_documents(settings.openapi_folder)
    return merge(own.openapi(), documents, token_url=f"{settings.issuer}/oauth/token")


def _own_part(
    settings: Settings,
    *,
    keyring: Keyring,
    verifier: TokenVerifier,
    revocations: Revocations,
    services: Mapping[str, Upstream],
    clock: Clock,
    routers: tuple[APIRouter, ...],
) -> FastAPI:
    database = Database(
        settings.database_url,
        application="gateway",
        pool_size=settings.database_pool_size,
        statement_timeout_ms=settings.statement_timeout_ms,
        lock_timeout_ms=settings.lock_timeout_ms,
    )
    hasher = SecretHasher(workers=settings.hash_workers, waiting_max=settings.hash_waiting_max)
    is_development = settings.environment == "development"
    keeper = Keeper(
        database,
        partial(read_key_file, settings.key_file, may_make=is_development),
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
    rounds = health.Rounds(services, {"database": database.probe_write})

    def contract() -> dict[str, Any]:
        merged = published(settings, app)
        for conflict in merged.conflicts:
            log.warning("contract_conflict", conflict=conflict)
        return merged.document

    app = build_app(
        settings,
        Parts(
            name="gateway",
            title="Jingwei gateway",
            description=DESCRIPTION,
            package_dir=PACKAGE_DIR,
            database=database,
            idempotency_table=KEYS,
            routers=[
                api.router,
                admin_api.router,
                health.health_router(rounds),
                docs.docs_router(contract),
                *routers,
            ],
            verifier=verifier,
            clock=clock,
            hooks=[
                partial(keeper.running, every_s=settings.refresh_s),
                partial(_ends, hasher, services),
            ],
            state={
                "keyring": keyring,
                "revocations": revocations,
                "hasher": hasher,
                "keeper": keeper,
                "desk": desk,
            },
        ),
    )
    return app


@asynccontextmanager
async def _ends(
    hasher: SecretHasher, services: Mapping[str, Upstream], _app: FastAPI
) -> AsyncIterator[None]:
    try:
        yield
    finally:
        hasher.close()
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
