"""Processes that compute: a spawn pool, built anew when it breaks, gone when its parent dies."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from typing import TypeVar

import structlog

from services.grid_partition.engine import warm_up

log = structlog.get_logger()

Task = TypeVar("Task")
Result = TypeVar("Result")


class ProcessDied(Exception):
    """A computing process ended without an answer: killed, out of memory, or crashed."""


def _leave_with_parent() -> None:
    # A pool's processes hold both ends of their queue, so they would outlive a killed parent.
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _begin() -> None:
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    warm_up()


def new_pool(processes: int) -> Executor:
    """Return a pool of spawned processes that have the engine loaded."""
    return ProcessPoolExecutor(
        max_workers=processes, mp_context=get_context("spawn"), initializer=_begin
    )


class Processes:
    """Runs pure functions in an executor from `make(processes)`.

    Any `concurrent.futures.Executor` will do.  When the pool breaks, every piece in it raises
    ProcessDied and the next call gets a fresh pool; a piece that is run `alone` gets a pool of one
    process to itself, so that a deadly one harms nobody else and is known by its second death.
    """

    def __init__(self, processes: int, make: Callable[[int], Executor] = new_pool) -> None:
        self._processes = processes
        self._make = make
        self._pool: Executor | None = None

    async def __call__(
        self, function: Callable[[Task], Result], task: Task, /, *, alone: bool
    ) -> Result:
        """Return the function's result; raises what it raises, or ProcessDied."""
        if alone:
            pool = self._make(1)
            try:
                return await self._run(pool, function, task)
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
        if self._pool is None:
            self._pool = self._make(self._processes)
        pool = self._pool
        try:
            return await self._run(pool, function, task)
        except ProcessDied:
            if self._pool is pool:
                log.warning("process_pool_rebuilt")
                self._pool = None
            raise

    async def _run(self, pool: Executor, function: Callable[[Task], Result], task: Task) -> Result:
        try:
            return await asyncio.get_running_loop().run_in_executor(pool, function, task)
        except BrokenProcessPool as error:
            raise ProcessDied from error

    def start(self) -> None:
        """Begin to load the engine in every process, without waiting for it."""
        if self._pool is None:
            self._pool = self._make(self._processes)
        for _ in range(self._processes):
            self._pool.submit(os.getpid)

    def close(self) -> None:
        """End the pool; work in it is dropped."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None
