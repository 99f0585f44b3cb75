"""The queue: claims, leases, and who may store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from kit.db import Database, Tx
from kit.ids import new_id
from services.grid_partition.domain.rules import shipped_rules
from services.grid_partition.storage import inputs, jobs, plans
from services.grid_partition.storage.inputs import StoredSnapshot
from services.grid_partition.storage.jobs import Lease

NOW = datetime(2026, 3, 2, tzinfo=UTC)
ONE, TWO = Lease("one", 10), Lease("two", 10)


@pytest.fixture
def play(url: str) -> Callable[[Callable[[Database], Awaitable[Any]]], Any]:
    def run(story: Callable[[Database], Awaitable[Any]]) -> Any:
        async def whole() -> Any:
            database = Database(url, application="test")
            try:
                return await story(database)
            finally:
                await database.close()

        return asyncio.run(whole())

    return run


async def a_plan(database: Database, area: str = "630102", **fields: Any) -> UUID:
    plan_id = new_id()
    row = {
        "id": plan_id, "kind": "division", "area": area, "state": "computing",
        "rule_set": "default", "rules": shipped_rules(), "base": None, "count_basis": "resident",
        "seed": 1, "effective_date": None, "communities_total": 0, "communities_done": 0,
        "households_total": 0, "households_done": 0, "event_seq": 1, "created_by": "test",
        "version": 1, "created_at": NOW, "updated_at": NOW,
    }  # fmt: skip
    async with database.unit_of_work() as tx:
        await plans.add(tx, row | fields)
    return plan_id


async def with_communities(database: Database, plan_id: UUID, **households: int) -> None:
    snapshots = [
        StoredSnapshot(code.removeprefix("c"), code, "v", count, 1, "{}")
        for code, count in households.items()
    ]
    async with database.unit_of_work() as tx:
        await inputs.add(tx, plan_id, snapshots, NOW)
        await inputs.set_frames(tx, plan_id, {s.code: b"frame" for s in snapshots})
        await jobs.set_stage(tx, plan_id, "cut")


@asynccontextmanager
async def silent(database: Database, owner: str) -> AsyncIterator[None]:
    async with database.unit_of_work() as tx:
        for table in ("plan_jobs", "plan_communities"):
            await tx.execute(
                text(f"UPDATE {table} SET lease_until = now() - interval '1 s'"
                     " WHERE lease_owner = :owner"),
                {"owner": owner},
            )  # fmt: skip
    yield


async def claim(tx: Tx, lease: Lease) -> str | None:
    row = await jobs.claim_community(tx, lease)
    return row and row["code"]


def test_a_preparation_is_claimed_once_and_again_when_its_lease_ends(play: Any) -> None:
    async def story(database: Database) -> None:
        plan_id = await a_plan(database)
        async with database.unit_of_work() as tx:
            first = await jobs.claim_preparation(tx, ONE)
            assert first is not None
            assert (first["plan_id"], first["claims"]) == (plan_id, 1)
        async with database.unit_of_work() as tx:
            assert await jobs.claim_preparation(tx, TWO) is None
            assert await jobs.holds_job(tx, plan_id, "one")
            assert not await jobs.holds_job(tx, plan_id, "two")
        async with silent(database, "one"), database.unit_of_work() as tx:
            again = await jobs.claim_preparation(tx, TWO)
            assert again is not None
            assert again["claims"] == 2
            assert not await jobs.holds_job(tx, plan_id, "one")

    play(story)


def test_a_heartbeat_keeps_what_is_held(play: Any) -> None:
    async def story(database: Database) -> None:
        await a_plan(database)
        async with database.unit_of_work() as tx:
            await jobs.claim_preparation(tx, ONE)
        async with silent(database, "one"), database.unit_of_work() as tx:
            await jobs.renew(tx, ONE)
            assert await jobs.claim_preparation(tx, TWO) is None

    play(story)


def test_the_largest_community_of_the_oldest_plan_is_first(play: Any) -> None:
    async def story(database: Database) -> None:
        later = await a_plan(database, "630103", created_at=datetime(2026, 3, 3, tzinfo=UTC))
        oldest = await a_plan(database)
        await with_communities(database, later, c630103001001=9999)
        await with_communities(database, oldest, c630102001001=5, c630102001002=7, c630102001003=7)
        async with database.unit_of_work() as tx:
            found = [await claim(tx, ONE) for _ in range(5)]
        assert found == ["630102001002", "630102001003", "630102001001", "630103001001", None]

    play(story)


def test_two_workers_never_hold_the_same_community(play: Any) -> None:
    async def story(database: Database) -> None:
        plan_id = await a_plan(database)
        codes = {f"c6301020010{n:02d}": n + 1 for n in range(20)}
        await with_communities(database, plan_id, **codes)

        async def take(lease: Lease) -> list[str]:
            mine = []
            while True:
                async with database.unit_of_work() as tx:
                    code = await claim(tx, lease)
                if code is None:
                    return mine
                mine.append(code)

        one, two = await asyncio.gather(take(ONE), take(TWO))
        assert len(one) + len(two) == len(set(one) | set(two)) == 20

    play(story)


@pytest.mark.parametrize("state", ["cancelled", "failed", "computed"])
def test_a_plan_that_computes_no_more_gives_no_work(play: Any, state: str) -> None:
    async def story(database: Database) -> None:
        plan_id = await a_plan(database)
        await with_communities(database, plan_id, c630102001001=5)
        waiting = await a_plan(database, "630103")
        async with database.unit_of_work() as tx:
            for one in (plan_id, waiting):
                await plans.change(tx, one, NOW, state=state)
        async with database.unit_of_work() as tx:
            assert await claim(tx, ONE) is None
            assert await jobs.claim_preparation(tx, ONE) is None
            assert await jobs.claim_finish(tx) is None

    play(story)


def test_what_is_put_back_waits_and_counts_its_faults(play: Any) -> None:
    async def story(database: Database) -> None:
        plan_id = await a_plan(database)
        await with_communities(database, plan_id, c630102001001=5)
        for wanted in (1, 2, 3):
            async with database.unit_of_work() as tx:
                code = await claim(tx, ONE)
                assert code == "630102001001"
                lost = await jobs.put_back_community(tx, plan_id, code, "two", failed=True)
                kept = await jobs.put_back_community(tx, plan_id, code, "one", failed=True)
            assert (lost, kept) == (None, wanted)
        async with database.unit_of_work() as tx:
            await jobs.set_stage(tx, plan_id, "prepare")
            await jobs.claim_preparation(tx, ONE)
            assert await jobs.put_back_job(tx, plan_id, "two", failed=True, wait_s=0) is None
            row = await jobs.put_back_job(tx, plan_id, "one", failed=False, wait_s=60)
            assert row is not None
            assert row["failures"] == 0
        async with database.unit_of_work() as tx:
            assert await jobs.claim_preparation(tx, ONE) is None

    play(story)


def test_a_worker_that_leaves_in_peace_gives_everything_back(play: Any) -> None:
    async def story(database: Database) -> None:
        plan_id = await a_plan(database)
        await with_communities(database, plan_id, c630102001001=5)
        await a_plan(database, "630103")
        async with database.unit_of_work() as tx:
            await claim(tx, ONE)
            await jobs.claim_preparation(tx, ONE)
        async with database.unit_of_work() as tx:
            await jobs.release(tx, "one")
        async with database.unit_of_work() as tx:
            community = await jobs.claim_community(tx, TWO)
            job = await jobs.claim_preparation(tx, TWO)
        assert community is not None
        assert job is not None
        assert (community["claims"], job["claims"]) == (1, 1)

    play(story)


def test_a_plan_is_finished_when_its_last_community_is_done_and_by_one_only(play: Any) -> None:
    async def story(database: Database) -> None:
        plan_id = await a_plan(database)
        await with_communities(database, plan_id, c630102001001=5, c630102001002=6)
        async with database.unit_of_work() as tx:
            await tx.execute(
                text("UPDATE plan_communities SET state = 'done' WHERE households = 5")
            )
            assert await jobs.claim_finish(tx) is None
            await tx.execute(text("UPDATE plan_communities SET state = 'done'"))
        async with database.unit_of_work() as one, database.unit_of_work() as two:
            assert await jobs.claim_finish(one) == plan_id
            assert await jobs.claim_finish(two) is None

    play(story)


@pytest.mark.parametrize(
    ("running", "asked", "meets"),
    [
        ("630102", "630102", True),
        ("630102", "630102002", True),
        ("630102002", "630102", True),
        ("630102002001", "630102002", True),
        ("630102002", "630102003", False),
        ("630102", "630103", False),
    ],
)
def test_areas_overlap_by_prefix(play: Any, running: str, asked: str, meets: bool) -> None:
    async def story(database: Database) -> bool:
        await a_plan(database, running)
        async with database.reading() as tx:
            return await plans.computing_over(tx, asked) is not None

    assert play(story) is meets


def test_two_switches_of_one_district_take_turns(play: Any) -> None:
    async def story(database: Database) -> list[str]:
        order: list[str] = []
        held = asyncio.Event()

        async def first() -> None:
            async with database.unit_of_work() as tx:
                await plans.lock_district(tx, "630102002")
                held.set()
                await asyncio.sleep(0.2)
                order.append("first")

        async def second() -> None:
            await held.wait()
            async with database.unit_of_work() as tx:
                await plans.lock_district(tx, "630102003")
                order.append("second")

        await asyncio.gather(first(), second())
        return order

    assert play(story) == ["first", "second"]
