"""What still works when something else does not, and a service that stands on the gateway."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Thread

import asyncpg
import httpx
import pytest

from gateway.app import PACKAGE_DIR
from kit.app import Parts, build_app
from kit.clock import SystemClock
from kit.db import Database
from kit.embedded_postgres import EmbeddedPostgres
from kit.settings import ServiceSettings
from kit.testing.databases import TestDatabases
from tests.gateway.misbehaving import misbehaving
from tests.gateway.serving import Running, Service, bound_socket, gateway, serving
from tests.kit.toy import app as toy

ROOT = Path(__file__).parents[2]


def admin(server: EmbeddedPostgres, *statements: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(
            host=str(server.socket_folder), user="postgres", database="postgres"
        )
        for statement in statements:
            await connection.execute(statement)
        await connection.close()

    asyncio.run(run())


def test_without_its_database_the_gateway_still_serves_those_who_hold_tokens(
    databases: TestDatabases, embedded_postgres: EmbeddedPostgres, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        url = stack.enter_context(databases.fresh(PACKAGE_DIR))
        name = url.rpartition("/")[2].partition("?")[0]
        bound = bound_socket()
        stack.enter_context(serving(Service(), bound))
        inner = f"http://127.0.0.1:{bound.getsockname()[1]}"
        running = stack.enter_context(
            gateway(url, tmp_path / "gateway.key", registry_url=inner, refresh_s=0.2)
        )
        headers = running.headers()
        admin(
            embedded_postgres,
            f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false",
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
        )
        time.sleep(0.6)
        with httpx.Client(base_url=running.url, timeout=15) as web:
            assert web.get("/registry/v1/x", headers=headers).status_code == 200
            assert web.get("/.well-known/jwks.json").json()["keys"]
            assert web.get("/livez").status_code == 200
            assert web.get("/readyz").status_code == 503
            health = web.get("/health")
            assert (health.status_code, health.json()["status"]) == (503, "fail")
            listed = web.get("/admin/v1/clients", headers=running.headers(scope="admin"))
            assert (listed.status_code, listed.json()["code"]) == (503, "database.unavailable")
            secret = "jw_" + "A" * 43 + "00000000"
            asked = web.post(
                "/oauth/token", data={"grant_type": "client_credentials"}, auth=("app", secret)
            )
            assert asked.status_code == 401, "what is no secret is not even looked up"
            admin(embedded_postgres, f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true")
            assert web.get("/readyz").status_code == 200


@pytest.fixture
def remote(running: Running, databases: TestDatabases) -> Iterator[httpx.Client]:
    """A service that knows the gateway by its addresses only, as in production."""
    with ExitStack() as stack:
        url = stack.enter_context(databases.fresh(Path(toy.__file__).parent))
        settings = ServiceSettings(
            database_url=url,
            issuer=running.settings.issuer,
            jwks_url=f"{running.url}/.well-known/jwks.json",
        )
        parts = Parts(
            name="toy",
            title="Toy",
            description="Boats.",
            package_dir=Path(toy.__file__).parent,
            database=Database(url, application="toy", pool_size=1),
            idempotency_table=toy.KEYS,
            routers=[toy.router],
            clock=SystemClock(),
        )
        bound = bound_socket()
        stack.enter_context(serving(build_app(settings, parts), bound, lifespan="on"))
        address = f"http://127.0.0.1:{bound.getsockname()[1]}"
        yield stack.enter_context(httpx.Client(base_url=address, timeout=10))


def test_a_revoked_client_is_refused_by_a_service_within_thirty_seconds(
    running: Running, web: httpx.Client, remote: httpx.Client
) -> None:
    root = running.headers(scope="admin", client_id="root")
    body = {"name": "Vendor", "scopes": ["registry:read"], "areas": ["*"]}
    made = web.post("/admin/v1/clients", json=body, headers=root).json()
    token = web.post(
        "/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(made["client_id"], made["client_secret"]),
    ).json()["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    assert remote.get("/toy/v1/boats", headers=bearer).status_code == 200
    steps = f"/admin/v1/clients/{made['client_id']}/transitions"
    begun = time.monotonic()
    assert web.post(steps, json={"action": "revoke"}, headers=root).status_code == 200
    while remote.get("/toy/v1/boats", headers=bearer).status_code != 401:
        assert time.monotonic() - begun < 30
        time.sleep(0.3)
    assert remote.get("/toy/v1/boats", headers=running.headers()).status_code == 200


def test_sigterm_lets_a_running_request_end(databases: TestDatabases, tmp_path: Path) -> None:
    bound = bound_socket()
    port = bound.getsockname()[1]
    bound.close()
    with databases.fresh(PACKAGE_DIR) as url, misbehaving() as slow:
        told = {
            "GATEWAY_ENVIRONMENT": "development",
            "GATEWAY_DATABASE_URL": url,
            "GATEWAY_KEY_FILE": str(tmp_path / "gateway.key"),
            "GATEWAY_PORT": str(port),
            "GATEWAY_REGISTRY_URL": f"http://127.0.0.1:{slow.port}",
            "GATEWAY_EXCHANGE_DEADLINE_S": "2",
        }
        environment = {**os.environ, **told}  # noqa: TID251 - the child's environment
        command = [sys.executable, "-m", "gateway"]
        words = ["clients", "create", "--name", "A", "--scope", "registry:read", "--json"]
        done = subprocess.run(
            [*command, *words], cwd=ROOT, env=environment, capture_output=True, check=True
        )
        made = json.loads(done.stdout)
        process = subprocess.Popen(
            [*command, "serve"], cwd=ROOT, env=environment, stderr=subprocess.DEVNULL
        )
        try:
            address = f"http://127.0.0.1:{port}"
            token = first_token(address, made)
            slow.set_mode("hang")
            answers: list[int] = []
            headers = {"Authorization": f"Bearer {token}"}
            asking = Thread(
                target=lambda: answers.append(
                    httpx.get(f"{address}/registry/v1/x", headers=headers, timeout=20).status_code
                )
            )
            asking.start()
            until = time.monotonic() + 10
            while not slow.seen:
                assert time.monotonic() < until
                time.sleep(0.02)
            process.send_signal(signal.SIGTERM)
            asking.join(20)
            assert answers == [504], "the request ended by its own deadline, not by the signal"
            assert process.wait(20) in {0, -signal.SIGTERM}
        finally:
            process.kill()
            process.wait()


def first_token(address: str, made: dict[str, str]) -> str:
    """Return a token as soon as the gateway answers."""
    until = time.monotonic() + 30
    while True:
        try:
            answer = httpx.post(
                f"{address}/oauth/token",
                data={"grant_type": "client_credentials"},
                auth=(made["client_id"], made["client_secret"]),
            )
            return str(answer.json()["access_token"])
        except httpx.HTTPError:
            assert time.monotonic() < until
            time.sleep(0.1)
