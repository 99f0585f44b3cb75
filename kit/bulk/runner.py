"""The runner: a task beside the requests that takes one import after another, under a lease.

A process that dies leaves its job behind; when the lease has run out, the next runner takes it
again from the spooled file.  Nothing of the first try was kept: all of it was one transaction,
and its last statement ends the job only while the lease is still ours.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID

import structlog
from fastapi import FastAPI
from sqlalchemy.engine import RowMapping
from sqlalchemy.exc import IntegrityError

from kit import db
from kit.app import Hook
from kit.bulk import problems
from kit.bulk.issues import RowIssue
from kit.bulk.jobs import Jobs, LeaseLost, Outcome
from kit.bulk.noun import Noun
from kit.bulk.service import Bulk
from kit.bulk.spool import Spool
from kit.bulk.work import Tally, Task, new_tally, perform
from kit.clock import Clock
from kit.db import Database
from kit.ids import new_id
from kit.settings import ServiceSettings

log = structlog.get_logger()

POLL_S = 1.0
ATTEMPTS_MAX = 3
_SWEEP_S = 3600.0
_KEY_TAKEN = "23505"


def import_runner(bulk: Bulk) -> Hook:
    """Return the hook that runs a service's imports while the application serves."""

    @asynccontextmanager
    async def run(app: FastAPI) -> AsyncIterator[None]:
        wake = asyncio.Event()
        app.state.import_wake = wake
        runner = Runner(bulk, app.state.database, app.state.settings, app.state.clock, wake)
        task = asyncio.create_task(runner.run_forever(), name=f"imports of {bulk.service}")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    return run


class Runner:
    """Takes jobs of one service, one at a time; `wake` ends the wait for the next at once."""

    def __init__(
        self,
        bulk: Bulk,
        database: Database,
        settings: ServiceSettings,
        clock: Clock,
        wake: asyncio.Event,
    ) -> None:
        self._nouns: dict[str, Noun[Any]] = {noun.name: noun for noun in bulk.nouns}
        self._jobs = Jobs(bulk.tables)
        self._spool = Spool(settings.spool_folder / bulk.service, bulk.vault)
        self._database = database
        self._settings = settings
        self._clock = clock
        self._wake = wake
        self._owner = new_id()
        self._lease_s = settings.import_lease_s
        self._beat_s = min(1.0, settings.import_lease_s / 4)
        self._swept_at = float("-inf")

    async def run_forever(self) -> None:
        """Work until cancelled; a fault of one round never ends the runner."""
        while True:
            try:
                worked = await self.run_next()
                await self._sweep()
            except Exception as error:  # noqa: BLE001 - the loop must outlive any fault
                log.warning("import_runner_fault", error=type(error).__name__)
                worked = False
            if not worked:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), POLL_S)
                self._wake.clear()

    async def run_next(self) -> bool:
        """Take and end the next job; tells whether there was one."""
        async with self._database.unit_of_work() as tx:
            job = await self._jobs.claim(tx, self._owner, self._lease_s)
        if job is None:
            return False
        log.info("import_started", import_id=str(job["id"]), resource=job["resource"])
        try:
            await self._run(job)
        except LeaseLost:
            log.warning("import_lease_lost", import_id=str(job["id"]))
            return True
        except asyncio.CancelledError:
            await asyncio.shield(self._release(job["id"], count_try=False))
            raise
        return True

    async def _run(self, job: RowMapping) -> None:
        noun = self._nouns.get(job["resource"])
        is_kept = False
        if job["cancel_requested"]:
            await self._cancelled(job)
        elif job["attempts"] > ATTEMPTS_MAX or noun is None:
            await self._fail(job, problems.FILE_GAVE_UP, attempts=ATTEMPTS_MAX)
        else:
            task = Task(
                job,
                self._owner,
                noun,
                self._spool.upload(job["id"]),
                self._jobs,
                self._database,
                self._settings,
                self._clock,
            )
            tally = new_tally(task)
            if not await self._work(task, tally):
                return
            is_kept = tally.is_kept
        if not is_kept:
            self._spool.forget(job["id"])
        log.info("import_ended", import_id=str(job["id"]))

    async def _work(self, task: Task, tally: Tally) -> bool:
        """Do a job; False when it went back to the queue."""
        work = asyncio.create_task(perform(task, tally))
        try:
            if await self._accompany(task.job["id"], work, tally):
                await work
            else:
                await self._cancelled(task.job)
        except LeaseLost:
            raise
        except Exception as error:  # noqa: BLE001 - a poisonous file must not end the runner
            return await self._after_fault(task.job, error)
        return True

    async def _after_fault(self, job: RowMapping, error: Exception) -> bool:
        if db.as_problem(error) is not None:
            log.warning("import_interrupted", import_id=str(job["id"]), error=type(error).__name__)
            await self._release(job["id"], count_try=True)
            await asyncio.sleep(POLL_S)
            return False
        taken = isinstance(error, IntegrityError) and db.sqlstate(error) == _KEY_TAKEN
        if taken and job["attempts"] == 1:
            # Another request may have made a row meanwhile, which the next try then knows.
            log.info("import_key_taken", import_id=str(job["id"]))
            await self._release(job["id"], count_try=True)
            return False
        if isinstance(error, IntegrityError):
            log.warning("import_conflict", import_id=str(job["id"]), state=db.sqlstate(error))
            await self._fail(job, problems.FILE_CONFLICT)
        else:
            log.error("import_defect", import_id=str(job["id"]), exc_info=error)
            await self._fail(job, problems.FILE_DEFECT)
        return True

    async def _accompany(self, import_id: UUID, work: asyncio.Task[None], tally: Tally) -> bool:
        """Keep the lease until the work has ended; False when it was cancelled meanwhile."""
        heard = time.monotonic()
        try:
            while not (await asyncio.wait({work}, timeout=self._beat_s))[0]:
                try:
                    if not await self._keep_alive(import_id, tally):
                        return False
                    heard = time.monotonic()
                except LeaseLost:
                    # The work itself may just have ended the job.
                    if not (await asyncio.wait({work}, timeout=self._beat_s))[0]:
                        raise
                except Exception as error:
                    if db.as_problem(error) is None or time.monotonic() - heard > self._lease_s:
                        raise
        finally:
            await _stop(work)
        return True

    async def _keep_alive(self, import_id: UUID, tally: Tally) -> bool:
        progress = tally.progress(time.monotonic())
        async with self._database.unit_of_work() as tx:
            return await self._jobs.keep_alive(tx, import_id, self._owner, self._lease_s, progress)

    async def _cancelled(self, job: RowMapping) -> None:
        async with self._database.unit_of_work() as tx:
            await self._jobs.cancel(tx, job["id"], self._owner, now=self._clock.now())

    async def _fail(self, job: RowMapping, issue: RowIssue, **params: object) -> None:
        outcome = Outcome(failure=issue, params=params)
        async with self._database.unit_of_work() as tx:
            await self._jobs.finish(tx, job["id"], self._owner, outcome, now=self._clock.now())

    async def _release(self, import_id: UUID, *, count_try: bool) -> None:
        async with self._database.unit_of_work() as tx:
            await self._jobs.release(tx, import_id, self._owner, count_try=count_try)

    async def _sweep(self) -> None:
        """Delete uploads that no waiting job needs (left by a crash between two steps)."""
        if time.monotonic() - self._swept_at < _SWEEP_S:
            return
        self._swept_at = time.monotonic()
        found = await asyncio.to_thread(self._spool.waiting, _SWEEP_S)
        if found:
            async with self._database.reading() as tx:
                useless = await self._jobs.useless(tx, found, now=self._clock.now())
            for import_id in useless:
                self._spool.forget(import_id)


async def _stop(work: asyncio.Task[None]) -> None:
    if not work.done():
        work.cancel()
        await asyncio.wait({work})
