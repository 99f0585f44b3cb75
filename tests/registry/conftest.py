"""The registry over a fresh database, and a small district in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from kit.testing.clock import FrozenClock
from kit.testing.databases import TestDatabases
from kit.testing.in_process import in_process
from kit.testing.tokens import TestTokens
from services.registry.app import PACKAGE_DIR, create_app
from services.registry.settings import Settings
from tests.registry.factories import Registry


@pytest.fixture
def url(databases: TestDatabases) -> Iterator[str]:
    with databases.fresh(PACKAGE_DIR) as url:
        yield url


@pytest.fixture
def client(
    url: str, tokens: TestTokens, clock: FrozenClock, tmp_path: Path
) -> Iterator[httpx.Client]:
    settings = Settings(database_url=url, spool_folder=tmp_path / "spool")
    with in_process(create_app(settings, verifier=tokens.verifier(), clock=clock)) as client:
        client.headers.update(tokens.headers())
        yield client


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
