"""Before the first process starts: databases migrated, service clients in place."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.tokens import clients
from gateway.tokens.domain import Client
from gateway.tokens.hashing import SecretHasher
from infra.var_folder import CannotStart
from kit import migrations
from kit.auth import SCOPES
from kit.clock import SystemClock
from kit.db import Database
from kit.errors import Problem


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a client is for, and the least it needs."""

    name: str
    scopes: Sequence[str]


ADMIN = "admin"
CLIENTS: Mapping[str, Purpose] = {
    ADMIN: Purpose("Administrator of this installation", tuple(SCOPES)),
    "partition": Purpose(
        "Grid partition service and worker", ("registry:read", "partition:publish")
    ),
    "incidents": Purpose("Incidents service", ("partition:read",)),
}


def package_folder(package: str) -> Path:
    """Return the folder of a package without importing what is in it."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise CannotStart(f"The package {package} is missing.", "Restore it from the repository.")
    return Path(spec.origin).parent


def migrate(packages: Mapping[str, str], urls: Mapping[str, str]) -> None:
    """Bring each deployable's database to the newest revision."""
    for name, package in packages.items():
        migrations.upgrade(package_folder(package), urls[name])


def ensure_clients(gateway_database_url: str, secrets: Mapping[str, str]) -> None:
    """Let every client be there with its secret; repeating it changes nothing."""
    try:
        asyncio.run(_ensure(gateway_database_url, secrets))
    except Problem as problem:
        raise CannotStart(
            f"A service client cannot be prepared: {problem}",
            "A revoked client stays revoked: start on another VAR folder.",
        ) from problem


async def _ensure(url: str, secrets: Mapping[str, str]) -> None:
    database = Database(url, application="make-run", pool_size=1)
    hasher = SecretHasher(workers=1, waiting_max=1)
    try:
        async with database.unit_of_work() as tx:
            for client_id, purpose in CLIENTS.items():
                client = Client(
                    client_id=client_id,
                    name=purpose.name,
                    scopes=tuple(sorted(purpose.scopes)),
                    areas=("*",),
                    organization_id=None,
                )
                now = SystemClock().now()
                await clients.ensure(tx, client, secrets[client_id], hasher=hasher, now=now)
    finally:
        hasher.close()
        await database.close()
