"""The registry's command line: serve, migrate, openapi, load-divisions."""

from __future__ import annotations

import asyncio

import structlog

from kit import logs
from kit.cli import Deployable, command_line
from kit.clock import SystemClock, local_date
from kit.db import Database
from services.registry.app import DEFAULT_PORT, PACKAGE_DIR, create_app
from services.registry.operations import shipped
from services.registry.settings import Settings

cli = command_line(Deployable("registry", PACKAGE_DIR, Settings, create_app, DEFAULT_PORT))
log = structlog.get_logger()


@cli.command("load-divisions")
def load_divisions() -> None:
    """Create the divisions that come with the product, where they are missing."""
    settings = Settings()
    logs.configure("registry", settings.log_level)
    created = asyncio.run(_load(settings))
    log.info("divisions_loaded", created=created)


async def _load(settings: Settings) -> int:
    at = SystemClock().now()
    database = Database(settings.database_url, application="registry-load", pool_size=1)
    try:
        rows = shipped.read_files(PACKAGE_DIR / "data")
        return await shipped.load(database, rows, at=at, today=local_date(at, settings.time_zone))
    finally:
        await database.close()


if __name__ == "__main__":
    cli()
