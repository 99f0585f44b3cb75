"""Databases for tests: one embedded server a run, a migrated template a service, clones of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg

from kit import migrations
from kit.embedded_postgres import EmbeddedPostgres


class TestDatabases:
    """Hands out fresh, migrated databases; cloning a template takes about 50 ms."""

    __test__ = False

    def __init__(self, server: EmbeddedPostgres) -> None:
        self._server = server
        self._templates: dict[Path, str] = {}

    @contextmanager
    def fresh(self, package_dir: Path) -> Iterator[str]:
        """Yield the URL of a fresh database of the service that lives in package_dir."""
        template = self._template(package_dir)
        name = f"t{uuid4().hex[:16]}"
        self._admin(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self._server.url(name)
        finally:
            self._admin(f"DROP DATABASE {name} WITH (FORCE)")

    @contextmanager
    def empty(self) -> Iterator[str]:
        """Yield the URL of a database without any table."""
        name = f"e{uuid4().hex[:16]}"
        self._admin(f"CREATE DATABASE {name}")
        try:
            yield self._server.url(name)
        finally:
            self._admin(f"DROP DATABASE {name} WITH (FORCE)")

    def _template(self, package_dir: Path) -> str:
        if package_dir not in self._templates:
            name = f"template_{package_dir.name}_{uuid4().hex[:8]}"
            self._admin(f"CREATE DATABASE {name}")
            migrations.upgrade(package_dir, self._server.url(name))
            self._templates[package_dir] = name
        return self._templates[package_dir]

    def _admin(self, statement: str) -> None:
        async def run() -> None:
            connection = await asyncpg.connect(
                host=str(self._server.socket_folder), user="postgres", database="postgres"
            )
            try:
                await connection.execute(statement)
            finally:
                await connection.close()

        asyncio.run(run())
