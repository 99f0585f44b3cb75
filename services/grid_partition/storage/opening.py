"""The service's database, as its settings describe it."""

from __future__ import annotations

from kit.db import Database
from services.grid_partition.settings import Settings


def open_database(settings: Settings, application: str) -> Database:
    """Return the database; nothing is connected yet.  `application` names the process."""
    return Database(
        settings.database_url,
        application=application,
        pool_size=settings.database_pool_size,
        statement_timeout_ms=settings.statement_timeout_ms,
        lock_timeout_ms=settings.lock_timeout_ms,
    )
