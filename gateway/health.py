"""GET /health: how the gateway and every service behind it are (`application/health+json`)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Literal

import orjson
from fastapi import APIRouter
from starlette.responses import Response

from gateway.upstream.faults import Fault
from gateway.upstream.services import Upstream, fetch
from kit.web.health import HEALTH_JSON, Check, HealthOut, run_checks

Status = Literal["pass", "warn", "fail"]

_DEADLINE_S = 2.0
_KEPT_S = 1.0
_CONTENT = {"content": {HEALTH_JSON: {"schema": {"$ref": "#/components/schemas/HealthOut"}}}}


class Rounds:
    """Asks everybody how they are, at most once a second however many want to know."""

    def __init__(self, upstreams: Mapping[str, Upstream], own: Mapping[str, Check]) -> None:
        self._upstreams = upstreams
        self._own = own
        self._lock = asyncio.Lock()
        self._good_until = float("-inf")
        self._last: tuple[Status, bytes] = ("fail", b"")

    async def report(self) -> tuple[Status, bytes]:
        """Return the overall status and the health document.

        `fail` when the gateway itself cannot work, `warn` when a service behind it is not ready.
        """
        async with self._lock:
            if time.monotonic() >= self._good_until:
                self._last = await self._ask()
                self._good_until = time.monotonic() + _KEPT_S
            return self._last

    async def _ask(self) -> tuple[Status, bytes]:
        async with asyncio.TaskGroup() as group:
            own = group.create_task(run_checks(self._own))
            asked = {
                name: group.create_task(_ready(upstream))
                for name, upstream in self._upstreams.items()
            }
        own_passed, own_rows = own.result()
        services = {name: task.result() for name, task in asked.items()}
        status: Status = "pass"
        if not own_passed:
            status = "fail"
        elif any(value != "pass" for value in services.values()):
            status = "warn"
        rows = {f"gateway:{name}": entries for name, entries in own_rows.items()}
        rows |= {
            name: [{"componentType": "component", "status": value}]
            for name, value in services.items()
        }
        return status, orjson.dumps({"status": status, "checks": rows})


async def _ready(upstream: Upstream) -> Status:
    try:
        answer = await fetch(upstream, "/readyz", deadline_s=_DEADLINE_S)
    except Fault:
        return "fail"
    return "pass" if answer.status == 200 else "fail"


def health_router(rounds: Rounds) -> APIRouter:
    """Return the route of the whole system's health."""
    router = APIRouter(tags=["health"])

    @router.get(
        "/health",
        response_model=HealthOut,
        responses={
            200: {"description": "Works (`pass`), or works in part (`warn`)", **_CONTENT},
            503: {"description": "The gateway itself cannot work", **_CONTENT},
        },
    )
    async def get_health() -> Response:
        """Tell how the gateway and every service behind it are."""
        status, body = await rounds.report()
        return Response(body, 503 if status == "fail" else 200, media_type=HEALTH_JSON)

    return router
