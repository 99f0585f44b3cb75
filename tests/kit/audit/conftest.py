"""A database with an audit trail, and a notary for it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, MetaData, Table
from sqlalchemy.ext.asyncio import create_async_engine

from kit.audit.checkpoints import CheckpointFile, Notary, Trail
from kit.audit.tables import audit_table, create_audit_table
from kit.db import async_url
from kit.testing.databases import TestDatabases
from kit.testing.keys import a_vault

AUDIT: Table = audit_table(MetaData())


@pytest.fixture
def url(databases: TestDatabases) -> Iterator[str]:
    def make(connection: Connection) -> None:
        create_audit_table(Operations(MigrationContext.configure(connection)))

    async def run(url: str) -> None:
        engine = create_async_engine(async_url(url))
        async with engine.begin() as connection:
            await connection.run_sync(make)
        await engine.dispose()

    with databases.empty() as made:
        asyncio.run(run(made))
        yield made


@pytest.fixture
def trail(tmp_path: Path) -> Trail:
    return Trail("toy", AUDIT, Notary("toy", a_vault()), CheckpointFile(tmp_path, "toy"))
