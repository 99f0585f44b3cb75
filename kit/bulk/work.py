"""One import from its spooled file to its end: a single transaction, kept whole or not at all."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.engine import RowMapping

from kit.bulk import problems
from kit.bulk.issues import FileRefused, KeptFlaw, kept
from kit.bulk.jobs import Jobs, Outcome, Progress
from kit.bulk.noun import Counts, ImportContext, Noun
from kit.bulk.reading.columns import Columns
from kit.bulk.reading.formats import FORMATS, XLSX
from kit.bulk.reading.records import Block, Limits, Reading, Record
from kit.bulk.reading.unpack import inspect, opened
from kit.bulk.report import completed
from kit.bulk.rows import Batch, batches
from kit.bulk.spool import Spooled
from kit.bulk.staging import Staging
from kit.clock import Clock
from kit.db import Database, Tx
from kit.sealing.keys import SealBroken
from kit.settings import ServiceSettings

#: The interpreter's turn while a file is parsed.  With the usual 5 ms, a request that talks to the
#: database ten times waits up to 50 ms for its turns.
_TURN_S = 0.0005


@dataclass(frozen=True, slots=True)
class Task:
    """A claimed job with all that its work needs."""

    job: RowMapping
    owner: UUID
    noun: Noun[Any]
    upload: Spooled
    jobs: Jobs
    database: Database
    settings: ServiceSettings
    clock: Clock


@dataclass(slots=True)
class Tally:
    """What reading has found so far; the heartbeat looks at it from outside."""

    flaws_max: int
    size: int
    begun: float
    read: int = 0
    refused: int = 0
    done: int = 0
    flaws: list[KeptFlaw] = field(default_factory=list)
    #: How many flaws there were, kept or not.
    found: int = 0
    columns: Columns | None = None
    #: The upload stays for its annotated copy.
    is_kept: bool = False

    def add(self, batch: Batch) -> None:
        """Count a batch; keeps no more flaws than are listed later."""
        self.read += batch.read
        self.refused += batch.refused
        self.found += len(batch.flaws)
        room = self.flaws_max - len(self.flaws)
        self.flaws += [kept(row, flaw) for row, flaw in batch.flaws[:room]]

    def progress(self, now: float) -> Progress:
        """Return the progress at a monotonic time; the rest is guessed from the speed so far."""
        eta = None
        if 0 < self.done < self.size:
            eta = round((now - self.begun) * (self.size - self.done) / self.done)
        return Progress(self.done, self.read, eta)


class _NotKept(Exception):
    """Rolls the transaction back although nothing went wrong; carries the outcome out of it."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__("not kept")
        self.outcome = outcome


def new_tally(task: Task) -> Tally:
    """Return the empty tally of a task."""
    return Tally(task.settings.import_errors_max, task.job["bytes"], time.monotonic())


async def perform(task: Task, tally: Tally) -> None:
    """Do the job and write how it ended.

    A job that succeeds is written in the transaction of its rows; everything else is rolled back
    first.  Raises LeaseLost, and whatever the database raises.
    """
    try:
        async with task.database.unit_of_work() as tx:
            outcome = await _load(tx, task, tally)
            if outcome.failure is not None or task.job["mode"] == "check":
                raise _NotKept(outcome)
            await _finish(tx, task, tally, outcome)
            return
    except _NotKept as rolled_back:
        outcome = rolled_back.outcome
    except FileRefused as refused:
        outcome = await _told(task, tally, _failed(tally, refused))
    async with task.database.unit_of_work() as tx:
        await _finish(tx, task, tally, outcome)


async def _finish(tx: Tx, task: Task, tally: Tally, outcome: Outcome) -> None:
    now = task.clock.now()
    hours = task.settings.import_kept_hours
    if outcome.flaws and hours and task.job["media_type"] == XLSX:
        outcome = replace(outcome, kept_until=now + timedelta(hours=hours))
        tally.is_kept = True
    await task.jobs.finish(tx, task.job["id"], task.owner, outcome, now=now)


async def _told(task: Task, tally: Tally, outcome: Outcome) -> Outcome:
    """Return the outcome with all that its report tells of each flaw."""
    columns = tally.columns
    if columns is None or not outcome.flaws:
        return outcome
    read = partial(_read_again, task)
    flaws = await asyncio.to_thread(completed, outcome.flaws, task.noun, columns, read)
    return replace(outcome, flaws=flaws)


def _failed(tally: Tally, refused: FileRefused) -> Outcome:
    flaws = [*tally.flaws, *(kept(row, flaw) for row, flaw in refused.flaws)]
    return Outcome(
        read=tally.read,
        refused=tally.refused,
        flaws=flaws[: tally.flaws_max],
        found=tally.found + len(refused.flaws),
        failure=refused.issue,
        params=refused.params,
    )


async def _load(tx: Tx, task: Task, tally: Tally) -> Outcome:
    noun = task.noun
    await _allow_time(tx, task.settings)
    context = _context(task)
    if noun.prepare is not None:
        context = replace(context, prepared=await noun.prepare(tx, context))
    staging = Staging(tx, noun.staging, noun.filled)
    await staging.create()
    async with _read_in_thread(task, context, tally) as lines:
        await staging.fill(lines)
    if tally.read == 0:
        raise FileRefused(problems.FILE_EMPTY)
    for key in noun.keys:
        await staging.refuse_duplicates(key)
    if noun.check is not None:
        await noun.check(tx, staging, context)
    return await _apply(tx, task, staging, context, tally)


async def _apply(
    tx: Tx, task: Task, staging: Staging, context: ImportContext, tally: Tally
) -> Outcome:
    found, count = await staging.kept_flaws(tally.flaws_max)
    refused = tally.refused + await staging.drop_refused()
    flaws = sorted([*tally.flaws, *found], key=lambda flaw: flaw.row)[: tally.flaws_max]
    outcome = Outcome(read=tally.read, refused=refused, flaws=flaws, found=tally.found + count)
    outcome = await _told(task, tally, outcome)
    if refused and task.job["on_error"] == "stop":
        return replace(outcome, failure=problems.FILE_ROWS, params={"refused": refused})
    counts = Counts()
    if refused < tally.read:
        counts = await task.noun.apply(tx, staging, context)
    return replace(outcome, counts=counts)


async def _allow_time(tx: Tx, settings: ServiceSettings) -> None:
    # One statement may now load the whole file; the limits of requests do not fit.
    limit = settings.import_statement_timeout_ms
    for name, value in (
        ("statement_timeout", limit),
        ("idle_in_transaction_session_timeout", limit),
        ("lock_timeout", max(30_000, settings.lock_timeout_ms)),
    ):
        await tx.execute(
            text("SELECT set_config(:name, :value, true)"), {"name": name, "value": str(value)}
        )


def _context(task: Task) -> ImportContext:
    job = task.job
    return ImportContext(
        import_id=job["id"],
        client_id=job["client_id"],
        areas=tuple(job["areas"]),
        crs=job["crs"],
        source=job["source"],
        now=task.clock.now(),
    )


@asynccontextmanager
async def _read_in_thread(
    task: Task, context: ImportContext, tally: Tally
) -> AsyncIterator[AsyncIterator[bytes]]:
    """Yield the COPY text of the good rows, made one batch ahead by a thread of its own.

    The thread ends its batch before the file is closed, also when the job is cancelled.
    """
    loop = asyncio.get_running_loop()
    thread = ThreadPoolExecutor(1, thread_name_prefix="import")
    source = _batches_of(task, context, tally)
    usual_s = sys.getswitchinterval()
    sys.setswitchinterval(_TURN_S)
    try:
        yield _lines(loop, thread, lambda: next(source, None), tally)
    finally:
        # Queued behind the running batch: a generator cannot be closed while it works.
        await loop.run_in_executor(thread, source.close)
        thread.shutdown(wait=False)
        sys.setswitchinterval(usual_s)


async def _lines(
    loop: asyncio.AbstractEventLoop,
    thread: ThreadPoolExecutor,
    advance: Callable[[], Batch | None],
    tally: Tally,
) -> AsyncIterator[bytes]:
    coming = loop.run_in_executor(thread, advance)
    while (batch := await coming) is not None:
        coming = loop.run_in_executor(thread, advance)
        tally.add(batch)
        if batch.copy:
            yield batch.copy


def _batches_of(task: Task, context: ImportContext, tally: Tally) -> Generator[Batch]:
    try:
        reading = reading_of(task)
        tally.columns = reading.columns
        with opened(task.upload) as (stream, raw):
            read = FORMATS[task.job["media_type"]].read
            for batch in batches(read(stream, reading), task.noun, context):
                tally.done = min(raw.tell(), tally.size)
                yield batch
    except FileNotFoundError:
        raise FileRefused(problems.FILE_LOST) from None
    except SealBroken:
        raise FileRefused(problems.FILE_SEAL) from None


def reading_of(task: Task) -> Reading:
    """Return how the upload of a task is to be read; looks through it once, raises FileRefused."""
    job, settings = task.job, task.settings
    given = ("source",) if job["source"] is not None else ()
    limits = limits_of(settings)
    if job["sheet"] is not None and job["media_type"] != XLSX:
        raise FileRefused(problems.FILE_NO_SHEETS)
    form = FORMATS[job["media_type"]]
    seen = inspect(task.upload, limits, text=form.any_text, charset=job["charset"])
    columns = Columns(task.noun, given)
    return Reading(columns, seen.encoding, seen.apostrophes, limits, job["sheet"])


def limits_of(settings: ServiceSettings) -> Limits:
    """Return the bounds of uploads that the settings make."""
    return Limits(
        settings.import_unpacked_limit_bytes,
        settings.import_ratio_max,
        settings.import_texts_limit_bytes,
        settings.import_header_rows,
    )


def _read_again(task: Task) -> Iterator[Record | Block]:
    reading = reading_of(task)
    with opened(task.upload) as (stream, _):
        yield from FORMATS[task.job["media_type"]].read(stream, reading)
