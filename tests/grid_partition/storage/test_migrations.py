"""The migrations make the tables, the first rows, and can be run again."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from kit import migrations
from kit.db import async_url
from kit.testing.databases import TestDatabases
from services.grid_partition.app import PACKAGE_DIR
from services.grid_partition.storage.tables import METADATA


def differences(url: str) -> list[Any]:
    def compare(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, METADATA))

    async def run() -> list[Any]:
        engine = create_async_engine(async_url(url))
        try:
            async with engine.connect() as connection:
                return await connection.run_sync(compare)
        finally:
            await engine.dispose()

    return asyncio.run(run())


def fetch(url: str, statement: str) -> list[Any]:
    async def run() -> list[Any]:
        connection = await asyncpg.connect(url)
        try:
            return [tuple(row) for row in await connection.fetch(statement)]
        finally:
            await connection.close()

    return asyncio.run(run())


def test_migrations_and_tables_say_the_same(url: str) -> None:
    assert differences(url) == []


@pytest.mark.parametrize("back_to", ["0001", "base"])
def test_there_and_back_and_there_again(databases: TestDatabases, back_to: str) -> None:
    with databases.empty() as url:
        for _ in range(2):
            migrations.upgrade(PACKAGE_DIR, url)
            migrations.upgrade(PACKAGE_DIR, url)
            assert fetch(url, "SELECT area, name, version FROM rule_sets") == [("*", "default", 1)]
            assert len(fetch(url, "SELECT epoch FROM grid_epoch")) == 1
            migrations.downgrade(PACKAGE_DIR, url, back_to)
        left = {row[0] for row in fetch(url, "SELECT tablename FROM pg_tables"
                                             " WHERE schemaname = 'public'")}  # fmt: skip
        assert ("barriers" in left) is (back_to == "0001")
        assert "plans" not in left


def test_what_officials_changed_survives_an_upgrade(databases: TestDatabases) -> None:
    with databases.empty() as url:
        migrations.upgrade(PACKAGE_DIR, url, "0001")
        fetch(url, "UPDATE rule_sets SET rules = rules || '{\"publicity_days\": 15}'")
        migrations.upgrade(PACKAGE_DIR, url)
        (row,) = fetch(url, "SELECT (rules->>'publicity_days')::int FROM rule_sets")
        assert row == (15,)
