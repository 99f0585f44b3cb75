"""One PostgreSQL database a service: engine, units of work, and what database faults mean."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import asyncpg
from sqlalchemy import DateTime, MetaData, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from kit.errors import Problem, Text, Unavailable

Tx = AsyncConnection
"""The connection of a running unit of work."""

UtcDateTime = DateTime(timezone=True)

NAMES = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class DatabaseUnavailable(Unavailable):
    """The database cannot be reached, is read-only, full or busy."""

    code = "database.unavailable"
    title = Text("Database unavailable", "数据库暂不可用")
    detail = Text("The database does not answer right now.", "数据库暂时无法应答。")
    cure = Text("Repeat after the seconds in Retry-After.", "请按 Retry-After 等待后重试。")


def new_metadata() -> MetaData:
    """Return the metadata of one service: its own, so that two services can share a process."""
    return MetaData(naming_convention=NAMES)


def async_url(url: str) -> str:
    """Return the URL with the asyncpg driver named, whatever spelling of PostgreSQL came in."""
    parsed = make_url(url)
    if parsed.get_backend_name() not in {"postgresql", "postgres"}:
        message = f"only PostgreSQL is supported, not {parsed.get_backend_name()}"
        raise ValueError(message)
    return parsed.set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)


class Database:
    """The only maker of connections of a service.

    `connect_timeout_s` bounds each new connection; statements and lock waits are bounded by the
    server (`statement_timeout`, `lock_timeout`), so that no request can wait for ever.
    """

    def __init__(
        self,
        url: str,
        *,
        application: str,
        pool_size: int = 8,
        statement_timeout_ms: int = 30_000,
        lock_timeout_ms: int = 2_000,
    ) -> None:
        self.engine: AsyncEngine = create_async_engine(
            async_url(url),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=5,
            pool_pre_ping=True,
            # An error of the driver must not carry a statement's values into a log.
            hide_parameters=True,
            connect_args={
                "timeout": 3,
                "server_settings": {
                    "application_name": application,
                    "timezone": "UTC",
                    "statement_timeout": str(statement_timeout_ms),
                    "lock_timeout": str(lock_timeout_ms),
                    "idle_in_transaction_session_timeout": "60000",
                },
            },
        )

    @asynccontextmanager
    async def unit_of_work(self) -> AsyncIterator[Tx]:
        """Commit on a clean exit, roll back on any other."""
        async with self.engine.begin() as connection:
            yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Tx]:
        """Yield a connection whose changes are never kept (for long reads and streams)."""
        async with self.engine.connect() as connection:
            yield connection

    async def probe_write(self) -> None:
        """Prove that a write would be accepted: assigns a transaction id, then rolls back."""
        async with self.engine.connect() as connection:
            await connection.execute(text("SELECT pg_current_xact_id()"))
            await connection.rollback()

    async def close(self) -> None:
        """Close every pooled connection."""
        await self.engine.dispose()


async def driver_connection(tx: Tx) -> Any:
    """Return the asyncpg connection under a unit of work, for COPY and compiled hot paths.

    Statements sent through it belong to the same transaction.
    """
    # SQLAlchemy sends BEGIN with its first statement only; before that the driver autocommits.
    await tx.execute(text("SELECT 1"))
    raw = await tx.get_raw_connection()
    return raw.driver_connection


#: SQLSTATE classes and codes that mean "not now": connection, resources, operator, read-only.
_UNAVAILABLE_CLASSES = ("08", "53", "57", "58")
_UNAVAILABLE_CODES = ("25006", "55000", "55P03", "40001", "40P01", "XX000", "XX001", "XX002")


def as_problem(error: BaseException) -> Problem | None:
    """Return the problem that a database fault means for the caller, None when it is a defect."""
    if isinstance(error, PoolTimeout | ConnectionError | TimeoutError):
        return DatabaseUnavailable(retry_after_s=2)
    if isinstance(error, DBAPIError):
        broken = isinstance(error, OperationalError | InterfaceError)
        return _by_state(sqlstate(error), broken=broken)
    if isinstance(error, asyncpg.PostgresError | asyncpg.InterfaceError):
        # Raised by what runs on the driver itself: COPY and compiled statements.
        state = getattr(error, "sqlstate", None)
        return _by_state(state, broken=isinstance(error, asyncpg.InterfaceError))
    if isinstance(error, OSError):
        return DatabaseUnavailable(retry_after_s=2)
    return None


def _by_state(state: str | None, *, broken: bool) -> Problem | None:
    if state is None:
        return DatabaseUnavailable(retry_after_s=2) if broken else None
    if state.startswith(_UNAVAILABLE_CLASSES) or state in _UNAVAILABLE_CODES:
        return DatabaseUnavailable(retry_after_s=1 if state[:2] in {"40", "55"} else 2)
    return None


def sqlstate(error: DBAPIError) -> str | None:
    """Return the five-character SQLSTATE of a database error, if the server gave one."""
    cause = error.orig
    state = getattr(cause, "sqlstate", None) or getattr(
        getattr(cause, "__cause__", None), "sqlstate", None
    )
    return str(state) if state else None


def rfc3339(at: datetime) -> str:
    """Return an aware time as RFC 3339 in UTC with `Z`."""
    return at.isoformat().replace("+00:00", "Z")
