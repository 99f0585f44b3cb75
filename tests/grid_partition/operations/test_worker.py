"""The worker: faults, leases, takeovers; nothing lost, nothing doubled, nobody else harmed."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import asyncpg
import pytest

from services.grid_partition.domain.cutting import CutTask
from services.grid_partition.operations.processes import ProcessDied, Processes
from tests.grid_partition.maps import FIRST, SECOND, fill, two_places
from tests.grid_partition.service import Service, drain, threads


class Compute:
    """Runs in this thread; `before` is asked about every piece first and may raise."""

    def __init__(self, before: Callable[[Any, bool], None]) -> None:
        self._before = before
        self._inner = Processes(1, make=threads)
        self.cut: list[tuple[str, bool]] = []

    async def __call__(self, function: Any, task: Any, /, *, alone: bool) -> Any:
        if isinstance(task, CutTask):
            code = FIRST if FIRST in task.snapshot else SECOND
            self.cut.append((code, alone))
            self._before(code, alone)
        return await self._inner(function, task, alone=False)


def sql(service: Service, statement: str) -> list[Any]:
    async def run() -> list[Any]:
        connection = await asyncpg.connect(service.settings.database_url)
        try:
            return list(await connection.fetch(statement))
        finally:
            await connection.close()

    # In a thread of its own, because some ask from inside a running loop.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(run())).result()


def digests(service: Service, plan: dict[str, Any]) -> list[str]:
    return [row["digest"] for row in service.items(f"/plans/{plan['id']}/communities")]


def test_a_poisonous_community_fails_its_plan_by_name_and_the_worker_lives(
    service: Service,
) -> None:
    def poison(code: str, _alone: bool) -> None:
        if code == SECOND:
            raise ValueError("no such map")

    compute = Compute(poison)
    made = service.plan()
    service.work(compute=compute)
    failed = service.get(f"/plans/{made['id']}")
    assert failed["state"] == "failed"
    assert failed["failure"]["code"] == "community_failed"
    assert failed["failure"]["community"] == SECOND
    assert "ValueError" in failed["failure"]["detail"]
    assert "no such map" not in str(failed)
    assert [code for code, _ in compute.cut].count(SECOND) == 3
    assert service.items(f"/plans/{made['id']}/grids") == []
    assert service.computed(FIRST)["state"] == "computed"


def test_a_process_that_dies_is_replaced_and_the_suspect_works_alone(service: Service) -> None:
    deaths: list[str] = []

    def die_once(code: str, _alone: bool) -> None:
        if not deaths:
            deaths.append(code)
            raise ProcessDied

    calm = service.computed(seed=9)
    compute = Compute(die_once)
    made = service.plan(seed=9)
    service.work(compute=compute)
    assert service.get(f"/plans/{made['id']}")["state"] == "computed"
    assert (deaths[0], True) in compute.cut
    assert digests(service, made) == digests(service, calm)


def test_a_community_that_kills_every_process_fails_its_plan(service: Service) -> None:
    def kill(code: str, _alone: bool) -> None:
        if code == FIRST:
            raise ProcessDied

    made = service.plan()
    service.work(compute=Compute(kill))
    failed = service.get(f"/plans/{made['id']}")
    assert (failed["state"], failed["failure"]["code"]) == ("failed", "community_failed")
    assert "ProcessDied" in failed["failure"]["detail"]


def test_what_a_silent_worker_held_is_taken_over_when_its_lease_ends(service: Service) -> None:
    calm = service.computed(seed=9)
    made = service.plan(seed=9)
    stop = threading.Event()

    def fall_silent(code: str, _alone: bool) -> None:
        if code == SECOND and not stop.is_set():
            stop.set()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        service.work(compute=Compute(fall_silent), owner="silent")
    held = sql(service, "SELECT code, state FROM plan_communities WHERE lease_owner = 'silent'")
    assert [(row["code"], row["state"]) for row in held] == [(SECOND, "running")]
    service.work()
    assert service.get(f"/plans/{made['id']}")["state"] == "computing"
    sql(service, "UPDATE plan_communities SET lease_until = now() - interval '1 second'"
                 " WHERE lease_owner = 'silent'")  # fmt: skip
    service.work()
    assert service.get(f"/plans/{made['id']}")["state"] == "computed"
    assert digests(service, made) == digests(service, calm)


def test_a_result_that_comes_too_late_is_dropped(service: Service) -> None:
    made = service.plan(FIRST)

    def lose_lease(_code: str, _alone: bool) -> None:
        sql(service, "UPDATE plan_communities SET lease_owner = 'another'")

    service.work(compute=Compute(lose_lease))
    assert service.get(f"/plans/{made['id']}")["progress"]["done"] == 0
    assert service.items(f"/plans/{made['id']}/grids") == []


def test_a_plan_that_is_cancelled_meanwhile_keeps_nothing(service: Service) -> None:
    made = service.plan()

    def cancel(_code: str, _alone: bool) -> None:
        if service.get(f"/plans/{made['id']}")["state"] == "computing":
            assert service.act(made, "cancel").status_code == 200

    # The door runs in another thread with a loop of its own, so this does not wait for itself.
    service.work(compute=Compute(cancel))
    assert service.get(f"/plans/{made['id']}")["state"] == "cancelled"
    assert service.items(f"/plans/{made['id']}/grids") == []
    assert service.computed()["state"] == "computed"


def test_two_workers_share_a_plan_and_cut_each_community_once(service: Service) -> None:
    made = service.plan()
    seen: list[str] = []
    first = Compute(lambda code, _alone: seen.append(code))
    second = Compute(lambda code, _alone: seen.append(code))

    async def both() -> None:
        await asyncio.gather(
            *(
                drain(service.settings, service.registry, service.clock, compute=compute)
                for compute in (first, second)
            )
        )

    until = time.monotonic() + 20
    while service.get(f"/plans/{made['id']}")["state"] == "computing":
        asyncio.run(both())
        assert time.monotonic() < until
    assert sorted(seen) == [FIRST, SECOND]
    assert service.get(f"/plans/{made['id']}")["progress"]["done"] == 2


def test_an_absent_registry_is_waited_for(service: Service) -> None:
    made = service.plan()
    service.registry.is_down = True
    service.work()
    assert service.get(f"/plans/{made['id']}")["state"] == "computing"
    service.registry.is_down = False
    sql(service, "UPDATE plan_jobs SET not_before = NULL")
    service.work()
    assert service.get(f"/plans/{made['id']}")["state"] == "computed"


def test_a_registry_that_stays_away_fails_the_plan_in_the_end(service: Service) -> None:
    made = service.plan()
    service.registry.is_down = True
    sql(service, "UPDATE plan_jobs SET created_at = now() - interval '1 hour'")
    service.work()
    failed = service.get(f"/plans/{made['id']}")
    assert (failed["state"], failed["failure"]["code"]) == ("failed", "registry_absent")


def test_an_area_that_lost_its_households_meanwhile_fails_by_name(service: Service) -> None:
    made = service.plan(FIRST)
    for house in two_places()[0].houses:
        service.registry.remove_building(FIRST, house.source_id)
    service.work()
    failed = service.get(f"/plans/{made['id']}")
    assert (failed["state"], failed["failure"]["code"]) == ("failed", "area_empty")


def test_a_map_that_cannot_be_prepared_fails_the_plan_after_three_tries(service: Service) -> None:
    service.registry.put_community(
        SECOND, boundary={"type": "LineString", "coordinates": [[101.8, 36.6], [101.9, 36.6]]}
    )
    made = service.plan()
    service.work()
    failed = service.get(f"/plans/{made['id']}")
    assert (failed["state"], failed["failure"]["code"]) == ("failed", "input_unusable")
    assert "3 attempts" in failed["failure"]["detail"]


def test_a_plan_whose_snapshots_were_half_read_starts_over(service: Service) -> None:
    made = service.plan()
    sql(service, "INSERT INTO plan_communities (plan_id, code, name, state, snapshot_version,"
                 " snapshot, households, buildings, failures, claims, updated_at)"
                 f" VALUES ('{made['id']}', '630102002099', 'x', 'loading', 'v', '{{}}', 1, 1, 0,"
                 " 0, now())")  # fmt: skip
    service.work()
    codes = [row["code"] for row in service.items(f"/plans/{made['id']}/communities")]
    assert codes == [FIRST, SECOND]


def test_work_that_kills_worker_after_worker_is_given_up(service: Service) -> None:
    made = service.plan()
    sql(service, "UPDATE plan_jobs SET claims = 10")
    service.work()
    failed = service.get(f"/plans/{made['id']}")
    assert (failed["state"], failed["failure"]["code"]) == ("failed", "input_unusable")
    fill(service.registry, two_places())


def _identity(value: int) -> int:
    return value


def _die(_value: int) -> int:
    os._exit(3)


class Breaking(ThreadPoolExecutor):
    """An executor whose first submission breaks it."""

    def submit(self, *_args: Any, **_kwargs: Any) -> Any:
        raise BrokenProcessPool


def test_a_broken_pool_is_built_anew() -> None:
    made: list[Executor] = []

    def make(_processes: int) -> Executor:
        pool = Breaking(1) if not made else ThreadPoolExecutor(1)
        made.append(pool)
        return pool

    async def run() -> int:
        processes = Processes(1, make=make)
        with pytest.raises(ProcessDied):
            await processes(_identity, 1, alone=False)
        answer = await processes(_identity, 2, alone=False)
        alone = await processes(_identity, 3, alone=True)
        processes.close()
        return answer + alone

    assert asyncio.run(run()) == 5
    assert len(made) == 3


def test_a_real_process_that_dies_is_told_as_such() -> None:
    def plain(processes: int) -> Executor:
        return ProcessPoolExecutor(processes)

    async def run() -> None:
        processes = Processes(1, make=plain)
        with pytest.raises(ProcessDied):
            await processes(_die, 1, alone=False)
        processes.close()

    asyncio.run(run())
