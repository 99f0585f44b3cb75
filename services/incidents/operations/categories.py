"""Keeping the stored categories equal to the shipped set."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from kit.clock import Clock
from kit.db import Database
from services.incidents.domain.categories import Category
from services.incidents.storage import categories as storage

log = structlog.get_logger()


async def load_shipped(
    database: Database, version: str, categories: Sequence[Category], *, clock: Clock
) -> bool:
    """Store the shipped set unless it is the one stored last; tells whether it wrote anything."""
    async with database.unit_of_work() as tx:
        if await storage.stored_version(tx) == version:
            return False
        size = await storage.store_set(tx, version, categories, now=clock.now())
    log.info("categories_loaded", version=version, size=size)
    return True
