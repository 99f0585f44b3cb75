"""build_app: everything that every service shares, wired in one call; nothing at import."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from sqlalchemy import Table
from starlette.exceptions import HTTPException

from kit import errors, migrations
from kit.auth import RemoteKeys, TokenVerifier
from kit.clock import Clock, SystemClock
from kit.db import Database
from kit.metrics import Metrics
from kit.peers import http_client
from kit.revocation import RevocationPoller, Revocations
from kit.settings import ServiceSettings
from kit.version import VERSION
from kit.web import health, problems
from kit.web.middleware import ContextMiddleware, LimitMiddleware
from kit.web.route import ContractRoute

Hook = Callable[[FastAPI], Any]
"""An async context manager factory that runs while the application serves."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a deployable is made of; `create_app` of each service fills it in."""

    name: str
    title: str
    description: str
    package_dir: Path
    database: Database
    idempotency_table: Table
    routers: Sequence[APIRouter]
    verifier: TokenVerifier | None = None
    clock: Clock = field(default_factory=SystemClock)
    checks: Mapping[str, health.Check] = field(default_factory=dict)
    hooks: Sequence[Hook] = ()
    state: Mapping[str, Any] = field(default_factory=dict)
    tags: Sequence[Mapping[str, str]] = ()
    #: Path endings whose bodies are streamed: they have their own limit and may be gzip.
    streamed: Sequence[str] = ("/imports",)


def build_app(settings: ServiceSettings, parts: Parts) -> FastAPI:
    """Return the application of a service: errors, health, metrics, limits, auth, contract."""
    metrics = Metrics(parts.name)
    http = http_client()
    revocations = Revocations()
    app = FastAPI(
        title=parts.title,
        description=parts.description,
        version=VERSION,
        lifespan=_lifespan(parts, http, _poller(settings, parts, http, revocations)),
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        responses=problems.ANYWHERE,
        generate_unique_id_function=operation_id,
        servers=[{"url": "/"}],
        openapi_tags=[dict(tag) for tag in parts.tags] or None,
        separate_input_output_schemas=False,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    app.state.settings = settings
    app.state.database = parts.database
    app.state.idempotency_table = parts.idempotency_table
    app.state.clock = parts.clock
    app.state.metrics = metrics
    app.state.verifier = parts.verifier or TokenVerifier(
        RemoteKeys(settings.jwks_url, http),
        issuer=settings.issuer,
        audience=settings.audience,
        revocations=revocations,
    )
    for name, value in parts.state.items():
        setattr(app.state, name, value)
    _handle_errors(app)
    _limit(app, settings, parts, metrics)
    routers = [health.health_router(parts.name, VERSION, metrics, _checks(parts)), *parts.routers]
    for router in routers:
        app.include_router(router)
    app.state.routes = [route for router in routers for route in router.routes]
    _finish_openapi(app)
    return app


def api_router(prefix: str, tag: str) -> APIRouter:
    """Return a router of contract routes under a prefix."""
    return APIRouter(prefix=prefix, tags=[tag], route_class=ContractRoute)


def operation_id(route: APIRoute) -> str:
    """Return the camelCase operationId of a route: from its name, unique over all services."""
    first, *rest = route.name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _checks(parts: Parts) -> dict[str, health.Check]:
    async def migrated() -> None:
        if await migrations.pending(parts.package_dir, parts.database.engine):
            message = "migrations are pending"
            raise RuntimeError(message)

    return {"database": parts.database.probe_write, "migrations": migrated, **parts.checks}


def _poller(
    settings: ServiceSettings, parts: Parts, http: httpx.AsyncClient, revocations: Revocations
) -> RevocationPoller | None:
    if parts.verifier is not None:
        return None
    # The feed stands beside the key set.
    return RevocationPoller(urljoin(settings.jwks_url, "revoked-clients"), http, revocations)


def _lifespan(
    parts: Parts, http: httpx.AsyncClient, poller: RevocationPoller | None
) -> Callable[[FastAPI], Any]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(parts.database.close)
            await stack.enter_async_context(http)
            if poller is not None:
                await stack.enter_async_context(poller.running())
            for hook in parts.hooks:
                await stack.enter_async_context(hook(app))
            yield

    return lifespan


def _handle_errors(app: FastAPI) -> None:
    handlers: list[tuple[type[Exception], Callable[..., Awaitable[Any]]]] = [
        (errors.Problem, problems.on_problem),
        (RequestValidationError, problems.on_validation),
        (HTTPException, problems.on_http),
    ]
    for kind, handler in handlers:
        app.add_exception_handler(kind, handler)


def _limit(app: FastAPI, settings: ServiceSettings, parts: Parts, metrics: Metrics) -> None:
    streamed = tuple(parts.streamed)

    def body_limit(path: str) -> int:
        return settings.import_limit_bytes if path.endswith(streamed) else settings.body_limit_bytes

    app.add_middleware(
        LimitMiddleware,
        body_limit=body_limit,
        header_limit_bytes=settings.header_limit_bytes,
        header_limit_count=settings.header_limit_count,
        takes_gzip=lambda path: path.endswith(streamed),
    )
    app.add_middleware(
        ContextMiddleware, metrics=metrics, default_language=settings.default_language
    )


def _plain_parameters(document: dict[str, Any]) -> None:
    """Say of an optional parameter that it may be absent, not that it may be null.

    A query string or a header cannot carry null; FastAPI writes `anyOf: [..., null]` all the same.
    """
    for item in document["paths"].values():
        for operation in item.values():
            for parameter in operation.get("parameters", []):
                choices = parameter["schema"].get("anyOf", [])
                rest = [choice for choice in choices if choice != {"type": "null"}]
                if len(rest) == 1 and len(choices) == 2:
                    parameter["schema"].pop("anyOf")
                    parameter["schema"] |= rest[0]


def _finish_openapi(app: FastAPI) -> None:
    original = app.openapi

    def openapi() -> dict[str, Any]:
        document = original()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        for model in (problems.ProblemOut, problems.FieldErrorOut, health.HealthOut):
            schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
            schema.pop("$defs", None)
            schemas.setdefault(model.__name__, schema)
        _plain_parameters(document)
        return document

    app.openapi = openapi  # type: ignore[method-assign] # FastAPI's documented way to extend it
