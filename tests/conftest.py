"""What every test may ask for: databases, tokens, a clock."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from xdist.scheduler import LoadScopeScheduling

from kit.embedded_postgres import EmbeddedPostgres
from kit.testing.clock import FrozenClock
from kit.testing.databases import TestDatabases
from kit.testing.folders import passing_folder
from kit.testing.tokens import TestTokens

#: Tests whose fixtures cost seconds each stay in one process; the rest goes wherever one is free.
#: (xdist's own groups are lost with pytest 9.2: it renames test ids, which cannot be renamed now.)
_TOGETHER = {
    "tests/system/test_make_run.py": "make run",
    "tests/system/": "installation",
    "tests/architecture/test_shape.py": "shape",
    "tests/infra/test_demo_district.py": "demo district",
    "tests/grid_partition/process/": "partition processes",
    "tests/incidents/process/": "incident processes",
}
#: Minutes each: whoever starts one last keeps the others waiting.
_FIRST = (
    "tests/system/test_make_run.py",
    "tests/system/",
    "registry/test_schemathesis.py",
    "test_schemathesis.py",
    "/process/",
    "test_openapi_gate.py",
    "test_demo_district.py",
    "test_adjust.py",
    "test_cut_command.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    late = len(_FIRST)
    items.sort(
        key=lambda item: min((n for n in range(late) if _FIRST[n] in item.nodeid), default=late)
    )
    # Going through all that was imported, again and again, takes a tenth of the time.
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)


class _Scheduling(LoadScopeScheduling):  # type: ignore[misc]
    def _split_scope(self, nodeid: str) -> str:
        for begin, scope in _TOGETHER.items():
            if nodeid.startswith(begin):
                return scope
        return nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Who runs what; used with --dist loadscope."""
    return _Scheduling(config, log)


@pytest.fixture(scope="session", autouse=True)
def _plain_logs() -> None:
    # structlog's default renders tracebacks with colours and locals: seconds each.
    structlog.configure(
        processors=[structlog.processors.format_exc_info, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
    )


@pytest.fixture(scope="session")
def embedded_postgres() -> Iterator[EmbeddedPostgres]:
    with passing_folder() as folder:
        server = EmbeddedPostgres(folder / "pg")
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def databases(embedded_postgres: EmbeddedPostgres) -> TestDatabases:
    # Half the time of a test would be waiting for the disk to keep what the test throws away.
    embedded_postgres.configure({"fsync": "off", "full_page_writes": "off"})
    return TestDatabases(embedded_postgres)


@pytest.fixture(scope="session")
def tokens() -> TestTokens:
    return TestTokens()


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()
