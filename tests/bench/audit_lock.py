"""What the chain of the audit trail costs: `python -m tests.bench.audit_lock` prints a table.

Writers on a durable server (fsync on): ordinary transactions alone, the same beside audited ones at
full speed, and audited ones alone; and, for comparison, audited ones whose row is inserted first
instead of last, so that the lock is held for the whole transaction.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.ext.asyncio import create_async_engine

from kit.audit.tables import audit_table, create_audit_table
from kit.audit.trail import Actor, Entry, append
from kit.db import Database, Tx, async_url
from kit.embedded_postgres import running

SECONDS = 4.0
WRITERS = 8
AUDIT = audit_table(MetaData())
ACTOR = Actor("bench", ("*",), "req", "127.0.0.1")
ENTRY = Entry("read", "person", ["01a00000-0000-7000-8000-000000000001"], "630102002008", ["name"])
Work = Callable[[Database], Awaitable[None]]


async def _work(tx: Tx) -> None:
    for _ in range(3):
        await tx.execute(text("INSERT INTO plain (note) VALUES ('x')"))


async def plain(database: Database) -> None:
    async with database.unit_of_work() as tx:
        await _work(tx)


async def audited(database: Database) -> None:
    async with database.unit_of_work() as tx:
        await _work(tx)
        await append(tx, AUDIT, ACTOR, ENTRY, at=datetime.now(UTC))


async def audited_first(database: Database) -> None:
    async with database.unit_of_work() as tx:
        await append(tx, AUDIT, ACTOR, ENTRY, at=datetime.now(UTC))
        await _work(tx)


async def measure(url: str, *kinds: Work) -> list[float]:
    """Transactions a second of each kind, all kinds at once, WRITERS of each."""
    databases = [Database(url, application="bench", pool_size=WRITERS) for _ in kinds]
    done = [0] * len(kinds)
    end = time.perf_counter() + SECONDS

    async def one(at: int) -> None:
        while time.perf_counter() < end:
            await kinds[at](databases[at])
            done[at] += 1

    await asyncio.gather(*(one(at) for at in range(len(kinds)) for _ in range(WRITERS)))
    for database in databases:
        await database.close()
    return [count / SECONDS for count in done]


async def prepare(url: str) -> None:
    def make(connection: Connection) -> None:
        create_audit_table(Operations(MigrationContext.configure(connection)))

    engine = create_async_engine(async_url(url))
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE plain (id bigserial PRIMARY KEY, note text)"))
        await connection.run_sync(make)
    await engine.dispose()


async def report(url: str) -> None:
    await prepare(url)
    await measure(url, plain, audited)
    [alone] = await measure(url, plain)
    beside, others = await measure(url, plain, audited)
    _, plain_others = await measure(url, plain, plain)
    [chained] = await measure(url, audited)
    [first] = await measure(url, audited_first)
    for name, value in (
        (f"ordinary transactions, {WRITERS} writers", alone),
        (f"ordinary beside {WRITERS} audited writers", beside),
        ("  those audited writers", others),
        (f"ordinary beside {WRITERS} further ordinary writers", plain_others),
        (f"audited, row last, {WRITERS} writers", chained),
        (f"audited, row first, {WRITERS} writers", first),
    ):
        sys.stdout.write(f"{name:48} {value:8.0f} /s  {value / alone:5.2f}\n")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "pg") as server:
        asyncio.run(report(server.ensure_databases({"bench": "bench"})["bench"]))


if __name__ == "__main__":
    main()
