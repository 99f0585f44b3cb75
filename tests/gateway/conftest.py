"""A served gateway with three well-behaved services behind it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from gateway.app import PACKAGE_DIR
from kit.testing.databases import TestDatabases
from tests.gateway.serving import Running, Service, bound_socket, gateway, serving


@pytest.fixture(scope="session")
def gateway_url(databases: TestDatabases) -> Iterator[str]:
    """The database of the shared gateway."""
    with databases.fresh(PACKAGE_DIR) as url:
        yield url


@pytest.fixture(scope="session")
def service() -> Service:
    """What stands behind the shared gateway, three times."""
    return Service()


@pytest.fixture(scope="session")
def running(
    gateway_url: str, service: Service, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """The shared gateway; its limits are wide."""
    folder: Path = tmp_path_factory.mktemp("gateway")
    bound = bound_socket()
    inner = f"http://127.0.0.1:{bound.getsockname()[1]}"
    with ExitStack() as stack:
        stack.enter_context(serving(service, bound))
        yield stack.enter_context(
            gateway(
                gateway_url,
                folder / "gateway.key",
                registry_url=inner,
                partition_url=inner,
                incidents_url=inner,
                refresh_s=0.5,
            )
        )


@pytest.fixture
def web(running: Running) -> Iterator[httpx.Client]:
    """A plain HTTP client of the shared gateway."""
    with httpx.Client(base_url=running.url, timeout=15) as client:
        yield client
