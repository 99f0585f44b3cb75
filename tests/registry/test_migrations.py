"""The migrations and the tables say the same, upwards and downwards."""

from __future__ import annotations

import asyncio

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from kit import migrations
from kit.db import async_url
from kit.testing.databases import TestDatabases
from services.registry.app import PACKAGE_DIR
from services.registry.storage.tables import METADATA


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, METADATA))


async def ask(url: str) -> tuple[list[object], list[str]]:
    engine = create_async_engine(async_url(url))
    try:
        async with engine.connect() as connection:
            found = await connection.execute(
                text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
            )
            tables = list(found.scalars())
            return await connection.run_sync(differences), tables
    finally:
        await engine.dispose()


def test_a_migrated_database_equals_the_tables(databases: TestDatabases) -> None:
    with databases.fresh(PACKAGE_DIR) as url:
        found, tables = asyncio.run(ask(url))
    assert found == []
    assert {"divisions", "estates", "buildings", "households", "changes", "outbox"} < set(tables)


def test_every_step_can_be_taken_back_and_again(databases: TestDatabases) -> None:
    with databases.empty() as url:
        for revision in (f"{number:04}" for number in range(1, 12)):
            migrations.upgrade(PACKAGE_DIR, url, revision)
        migrations.downgrade(PACKAGE_DIR, url, "base")
        assert asyncio.run(ask(url))[1] == ["alembic_version"]
        migrations.upgrade(PACKAGE_DIR, url)
        assert asyncio.run(ask(url))[0] == []
