"""Quotas: counted together by all processes, told with the time to wait."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from kit.db import Database, async_url, new_metadata
from kit.quota import Quota, QuotaUsed, forget_old, quota_table, spend
from kit.testing.databases import TestDatabases

METADATA = new_metadata()
QUOTAS = quota_table(METADATA)
AT = datetime(2026, 3, 2, 1, 0, 30, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def url(databases: TestDatabases) -> Iterator[str]:
    async def make(url: str) -> None:
        engine = create_async_engine(async_url(url))
        async with engine.begin() as connection:
            await connection.run_sync(METADATA.create_all)
        await engine.dispose()

    with databases.empty() as made:
        asyncio.run(make(made))
        yield made


def run(url: str, work: Callable[[Database], Awaitable[None]]) -> None:
    async def whole() -> None:
        database = Database(url, application="test")
        try:
            await work(database)
        finally:
            await database.close()

    asyncio.run(whole())


async def spent(database: Database, quota: Quota, client: str, amount: int, at: datetime) -> int:
    async with database.unit_of_work() as tx:
        return await spend(tx, QUOTAS, quota, client, amount, at=at)


def test_a_client_spends_its_own_quota_in_each_window(url: str) -> None:
    quota = Quota("lookups", 5, timedelta(minutes=1))

    async def work(database: Database) -> None:
        assert await spent(database, quota, "a", 3, AT) == 2
        assert await spent(database, quota, "a", 2, AT) == 0
        with pytest.raises(QuotaUsed) as caught:
            await spent(database, quota, "a", 1, AT)
        assert caught.value.retry_after_s == 30
        assert await spent(database, quota, "b", 5, AT) == 0
        assert await spent(database, quota, "a", 5, AT + timedelta(seconds=30)) == 0
        with pytest.raises(QuotaUsed):
            await spent(database, quota, "c", 6, AT)

    run(url, work)


def test_what_is_refused_or_rolled_back_is_not_counted(url: str) -> None:
    quota = Quota("rows", 10, DAY)

    async def work(database: Database) -> None:
        assert await spent(database, quota, "a", 4, AT) == 6
        with pytest.raises(QuotaUsed):
            await spent(database, quota, "a", 7, AT)

        async def in_vain() -> None:
            async with database.unit_of_work() as tx:
                await spend(tx, QUOTAS, quota, "a", 6, at=AT)
                message = "later"
                raise RuntimeError(message)

        with pytest.raises(RuntimeError, match="later"):
            await in_vain()
        assert await spent(database, quota, "a", 6, AT) == 0

    run(url, work)


def test_many_at_once_never_spend_more_than_there_is(url: str) -> None:
    quota = Quota("rows", 20, DAY)

    async def work(database: Database) -> None:
        async def one() -> int:
            try:
                return (await spent(database, quota, "a", 3, AT)) * 0 + 3
            except QuotaUsed:
                return 0

        assert sum(await asyncio.gather(*(one() for _ in range(12)))) == 18

    run(url, work)


def test_a_day_begins_at_midnight_of_the_zone(url: str) -> None:
    quota = Quota("rows", 1, DAY, timedelta(hours=8))
    assert quota.begin(AT) == datetime(2026, 3, 1, 16, 0, tzinfo=UTC)
    assert quota.begin(AT.replace(hour=16)) == datetime(2026, 3, 2, 16, 0, tzinfo=UTC)

    async def work(database: Database) -> None:
        await spent(database, quota, "a", 1, AT)
        async with database.unit_of_work() as tx:
            assert await forget_old(tx, QUOTAS, before=AT - DAY) == 0
            assert await forget_old(tx, QUOTAS, before=AT + DAY) == 1
        await spent(database, quota, "a", 1, AT)

    run(url, work)
