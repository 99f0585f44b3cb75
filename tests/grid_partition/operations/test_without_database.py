"""Without its database the service says so; only the map in memory goes on answering."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from kit.db import Database, Tx
from kit.testing.clock import FrozenClock
from kit.testing.tokens import TestTokens
from services.grid_partition.operations.locate import GridMap, locate
from services.grid_partition.settings import Settings
from tests.fakes.registry import FakeRegistry
from tests.grid_partition.maps import FIRST, spot
from tests.grid_partition.service import V1, Service, drain, running, settings_for


class Breakable(Database):
    """A database that can be taken away."""

    is_down = False

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Tx]:
        if self.is_down:
            raise ConnectionRefusedError
        async with super().reading() as tx:
            yield tx


@pytest.fixture
def nowhere(tmp_path: Path) -> Settings:
    return settings_for(f"postgresql://x@/x?host={tmp_path}", tmp_path)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/plans"),
        ("POST", "/plans"),
        ("GET", "/grids"),
        ("GET", f"/grids/{FIRST}001"),
        ("GET", "/rule-sets"),
        ("GET", "/barriers"),
        ("GET", "/locate?lon=101.8&lat=36.6"),
    ],
)
def test_every_door_answers_503(
    nowhere: Settings, tokens: TestTokens, clock: FrozenClock, method: str, path: str
) -> None:
    with running(nowhere, FakeRegistry(), tokens, clock) as service:
        body = {"json": {"kind": "division", "area": "630102"}} if method == "POST" else {}
        answer = service.client.request(method, V1 + path, **body)  # type: ignore[arg-type]
        assert (answer.status_code, answer.json()["code"]) == (503, "database.unavailable")
        assert answer.headers["retry-after"]
        assert service.client.get("/readyz").status_code == 503
        assert service.client.get("/livez").status_code == 200


def test_a_map_in_memory_outlives_its_database(service: Service) -> None:
    service.in_force(FIRST)
    lon, lat = spot(100, 100)

    async def ask() -> list[str | None]:
        database = Breakable(service.settings.database_url, application="test")
        grid_map = GridMap(database, fresh_s=0)
        found = []
        try:
            for is_down in (False, True, True, False):
                database.is_down = is_down
                (answer,) = await locate(grid_map, [lon], [lat], areas=["*"], as_of=None)
                found.append(answer.grid and answer.grid.code)
        finally:
            await database.close()
        return found

    found = asyncio.run(ask())
    assert found[0] is not None
    assert len(set(found)) == 1


def test_a_map_that_was_never_read_cannot_answer(service: Service) -> None:
    async def ask() -> None:
        database = Breakable(service.settings.database_url, application="test")
        database.is_down = True
        try:
            await GridMap(database, fresh_s=0).now()
        finally:
            await database.close()

    with pytest.raises(ConnectionRefusedError):
        asyncio.run(ask())


def test_a_worker_without_database_fails_at_once_in_a_drain(
    nowhere: Settings, fake_registry: FakeRegistry, clock: FrozenClock
) -> None:
    with pytest.raises(FileNotFoundError):
        asyncio.run(drain(nowhere, fake_registry, clock))
