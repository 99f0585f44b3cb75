"""What the partition asks of the registry, and tells it; nothing personal either way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx

from kit.peers import PeerClient, TokenSource
from services.grid_partition.domain.snapshots import (
    SnapshotSeen,
    SnapshotUnreadable,
    read_snapshot,
)
from services.grid_partition.settings import Settings

_PATH = "/registry/v1/snapshots"


class RegistryClient(PeerClient):
    """Typed calls to the registry; every fault is PeerUnavailable, also an unreadable line."""

    @asynccontextmanager
    async def snapshots(
        self, area: str, count_basis: str
    ) -> AsyncIterator[AsyncIterator[tuple[str, SnapshotSeen]]]:
        """Yield each governed community of the area: the line as sent, and what we read of it.

        In community order; the stream may be left early.
        """
        query = {"area": area, "count_basis": count_basis}
        async with self.stream_lines(
            _PATH, params=query, headers={"Accept": "application/x-ndjson"}
        ) as lines:
            yield self._read(lines)

    async def _read(self, lines: AsyncIterator[str]) -> AsyncIterator[tuple[str, SnapshotSeen]]:
        async for line in lines:
            if not line:
                continue
            try:
                snapshot = read_snapshot(line)
            except SnapshotUnreadable as error:
                raise self.unavailable() from error
            yield line, snapshot

    async def has_households(self, area: str, count_basis: str) -> bool:
        """Tell whether any community of the area holds a household; reads no further than that."""
        async with self._deadline(), self.snapshots(area, count_basis) as communities:
            async for _, snapshot in communities:
                if snapshot.households > 0:
                    return True
        return False

    async def versions(self, area: str, count_basis: str) -> dict[str, str]:
        """Return the version of each community of the area."""
        async with self._deadline(), self.snapshots(area, count_basis) as communities:
            return {snapshot.code: snapshot.version async for _, snapshot in communities}

    async def put_grids(
        self, code: str, plan_id: UUID | None, shares: Sequence[Mapping[Any, Any]]
    ) -> int:
        """Tell which grids of a community are in force, whole; returns the status of the answer."""
        content = {
            "plan": None if plan_id is None else str(plan_id),
            "shares": [dict(share) for share in shares],
        }
        answer = await self.call(
            "PUT",
            f"/registry/v1/communities/{code}/grids",
            repeatable=True,
            json=content,
            headers={"If-Match": "*"},
        )
        return answer.status_code

    @asynccontextmanager
    async def _deadline(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._deadline_s):
                yield
        except TimeoutError as error:
            raise self.unavailable() from error


def registry_client(settings: Settings, http: httpx.AsyncClient) -> RegistryClient:
    """Return the client that the settings describe; without a client id it sends no token."""
    tokens = (
        TokenSource(
            http,
            token_url=settings.token_url,
            client_id=settings.client_id,
            client_secret=settings.client_secret.get_secret_value(),
        )
        if settings.client_id
        else None
    )
    return RegistryClient(
        "registry",
        settings.registry_url,
        http=http,
        tokens=tokens,
        deadline_s=settings.registry_deadline_s,
    )
