"""What every test may ask for: databases, tokens, a clock."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from kit.embedded_postgres import EmbeddedPostgres
from kit.testing.clock import FrozenClock
from kit.testing.databases import TestDatabases
from kit.testing.tokens import TestTokens


@pytest.fixture(scope="session", autouse=True)
def _plain_logs() -> None:
    # structlog's default renders tracebacks with colours and locals: seconds each.
    structlog.configure(
        processors=[structlog.processors.format_exc_info, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
    )


@pytest.fixture(scope="session")
def embedded_postgres() -> Iterator[EmbeddedPostgres]:
    with tempfile.TemporaryDirectory(prefix="jingwei-tests-", ignore_cleanup_errors=True) as folder:
        server = EmbeddedPostgres(Path(folder) / "pg")
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def databases(embedded_postgres: EmbeddedPostgres) -> TestDatabases:
    return TestDatabases(embedded_postgres)


@pytest.fixture(scope="session")
def tokens() -> TestTokens:
    return TestTokens()


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()
