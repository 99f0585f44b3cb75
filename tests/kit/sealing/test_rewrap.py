"""Rewrap and the sealed words that tell whether the keys belong to the data."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Column, Table, Uuid, insert, select, update
from sqlalchemy.ext.asyncio import create_async_engine

from kit.db import Database, async_url, new_metadata
from kit.ids import new_id
from kit.sealing.checks import check_keys, keys_check, retire_older, seal_check_table
from kit.sealing.keys import KeyFileError, KeyRing, SealBroken
from kit.sealing.rewrap import Rewrapped, SealedTable, rewrap
from kit.sealing.vault import Vault, sealed_column
from kit.testing.databases import TestDatabases

METADATA = new_metadata()
BOATS = Table(
    "boats",
    METADATA,
    Column("id", Uuid, primary_key=True),
    *sealed_column("owner"),
    *sealed_column("mark"),
)
CHECKS = seal_check_table(METADATA)
SEALED = [SealedTable(BOATS, ("owner", "mark"))]
KEYS = {number: secrets.token_bytes(32) for number in (1, 2, 3)}
INDEX = secrets.token_bytes(32)


def vault_of(*versions: int, index: bytes = INDEX) -> Vault:
    ring = KeyRing({number: KEYS[number] for number in versions}, {"index": index})
    vault = Vault(lambda: ring)
    vault.open()
    return vault


@dataclass
class Harbour:
    """A database with boats."""

    database: Database

    async def add(self, vault: Vault, count: int, owner: str = "王五") -> list[UUID]:
        ids = [new_id() for _ in range(count)]
        rows = [
            {
                "id": row_id,
                "owner": vault.seal("boats", "owner", row_id, owner),
                "mark": vault.seal("boats", "mark", row_id, "M") if at % 2 else None,
            }
            for at, row_id in enumerate(ids)
        ]
        async with self.database.unit_of_work() as tx:
            await tx.execute(insert(BOATS), rows)
        return ids

    async def rows(self) -> list[Any]:
        async with self.database.reading() as tx:
            return list((await tx.execute(select(BOATS).order_by(BOATS.c.id))).mappings())


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


def run(url: str, work: Callable[[Harbour], Awaitable[None]]) -> None:
    async def whole() -> None:
        database = Database(url, application="test")
        try:
            await work(Harbour(database))
        finally:
            await database.close()

    asyncio.run(whole())


def test_everything_comes_under_the_newest_key_and_keeps_its_content(url: str) -> None:
    async def work(harbour: Harbour) -> None:
        old, both, new = vault_of(1), vault_of(1, 2), vault_of(2)
        await harbour.add(old, 7)
        await harbour.add(both, 3)
        heard: list[int] = []
        done = await rewrap(
            harbour.database, both, SEALED, batch_rows=2, tell=lambda _, n: heard.append(n)
        )
        assert done == [Rewrapped("boats", 7 + 3, 0)]
        assert heard == sorted(heard)
        assert heard[-1] == 10
        for row in await harbour.rows():
            assert new.unseal("boats", "owner", row["id"], row["owner"]) == "王五"
            if row["mark"] is not None:
                assert new.unseal("boats", "mark", row["id"], row["mark"]) == "M"
        assert await rewrap(harbour.database, both, SEALED) == [Rewrapped("boats", 0, 0)]

    run(url, work)


def test_what_was_interrupted_goes_on_where_it_stopped(url: str) -> None:
    async def work(harbour: Harbour) -> None:
        await harbour.add(vault_of(1), 10)

        def stop(_table: str, done: int) -> None:
            if done >= 4:
                message = "killed"
                raise KeyboardInterrupt(message)

        with pytest.raises(KeyboardInterrupt):
            await rewrap(harbour.database, vault_of(1, 2), SEALED, batch_rows=2, tell=stop)
        new = [row for row in await harbour.rows() if row["owner"].startswith(b"v2:")]
        assert 0 < len(new) < 10
        [done] = await rewrap(harbour.database, vault_of(1, 2), SEALED, batch_rows=2)
        assert done.left == 0
        assert done.rewrapped < 15

    run(url, work)


def test_a_value_that_changes_meanwhile_is_left_alone(url: str) -> None:
    async def work(harbour: Harbour) -> None:
        both = vault_of(1, 2)
        ids = await harbour.add(vault_of(1), 4)
        written = both.seal("boats", "owner", ids[3], "赵六")

        async def meddle() -> None:
            async with harbour.database.unit_of_work() as tx:
                await tx.execute(update(BOATS).where(BOATS.c.id == ids[3]).values(owner=written))

        await asyncio.gather(rewrap(harbour.database, both, SEALED, batch_rows=1), meddle())
        last = (await harbour.rows())[3]
        assert both.unseal("boats", "owner", ids[3], last["owner"]) == "赵六"

    run(url, work)


def test_a_missing_key_is_told_and_nothing_is_lost(url: str) -> None:
    async def work(harbour: Harbour) -> None:
        await harbour.add(vault_of(1), 3)
        with pytest.raises(SealBroken, match="v1"):
            await rewrap(harbour.database, vault_of(2), SEALED)
        assert all(row["owner"].startswith(b"v1:") for row in await harbour.rows())

    run(url, work)


def test_a_start_with_other_keys_than_the_datas_is_refused(url: str) -> None:
    async def check(harbour: Harbour, vault: Vault) -> None:
        await keys_check(vault, CHECKS, harbour.database)()

    async def work(harbour: Harbour) -> None:
        await check(harbour, vault_of(1))
        await check(harbour, vault_of(1))
        forged = Vault(lambda: KeyRing({1: secrets.token_bytes(32)}, {"index": INDEX}))
        forged.open()
        with pytest.raises(KeyFileError, match="another key v1"):
            await check(harbour, forged)
        with pytest.raises(KeyFileError, match="the key index is not the one"):
            await check(harbour, vault_of(1, index=secrets.token_bytes(32)))
        with pytest.raises(KeyFileError, match="another key v1"):
            await check(harbour, vault_of(2))
        await check(harbour, vault_of(1, 2))
        async with harbour.database.unit_of_work() as tx:
            await retire_older(tx, CHECKS, vault_of(1, 2))
        await check(harbour, vault_of(2))
        async with harbour.database.reading() as tx:
            await check_keys(tx, CHECKS, vault_of(2, 3))

    run(url, work)
