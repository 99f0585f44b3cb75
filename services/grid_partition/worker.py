"""The worker: takes pieces of plans from the database and computes them in other processes.

Several may run, on one machine or many.  What one holds when it dies is taken over when its lease
ends; each community's result is stored in one transaction, so nothing is lost or doubled.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog

from kit.clock import SystemClock, local_date
from kit.db import as_problem
from kit.ids import new_id
from kit.peers import PeerUnavailable, http_client
from services.grid_partition.clients.registry import registry_client
from services.grid_partition.operations import computing, preparing, publication, telling
from services.grid_partition.operations.processes import ProcessDied, Processes
from services.grid_partition.operations.workshop import LeaseLost, PlanFailed, Workshop
from services.grid_partition.settings import Settings
from services.grid_partition.storage import jobs
from services.grid_partition.storage.opening import open_database

log = structlog.get_logger()

_AFTER_FAULT_S = 1.0


class Worker:
    """One worker process's loop; `slots` pieces of work at a time."""

    def __init__(self, workshop: Workshop, *, slots: int) -> None:
        self._shop = workshop
        self._slots = slots
        self._lease = jobs.Lease(workshop.owner, workshop.settings.lease_s)
        self._running: set[asyncio.Task[None]] = set()
        self._telling: asyncio.Task[bool] | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop; then give back what is unfinished."""
        stopping = asyncio.create_task(stop.wait())
        async with self._beating():
            while not stop.is_set():
                busy = await self._guarded(self._round)
                wait = 0 if busy and len(self._running) < self._slots else self._poll_s
                await self._pause(wait, stopping)
            await self._let_go()
        stopping.cancel()

    async def drain(self) -> None:
        """Work until nothing is left that could be done now."""
        async with self._beating():
            while await self._round() or self._running or await self._told():
                if self._running:
                    await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)

    async def _told(self) -> bool:
        return self._telling is not None and await self._telling

    @property
    def _poll_s(self) -> float:
        return self._shop.settings.poll_s

    async def _pause(self, seconds: float, stopping: asyncio.Task[Any]) -> None:
        if seconds:
            waits: set[asyncio.Task[Any]] = {*self._running, stopping}
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)

    async def _guarded(self, step: Callable[[], Awaitable[bool]]) -> bool:
        try:
            return await step()
        except Exception as error:
            if as_problem(error) is None:
                raise
            log.warning("worker_without_database", error=type(error).__name__)
            await asyncio.sleep(_AFTER_FAULT_S)
            return False

    async def _round(self) -> bool:
        began = await self._begin_work()
        finished = await computing.finish_one(self._shop)
        if finished is not None:
            log.info("plan_computed", plan=str(finished))
        switched = await self._switch_due()
        self._tell()
        return began or finished is not None or switched

    def _tell(self) -> None:
        """Tell the registry of grids in force, beside everything else: it may be slow."""
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell_one())

    async def _tell_one(self) -> bool:
        try:
            return await telling.tell_one(self._shop)
        except Exception as error:
            known = as_problem(error) is not None
            log.error("telling_broken_off", error=type(error).__name__, exc_info=not known)
            return False

    async def _switch_due(self) -> bool:
        shop = self._shop
        now = shop.clock.now()
        async with shop.database.unit_of_work() as tx:
            plan_id = await publication.switch_one_due(
                tx, today=local_date(now, shop.settings.time_zone), now=now
            )
        if plan_id is not None:
            log.info("plan_in_force", plan=str(plan_id))
        return plan_id is not None

    async def _begin_work(self) -> bool:
        began = False
        while len(self._running) < self._slots:
            work = await self._claim()
            if work is None:
                break
            task = asyncio.create_task(work)
            self._running.add(task)
            task.add_done_callback(self._ended)
            began = True
        return began

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            # What it held comes free when its lease ends.
            log.error("work_broken_off", error=type(error).__name__, exc_info=error)

    async def _claim(self) -> Any:
        async with self._shop.database.unit_of_work() as tx:
            community = await jobs.claim_community(tx, self._lease)
            job = None if community else await jobs.claim_preparation(tx, self._lease)
        if community is not None:
            # It was begun before and did not end: it may be what kills processes.
            suspect = community["claims"] > 1
            deaths = community["claims"] - community["failures"] - 1
            return self._cut(community["plan_id"], community["code"], suspect, deaths)
        if job is not None:
            return self._prepare(job["plan_id"], job["claims"] - 1)
        return None

    async def _cut(self, plan_id: UUID, code: str, suspect: bool, deaths: int) -> None:
        settings = self._shop.settings
        try:
            if deaths >= settings.claims_max:
                await self._give_up(plan_id, "ProcessDied", code=code, attempts=deaths)
                return
            await computing.cut(self._shop, plan_id, code, alone=suspect)
        except LeaseLost:
            log.info("lease_lost", plan=str(plan_id), community=code)
        except Exception as error:  # noqa: BLE001 - a fault of one community must not stop others
            await self._cut_failed(plan_id, code, error, counts=suspect)

    async def _cut_failed(
        self, plan_id: UUID, code: str, error: Exception, *, counts: bool
    ) -> None:
        if as_problem(error) is not None:
            log.warning("result_not_stored", plan=str(plan_id), community=code)
            return
        failed = counts or not isinstance(error, ProcessDied)
        log.error(
            "community_failed",
            plan=str(plan_id),
            community=code,
            error=type(error).__name__,
            exc_info=error,
        )
        async with self._shop.database.unit_of_work() as tx:
            failures = await jobs.put_back_community(
                tx, plan_id, code, self._shop.owner, failed=failed
            )
        if failures is not None and failures >= self._shop.settings.failures_max:
            await self._give_up(plan_id, type(error).__name__, code=code, attempts=failures)

    async def _give_up(self, plan_id: UUID, error: str, *, code: str, attempts: int) -> None:
        reason = PlanFailed("community_failed", community=code, attempts=attempts, error=error)
        await computing.fail(self._shop, plan_id, reason)

    async def _prepare(self, plan_id: UUID, deaths: int) -> None:
        settings = self._shop.settings
        try:
            if deaths >= settings.claims_max:
                raise PlanFailed("input_unusable", attempts=deaths, error="ProcessDied")
            await preparing.prepare(self._shop, plan_id)
        except LeaseLost:
            log.info("lease_lost", plan=str(plan_id))
        except PlanFailed as reason:
            log.warning("plan_failed", plan=str(plan_id), reason=reason.code)
            await computing.fail(self._shop, plan_id, reason)
        except Exception as error:  # noqa: BLE001 - a fault of one plan must not stop others
            await self._prepare_failed(plan_id, error)

    async def _prepare_failed(self, plan_id: UUID, error: Exception) -> None:
        absent = isinstance(error, PeerUnavailable)
        if not absent and as_problem(error) is not None:
            log.warning("preparation_not_stored", plan=str(plan_id))
            return
        settings = self._shop.settings
        log.warning("preparation_failed", plan=str(plan_id), error=type(error).__name__)
        async with self._shop.database.unit_of_work() as tx:
            job = await jobs.put_back_job(
                tx, plan_id, self._shop.owner, failed=not absent, wait_s=2.0 if absent else 0.0
            )
        if job is None:
            return
        if absent and job["age"] > timedelta(seconds=settings.registry_patience_s):
            waited_s = int(settings.registry_patience_s)
            await computing.fail(
                self._shop, plan_id, PlanFailed("registry_absent", waited_s=waited_s)
            )
        elif not absent and job["failures"] >= settings.failures_max:
            reason = PlanFailed(
                "input_unusable", attempts=job["failures"], error=type(error).__name__
            )
            await computing.fail(self._shop, plan_id, reason)

    @contextlib.asynccontextmanager
    async def _beating(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._beat())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._shop.settings.heartbeat_s)
            try:
                async with self._shop.database.unit_of_work() as tx:
                    await jobs.renew(tx, self._lease)
            except Exception as error:
                if as_problem(error) is None:
                    raise
                log.warning("heartbeat_missed", error=type(error).__name__)

    async def _let_go(self) -> None:
        tasks = [*self._running, *([] if self._telling is None else [self._telling])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        async with self._shop.database.unit_of_work() as tx:
            await jobs.release(tx, self._shop.owner)


def default_processes() -> int:
    """Return how many processes compute unless told: one core is left to everybody else."""
    return max(1, (os.cpu_count() or 1) - 1)


def serve_worker(settings: Settings, processes: int) -> None:
    """Work until SIGTERM or SIGINT."""
    asyncio.run(_serve(settings, processes))


async def _serve(settings: Settings, processes: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    database = open_database(settings, "grid_partition.worker")
    compute = Processes(processes)
    owner = f"{os.getpid()}-{new_id()}"
    async with http_client() as http:
        workshop = Workshop(
            owner=owner,
            database=database,
            registry=registry_client(settings, http),
            clock=SystemClock(),
            settings=settings,
            compute=compute,
        )
        try:
            compute.start()
            log.info("worker_started", owner=owner, processes=processes)
            await Worker(workshop, slots=processes).run(stop)
            log.info("worker_stopped", owner=owner)
        finally:
            compute.close()
            await database.close()
