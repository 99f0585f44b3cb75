"""Alembic, set up once for every service, on the async engine."""

from __future__ import annotations

import asyncio
from pathlib import Path

from alembic import command, context
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, pool
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from kit.db import async_url


def config(package_dir: Path, url: str = "") -> Config:
    """Return the Alembic configuration of the deployable that lives in package_dir."""
    cfg = Config()
    cfg.set_main_option("script_location", str(package_dir / "migrations"))
    cfg.set_main_option("path_separator", "os")
    cfg.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return cfg


def upgrade(package_dir: Path, url: str, revision: str = "head") -> None:
    """Bring the database to a revision; must be called outside a running event loop."""
    command.upgrade(config(package_dir, url), revision)


def downgrade(package_dir: Path, url: str, revision: str) -> None:
    """Take the database back to a revision."""
    command.downgrade(config(package_dir, url), revision)


async def pending(package_dir: Path, engine: AsyncEngine) -> bool:
    """Tell whether the database is behind the code; /readyz asks this."""
    head = ScriptDirectory.from_config(config(package_dir)).get_current_head()
    async with engine.connect() as connection:
        return await connection.run_sync(_revision) != head


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def run_env(metadata: MetaData) -> None:
    """All that a service's env.py has to call."""
    url = context.config.get_main_option("sqlalchemy.url") or ""
    asyncio.run(_migrate(url, metadata))


async def _migrate(url: str, metadata: MetaData) -> None:
    engine = create_async_engine(async_url(url), poolclass=pool.NullPool)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_run, metadata)
            await connection.commit()
    finally:
        await engine.dispose()


def _run(connection: Connection, metadata: MetaData) -> None:
    context.configure(connection=connection, target_metadata=metadata, compare_type=True)
    with context.begin_transaction():
        # Two deployments that migrate at once take turns.
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(704215)")
        context.run_migrations()
