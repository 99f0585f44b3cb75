"""Health of a process (`application/health+json`), its version, its metrics, its problems."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Literal

import orjson
import structlog
from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import Response

from kit import errors
from kit.errors import LANGUAGES
from kit.metrics import Metrics
from kit.web.problems import problems, status_of

log = structlog.get_logger()

Check = Callable[[], Awaitable[None]]
"""Raises when the thing it looks at is not ready."""

HEALTH_JSON = "application/health+json"
_CHECK_TIMEOUT_S = 3.0


class HealthOut(BaseModel):
    """Health as the draft-inadarei-api-health-check format writes it."""

    status: Literal["pass", "warn", "fail"]
    checks: dict[str, list[dict[str, str]]] = {}


class VersionOut(BaseModel):
    """What runs here."""

    service: str
    version: str


class ProblemKindOut(BaseModel):
    """One kind of problem: what it means and how to mend it, in both languages."""

    code: str
    status: int
    title: dict[str, str]
    meaning: dict[str, str]
    cure: dict[str, str]


async def run_checks(checks: Mapping[str, Check]) -> tuple[bool, dict[str, list[dict[str, str]]]]:
    """Run every check side by side; returns whether all pass, and each one's row."""

    async def run(name: str, check: Check) -> tuple[str, str]:
        try:
            async with asyncio.timeout(_CHECK_TIMEOUT_S):
                await check()
        except Exception as error:  # noqa: BLE001 - a failing check is an answer, not a fault
            log.warning("check_failed", check=name, error=type(error).__name__)
            return name, "fail"
        return name, "pass"

    rows = await asyncio.gather(*(run(name, check) for name, check in checks.items()))
    return (
        all(status == "pass" for _, status in rows),
        {name: [{"status": status}] for name, status in rows},
    )


def health_router(
    service: str, version: str, metrics: Metrics, checks: Mapping[str, Check]
) -> APIRouter:
    """Return the routes that every process answers: /livez /readyz /version /metrics /problems."""
    router = APIRouter(tags=["health"])
    health = {"content": {HEALTH_JSON: {"schema": {"$ref": "#/components/schemas/HealthOut"}}}}

    @router.get(
        "/livez",
        response_model=HealthOut,
        responses={200: {"description": "Alive", **health}},
        name=f"{service}_livez",
    )
    async def livez() -> Response:
        """Tell that the process runs; says nothing about what it depends on."""
        return Response(orjson.dumps({"status": "pass"}), media_type=HEALTH_JSON)

    @router.get(
        "/readyz",
        response_model=HealthOut,
        responses={
            200: {"description": "Ready", **health},
            503: {"description": "Not ready", **health},
        },
        name=f"{service}_readyz",
    )
    async def readyz() -> Response:
        """Tell whether requests can be served: a real write probe and pending migrations."""
        passed, rows = await run_checks(checks)
        body = orjson.dumps({"status": "pass" if passed else "fail", "checks": rows})
        return Response(body, 200 if passed else 503, media_type=HEALTH_JSON)

    @router.get("/version", name=f"{service}_version")
    async def version_of() -> VersionOut:
        """Tell which version runs."""
        return VersionOut(service=service, version=version)

    @router.get("/metrics", include_in_schema=False)
    async def metrics_text() -> Response:
        """Answer the Prometheus exposition text; never routed through the public gateway."""
        return Response(metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    @router.get(
        "/problems/{code}",
        response_model=ProblemKindOut,
        responses=problems(errors.NotFound),
        name=f"{service}_problem",
    )
    async def problem_kind(code: str, request: Request) -> ProblemKindOut:
        """Explain a problem's code: the `type` of every problem points here."""
        del request
        for kind in errors.catalogue():
            if kind.code == code:
                return explain(kind)
        raise errors.NotFound

    return router


def explain(kind: type[errors.Problem]) -> ProblemKindOut:
    """Return the explanation of a kind of problem."""

    def both(text: errors.Text) -> dict[str, str]:
        return {language: text.render(language) for language in LANGUAGES}

    return ProblemKindOut(
        code=kind.code,
        status=status_of(kind),
        title=both(kind.title),
        meaning=both(kind.detail),
        cure=both(kind.cure),
    )
