"""Events leave with their transaction; migrations know whether they are pending."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select

from kit import idempotency, migrations, outbox
from kit.db import Database, as_problem
from kit.testing.clock import FrozenClock
from kit.testing.databases import TestDatabases
from tests.kit.toy import app as toy

PACKAGE = Path(toy.__file__).parent
INBOX = outbox.inbox_table(toy.METADATA)
EVENT = outbox.Event("toy.boat.created", "b1", "630102", {"seats": 3})


@pytest.fixture
def url(databases: TestDatabases) -> Iterator[str]:
    with databases.fresh(PACKAGE) as url:
        yield url


def test_an_event_is_kept_with_its_change_or_not_at_all(url: str, clock: FrozenClock) -> None:
    async def run() -> list[str]:
        database = Database(url, application="test")

        async def failing_change() -> None:
            async with database.unit_of_work() as tx:
                await outbox.record(tx, toy.OUTBOX, EVENT, now=clock.now())
                raise RuntimeError("the change fails")

        with pytest.raises(RuntimeError, match="fails"):
            await failing_change()
        async with database.unit_of_work() as tx:
            await outbox.record(tx, toy.OUTBOX, EVENT, EVENT, now=clock.now())
            await outbox.record(tx, toy.OUTBOX, now=clock.now())
        async with database.reading() as tx:
            events = await outbox.after(tx, toy.OUTBOX, 0)
            rest = await outbox.after(tx, toy.OUTBOX, events[0]["seq"])
        await database.close()
        assert len({event["id"] for event in events}) == 2
        assert [event["seq"] for event in rest] == [events[1]["seq"]]
        return [event["type"] for event in events]

    assert asyncio.run(run()) == ["toy.boat.created", "toy.boat.created"]


def test_a_repeated_delivery_is_known(url: str, clock: FrozenClock) -> None:
    async def run() -> list[bool]:
        database = Database(url, application="test")
        async with database.unit_of_work() as tx:
            await tx.run_sync(lambda connection: INBOX.create(connection, checkfirst=True))
            found = [
                await outbox.first_receipt(
                    tx, INBOX, "0190a000-0000-7000-8000-000000000001", now=clock.now()
                )
                for _ in range(2)
            ]
        await database.close()
        return found

    assert asyncio.run(run()) == [True, False]


def test_saved_answers_are_forgotten_after_the_promised_hours(url: str, clock: FrozenClock) -> None:
    claim = idempotency.Claim("c", "POST /x", "key-0001", b"sha")
    answer = idempotency.SavedAnswer(201, {"etag": '"1"'}, b"{}")

    async def run() -> tuple[int, int, int]:
        database = Database(url, application="test")
        async with database.unit_of_work() as tx:
            assert await idempotency.begin(tx, toy.KEYS, claim) is None
            await idempotency.save(tx, toy.KEYS, claim, answer, now=clock.now())
        clock.move(hours=47)
        async with database.unit_of_work() as tx:
            early = await idempotency.forget_old(tx, toy.KEYS, now=clock.now(), hours=48)
            assert await idempotency.begin(tx, toy.KEYS, claim) == answer
        clock.move(hours=2)
        async with database.unit_of_work() as tx:
            late = await idempotency.forget_old(tx, toy.KEYS, now=clock.now(), hours=48)
            left = await tx.scalar(select(func.count()).select_from(toy.KEYS))
        await database.close()
        return early, late, int(left or 0)

    assert asyncio.run(run()) == (0, 1, 0)


def test_a_twin_that_arrives_while_the_first_runs_is_told_so(url: str) -> None:
    claim = idempotency.Claim("c", "POST /x", "key-0002", b"sha")

    async def run() -> None:
        database = Database(url, application="test")
        async with database.unit_of_work() as first:
            await idempotency.begin(first, toy.KEYS, claim)
            async with database.unit_of_work() as second:
                with pytest.raises(idempotency.StillRunning):
                    await idempotency.begin(second, toy.KEYS, claim)
        await database.close()

    asyncio.run(run())


def test_migrations_are_pending_until_they_are_run(databases: TestDatabases) -> None:
    async def pending(url: str) -> bool:
        database = Database(url, application="test")
        try:
            return await migrations.pending(PACKAGE, database.engine)
        finally:
            await database.close()

    with databases.empty() as url:
        assert asyncio.run(pending(url))
        migrations.upgrade(PACKAGE, url)
        assert not asyncio.run(pending(url))
        migrations.upgrade(PACKAGE, url)
        migrations.downgrade(PACKAGE, url, "base")
        assert asyncio.run(pending(url))


def test_a_statement_that_takes_too_long_is_cut_and_means_try_again(url: str) -> None:
    async def run() -> BaseException:
        database = Database(url, application="test", statement_timeout_ms=100)
        try:
            async with database.reading() as tx:
                await tx.execute(select(func.pg_sleep(5)))
        except Exception as error:  # noqa: BLE001 - the fault itself is what is looked at
            return error
        finally:
            await database.close()
        raise AssertionError

    problem = as_problem(asyncio.run(run()))
    assert problem is not None
    assert problem.code == "database.unavailable"


def test_a_defect_in_a_statement_is_no_excuse(url: str) -> None:
    async def run() -> BaseException:
        database = Database(url, application="test")
        try:
            async with database.unit_of_work() as tx:
                await tx.execute(delete(toy.BOATS).where(func.nosuchfunction() == 1))
        except Exception as error:  # noqa: BLE001 - the fault itself is what is looked at
            return error
        finally:
            await database.close()
        raise AssertionError

    assert as_problem(asyncio.run(run())) is None
