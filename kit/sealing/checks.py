"""Do the keys at hand belong to the data?  A sealed word for each key answers, before any write.

Without this, a service that is started with another key file would seal new rows under a key that
opens none of the old ones, and find nobody by keyed hashes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from fastapi import FastAPI
from sqlalchemy import Column, Integer, LargeBinary, MetaData, Table, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError

from kit.app import Hook
from kit.db import Database, Tx
from kit.sealing.keys import KeyFileError, SealBroken
from kit.sealing.vault import Vault
from kit.web.health import Check

log = structlog.get_logger()

_WORD = b"this opens"
#: The row of the key of keyed hashes; versions begin at 1.
_INDEX = 0


def seal_check_table(metadata: MetaData) -> Table:
    """Add the table of sealed words to a service's metadata."""
    return Table(
        "seal_checks",
        metadata,
        Column("version", Integer, primary_key=True, autoincrement=False),
        Column("sealed", LargeBinary, nullable=False),
    )


async def check_keys(tx: Tx, table: Table, vault: Vault) -> None:
    """Prove every key that was ever used here, and note the newest; raises KeyFileError."""
    ring = vault.ring
    known = {row.version: row.sealed for row in await tx.execute(select(table))}
    expected = vault.keyed_hash("seal_checks")
    if known.get(_INDEX, expected) != expected:
        message = "the key index is not the one that this database's keyed hashes were made with"
        raise KeyFileError(message)
    for version in sorted(known.keys() - {_INDEX}):
        try:
            ring.unseal(_bound(version), known[version])
        except SealBroken:
            message = f"this database holds values sealed under another key v{version}"
            raise KeyFileError(message) from None
    fresh = {_INDEX: expected, ring.newest: ring.seal(_bound(ring.newest), _WORD)}
    rows = [{"version": v, "sealed": word} for v, word in fresh.items() if v not in known]
    if rows:
        await tx.execute(insert(table).on_conflict_do_nothing(), rows)


async def retire_older(tx: Tx, table: Table, vault: Vault) -> None:
    """Let the older keys go: nothing lies under them any more."""
    older = (table.c.version > _INDEX) & (table.c.version < vault.ring.newest)
    await tx.execute(delete(table).where(older))


def _bound(version: int) -> bytes:
    return f"seal_checks|v{version}".encode()


def opening(vault: Vault, table: Table) -> Hook:
    """Return the hook that opens the vault first of all; a wrong key stops the start.

    A database that is away does not: `/readyz` asks again (`keys_check`).
    """

    @asynccontextmanager
    async def run(app: FastAPI) -> AsyncIterator[None]:
        vault.open()
        try:
            await keys_check(vault, table, app.state.database)()
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            log.warning("keys_unchecked", error=type(error).__name__)
        yield

    return run


def keys_check(vault: Vault, table: Table, database: Database) -> Check:
    """Return the readiness check that the keys belong to the data."""

    async def check() -> None:
        async with database.unit_of_work() as tx:
            await check_keys(tx, table, vault)

    return check
