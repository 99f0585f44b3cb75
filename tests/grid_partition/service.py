"""The partition service in this process: its door, its worker, the registry beside it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from kit.testing.clock import FrozenClock
from kit.testing.in_process import in_process
from kit.testing.tokens import TestTokens
from services.grid_partition.app import create_app
from services.grid_partition.clients.registry import registry_client
from services.grid_partition.operations.processes import Processes
from services.grid_partition.operations.workshop import Workshop
from services.grid_partition.settings import Settings
from services.grid_partition.storage.opening import open_database
from services.grid_partition.worker import Worker
from tests.fakes.registry import FakeRegistry
from tests.grid_partition.maps import Road, barriers_ndjson

V1 = "/partition/v1"


def peers(registry: FakeRegistry) -> Starlette:
    """The gateway's token door, and the registry behind it."""

    async def token(_request: Request) -> Response:
        return JSONResponse({"access_token": "peer", "expires_in": 600, "token_type": "Bearer"})

    return Starlette(routes=[Route("/oauth/token", token, methods=["POST"]), Mount("/", registry)])


def settings_for(url: str, folder: Path, **more: Any) -> Settings:
    return Settings(
        database_url=url,
        spool_folder=folder / "spool",
        registry_url="http://peers",
        token_url="http://peers/oauth/token",
        client_id="partition",
        client_secret="secret",
        registry_deadline_s=5,
        grids_fresh_s=0,
        **more,
    )


def threads(_processes: int) -> Executor:
    return ThreadPoolExecutor(1)


class Service:
    """A running service; `client` may do everything everywhere unless told otherwise."""

    def __init__(
        self,
        client: httpx.Client,
        settings: Settings,
        registry: FakeRegistry,
        tokens: TestTokens,
        clock: FrozenClock,
    ) -> None:
        self.client = client
        self.settings = settings
        self.registry = registry
        self.tokens = tokens
        self.clock = clock

    def seen_by(self, *areas: str, scopes: Sequence[str] | None = None) -> dict[str, str]:
        claims: dict[str, Any] = {"areas": list(areas) or ["*"]}
        if scopes is not None:
            claims["scopes"] = list(scopes)
        return self.tokens.headers(**claims)

    def get(self, path: str, **options: Any) -> Any:
        answer = self.client.get(V1 + path, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def items(self, path: str, **options: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get(path, **options)["items"]
        return found

    def plan(self, area: str = "630102", **fields: Any) -> dict[str, Any]:
        body = {"kind": "division", "area": area} | fields
        answer = self.client.post(f"{V1}/plans", json=body)
        assert answer.status_code == 202, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def work(self, **options: Any) -> None:
        """Let a worker do all that can be done now."""
        asyncio.run(drain(self.settings, self.registry, self.clock, **options))

    def computed(self, area: str = "630102", **fields: Any) -> dict[str, Any]:
        made = self.plan(area, **fields)
        self.work()
        plan: dict[str, Any] = self.get(f"/plans/{made['id']}")
        assert plan["state"] == "computed", plan
        return plan

    def act(self, plan: dict[str, Any], action: str, **more: Any) -> httpx.Response:
        headers = more.pop("headers", None)
        path = f"{V1}/plans/{plan['id']}/transitions"
        return self.client.post(path, json={"action": action} | more, headers=headers)

    def acknowledge_all(self, plan: dict[str, Any]) -> list[dict[str, str]]:
        found = self.items(f"/plans/{plan['id']}/violations")
        return [{"violation_id": row["id"], "reason": "known to the street"} for row in found]

    def in_force(self, area: str = "630102", **fields: Any) -> dict[str, Any]:
        """Take a plan all the way; by default it is in force today."""
        today = str(self.clock.now().date())
        plan = self.computed(area, **({"effective_date": today} | fields))
        for action in ("submit", "approve", "publish"):
            more = {"acknowledgements": self.acknowledge_all(plan)} if action == "submit" else {}
            answer = self.act(plan, action, **more)
            assert answer.status_code == 200, answer.text
        done: dict[str, Any] = answer.json()
        return done

    def import_barriers(self, roads: list[Road], area: str = "630102") -> dict[str, Any]:
        answer = self.client.post(
            f"{V1}/imports",
            params={"resource": "barriers"},
            content=barriers_ndjson(roads, area),
            headers={
                "Content-Type": "application/x-ndjson",
                "Idempotency-Key": uuid4().hex,
            },
        )
        assert answer.status_code == 202, answer.text
        return self.ended_import(answer.headers["location"])

    def ended_import(self, place: str) -> dict[str, Any]:
        until = time.monotonic() + 20
        while time.monotonic() < until:
            job: dict[str, Any] = self.client.get(place).json()
            if job["state"] not in {"queued", "running", "waiting", "reading", "checking"}:
                return job
            time.sleep(0.05)
        raise AssertionError(job)


async def drain(
    settings: Settings,
    registry: FakeRegistry,
    clock: Any,
    *,
    compute: Any = None,
    owner: str = "",
) -> None:
    database = open_database(settings, "test.worker")
    made = compute or Processes(1, make=threads)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(peers(registry))) as http:
        client = registry_client(settings, http)
        workshop = Workshop(owner or uuid4().hex, database, client, clock, settings, made)
        try:
            await Worker(workshop, slots=1).drain()
        finally:
            await database.close()


@contextmanager
def running(
    settings: Settings, registry: FakeRegistry, tokens: TestTokens, clock: FrozenClock
) -> Iterator[Service]:
    http = httpx.AsyncClient(transport=httpx.ASGITransport(peers(registry)))
    app = create_app(settings, verifier=tokens.verifier(), clock=clock, registry_http=http)
    with in_process(app) as client:
        client.headers.update(tokens.headers())
        yield Service(client, settings, registry, tokens, clock)
