"""A bounded pool of connections to one service: the bulkhead between it and the others."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from gateway.upstream.connection import Connection, connect
from gateway.upstream.faults import Busy, Unreachable


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """How much of the gateway one service may occupy."""

    connections_max: int = 64
    waiting_max: int = 128
    wait_s: float = 1.0
    connect_timeout_s: float = 2.0
    #: Well below the 30 s after which our services close idle connections.
    idle_max_s: float = 15.0


class Pool:
    """Connections to one address; `acquire` and exactly one of `release`, `discard`."""

    def __init__(self, host: str, port: int, *, is_tls: bool, limits: PoolLimits) -> None:
        self._address = (host, port, is_tls)
        self._limits = limits
        self._slots = asyncio.Semaphore(limits.connections_max)
        self._waiting = 0
        self._idle: list[Connection] = []

    async def acquire(self, *, fresh: bool = False) -> Connection:
        """Return a connection: an idle one, unless a fresh one is wanted.

        Raises Busy when none becomes free in time, Unreachable when none can be opened.
        """
        if self._slots.locked():
            await self._wait()
        else:
            await self._slots.acquire()
        try:
            loop = asyncio.get_running_loop()
            while self._idle and not fresh:
                connection = self._idle.pop()
                if connection.closed:
                    continue
                if loop.time() - connection.idle_since < self._limits.idle_max_s:
                    return connection
                connection.close()
            return await connect(loop, self._address, self._limits.connect_timeout_s)
        except (OSError, TimeoutError) as error:
            self._slots.release()
            raise Unreachable(type(error).__name__) from error
        except BaseException:
            self._slots.release()
            raise

    async def _wait(self) -> None:
        if self._waiting >= self._limits.waiting_max:
            raise Busy
        self._waiting += 1
        try:
            async with asyncio.timeout(self._limits.wait_s):
                await self._slots.acquire()
        except TimeoutError:
            raise Busy from None
        finally:
            self._waiting -= 1

    def release(self, connection: Connection) -> None:
        """Give a connection back after its exchange; it is kept only if it is clean."""
        if connection.finish():
            connection.idle_since = asyncio.get_running_loop().time()
            if len(self._idle) >= self._limits.connections_max:
                self._idle = [kept for kept in self._idle if not kept.closed]
            self._idle.append(connection)
        else:
            connection.close()
        self._slots.release()

    def discard(self, connection: Connection) -> None:
        """Close a connection whose exchange did not end well."""
        connection.close()
        self._slots.release()

    def close(self) -> None:
        """Close every idle connection."""
        for connection in self._idle:
            connection.close()
        self._idle = []
