"""The migrations and the tables say the same, upwards and downwards, one head each."""

from __future__ import annotations

import asyncio
import importlib
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from infra.contract import DEPLOYABLES
from kit import migrations
from kit.db import async_url
from kit.testing.databases import TestDatabases

PACKAGES = sorted(DEPLOYABLES.values())


TABLES = {"gateway": "gateway.tokens.tables"}


def package_dir(package: str) -> Path:
    return Path(str(importlib.import_module(f"{package}.app").__file__)).parent


@pytest.mark.parametrize("package", PACKAGES)
def test_a_database_migrates_from_nothing_to_the_tables(
    package: str, databases: TestDatabases
) -> None:
    metadata = importlib.import_module(TABLES.get(package, f"{package}.storage.tables")).METADATA

    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))

    async def run(url: str) -> list[object]:
        engine = create_async_engine(async_url(url))
        try:
            async with engine.connect() as connection:
                return await connection.run_sync(differences)
        finally:
            await engine.dispose()

    with databases.fresh(package_dir(package)) as url:
        assert asyncio.run(run(url)) == []


@pytest.mark.parametrize("package", PACKAGES)
def test_a_database_can_be_taken_back_to_nothing(package: str, databases: TestDatabases) -> None:
    async def tables(url: str) -> list[str]:
        engine = create_async_engine(async_url(url))
        try:
            async with engine.connect() as connection:
                found = await connection.execute(
                    text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
                )
                return sorted(found.scalars())
        finally:
            await engine.dispose()

    with databases.empty() as url:
        migrations.upgrade(package_dir(package), url)
        migrations.downgrade(package_dir(package), url, "base")
        assert asyncio.run(tables(url)) == ["alembic_version"]


@pytest.mark.parametrize("package", PACKAGES)
def test_revisions_are_numbered_and_have_one_head(package: str) -> None:
    scripts = ScriptDirectory.from_config(migrations.config(package_dir(package)))
    numbers = sorted(revision.revision for revision in scripts.walk_revisions())
    assert len(scripts.get_heads()) == 1
    assert numbers == [f"{number:04d}" for number in range(1, len(numbers) + 1)]
