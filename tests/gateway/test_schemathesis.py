"""The gateway's own routes against their contract, through the door."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Any
from uuid import uuid4

from starlette.types import Receive, Scope, Send

from gateway.app import PACKAGE_DIR, create_door
from gateway.door import Door
from gateway.settings import Settings
from gateway.tokens.domain import Client, claims
from gateway.tokens.keeping import load_keys, rotate
from gateway.tokens.keyring import Keyring
from kit.clock import SystemClock
from kit.db import Database
from kit.sealing.keys import KeyRing
from kit.testing.databases import TestDatabases
from tests.gateway.serving import Service, bound_socket, serving
from tests.openapi_gate import run_gate

KEY = bytes(range(190, 222))
RING = KeyRing({1: KEY}, {})


class WholeGateway:
    """The door, with the contract of the part behind it."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def openapi(self) -> dict[str, Any]:
        return self._door.app.openapi()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._door(scope, receive, send)


def admin_token(settings: Settings) -> str:
    async def run() -> str:
        database = Database(settings.database_url, application="test", pool_size=1)
        keyring = Keyring(SystemClock())
        now = SystemClock().now()
        async with database.unit_of_work() as tx:
            await rotate(tx, RING, now=now, lifetime_s=600)
            keyring.replace(await load_keys(tx, RING, now=now))
        await database.close()
        client = Client("root", "Root", ("admin",), ("*",))
        return keyring.sign(
            claims(
                client,
                client.scopes,
                issuer=settings.issuer,
                audience=settings.audience,
                issued_at=now,
                lifetime_s=600,
                token_id=uuid4().hex,
            )
        )

    return asyncio.run(run())


def test_the_gateway_keeps_its_contract(databases: TestDatabases, tmp_path: Path) -> None:
    key_file = tmp_path / "gateway.key"
    key_file.write_bytes(base64.b64encode(KEY))
    bound = bound_socket()
    inner = f"http://127.0.0.1:{bound.getsockname()[1]}"
    with databases.fresh(PACKAGE_DIR) as url, serving(Service(), bound):
        settings = Settings(
            environment="development",
            database_url=url,
            key_file=key_file,
            registry_url=inner,
            partition_url=inner,
            incidents_url=inner,
            anonymous_rate_per_s=10_000,
            anonymous_burst=100_000,
        )
        token = admin_token(settings)
        code, report = run_gate(WholeGateway(create_door(settings)), token, tmp_path)
    assert code == 0, report
