"""An incidents service in process, with a real database and a grid partition that can fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import httpx
import pytest

from kit.testing.clock import FrozenClock
from kit.testing.databases import TestDatabases
from kit.testing.in_process import in_process
from kit.testing.tokens import ISSUER, TestTokens
from services.incidents.app import PACKAGE_DIR, create_app
from services.incidents.settings import Settings
from tests.incidents.partition import FakeGridPartition

Start = Callable[..., AbstractContextManager[httpx.Client]]


@pytest.fixture
def grids() -> FakeGridPartition:
    return FakeGridPartition()


@pytest.fixture
def url(databases: TestDatabases) -> Iterator[str]:
    with databases.fresh(PACKAGE_DIR) as url:
        yield url


@pytest.fixture
def start(url: str, tokens: TestTokens, clock: FrozenClock, grids: FakeGridPartition) -> Start:
    """Return what starts one process of the service on the test's database."""

    @contextmanager
    def run(**settings: Any) -> Iterator[httpx.Client]:
        defaults: dict[str, Any] = {
            "database_url": url,
            "issuer": ISSUER,
            "environment": "development",
            "locate_patience_s": 0.3,
            "locator_interval_s": 0.05,
            "partition_url": "http://partition.test",
        }
        app = create_app(
            Settings(**(defaults | settings)),
            verifier=tokens.verifier(),
            clock=clock,
            partition=grids.transport(),
        )
        with in_process(app) as client:
            client.headers.update(tokens.headers())
            yield client

    return run


@pytest.fixture
def client(start: Start) -> Iterator[httpx.Client]:
    with ExitStack() as stack:
        yield stack.enter_context(start())


Caller = Callable[..., dict[str, str]]


@pytest.fixture
def caller(tokens: TestTokens) -> Caller:
    """Return what makes the headers of a caller: `caller("member", areas=["630102"])`."""

    def headers(client_id: str, **claims: Any) -> dict[str, str]:
        return tokens.headers(client_id=client_id, **claims)

    return headers
