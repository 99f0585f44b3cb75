"""The registry over one database of the run, emptied before each test."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

import asyncpg
import httpx
import pytest

from kit.testing.clock import FrozenClock
from kit.testing.databases import TestDatabases
from kit.testing.in_process import in_process
from kit.testing.tokens import TestTokens
from services.registry.app import PACKAGE_DIR, create_app
from services.registry.storage.tables import METADATA
from tests.registry.factories import Registry, settings_for

# The audit trail refuses to be emptied, whoever asks; only its guards' absence lets tests do it.
EMPTY = "SET session_replication_role = replica; TRUNCATE " + ", ".join(
    table.name for table in METADATA.sorted_tables
)


class SharedClock:
    """A clock of the application's that each test sets anew."""

    def __init__(self) -> None:
        self.inner = FrozenClock()

    def now(self) -> datetime:
        return self.inner.now()


@dataclass(frozen=True)
class Running:
    """The registry that serves the whole run."""

    url: str
    client: httpx.Client
    clock: SharedClock


@pytest.fixture(scope="session")
def running(
    databases: TestDatabases, tokens: TestTokens, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    clock = SharedClock()
    with databases.fresh(PACKAGE_DIR) as url:
        var = tmp_path_factory.mktemp("var")
        settings = settings_for(url, var)
        app = create_app(settings, verifier=tokens.verifier(), clock=clock)
        with in_process(app) as client:
            yield Running(url, client, clock)


@pytest.fixture
def url(running: Running) -> str:
    """The database, emptied."""

    async def empty() -> None:
        connection = await asyncpg.connect(running.url)
        try:
            await connection.execute(EMPTY)
        finally:
            await connection.close()

    asyncio.run(empty())
    return running.url


@pytest.fixture
def client(
    running: Running, url: str, tokens: TestTokens, clock: FrozenClock
) -> Iterator[httpx.Client]:
    """A caller who may do everything everywhere."""
    assert url == running.url
    running.clock.inner = clock
    running.client.headers.update(tokens.headers())
    yield running.client
    running.client.headers.update({"Authorization": ""})


@pytest.fixture
def registry(client: httpx.Client) -> Registry:
    """A registry with one district, two streets and three communities side by side."""
    made = Registry(client)
    made.district()
    return made


@pytest.fixture
def seen_by(tokens: TestTokens) -> Callable[..., dict[str, str]]:
    """Headers of a caller who sees the given areas only."""
    return lambda *areas, **claims: tokens.headers(areas=list(areas), **claims)
