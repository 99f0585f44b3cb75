"""The partition service over a fresh database, with a registry that holds a small street."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kit.db import Database
from kit.outbox import after
from kit.testing.clock import FrozenClock
from kit.testing.databases import TestDatabases
from kit.testing.tokens import TestTokens
from services.grid_partition.app import PACKAGE_DIR
from services.grid_partition.storage.tables import OUTBOX
from tests.fakes.registry import FakeRegistry
from tests.grid_partition.maps import fill, two_places
from tests.grid_partition.service import Service, running, settings_for


@pytest.fixture
def url(databases: TestDatabases) -> Iterator[str]:
    with databases.fresh(PACKAGE_DIR) as url:
        yield url


@pytest.fixture
def fake_registry() -> FakeRegistry:
    """Two communities of 1200 households, side by side in one street."""
    registry = FakeRegistry()
    fill(registry, two_places())
    return registry


@pytest.fixture
def service(
    url: str, fake_registry: FakeRegistry, tokens: TestTokens, clock: FrozenClock, tmp_path: Path
) -> Iterator[Service]:
    with running(settings_for(url, tmp_path), fake_registry, tokens, clock) as service:
        yield service


@pytest.fixture(scope="module")
def published(
    databases: TestDatabases, tokens: TestTokens, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """A service with grids in force that the tests of a module share: only look at it."""
    registry = FakeRegistry()
    fill(registry, two_places())
    settings_folder = tmp_path_factory.mktemp("published")
    with (
        databases.fresh(PACKAGE_DIR) as url,
        running(settings_for(url, settings_folder), registry, tokens, FrozenClock()) as service,
    ):
        service.in_force()
        yield service


@pytest.fixture
def outbox(url: str) -> Callable[[], list[dict[str, Any]]]:
    """What the service has told other systems, oldest first."""

    async def read() -> list[dict[str, Any]]:
        database = Database(url, application="test")
        try:
            async with database.reading() as tx:
                return [dict(row) for row in await after(tx, OUTBOX, 0, 1000)]
        finally:
            await database.close()

    return lambda: asyncio.run(read())
