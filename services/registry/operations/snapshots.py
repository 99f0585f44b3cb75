"""Use cases of snapshots."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from kit.areas import require_area
from kit.db import Database
from services.registry.domain.problems import DivisionNotFound
from services.registry.operations.work import Work
from services.registry.storage import divisions, snapshots
from services.registry.storage.buildings import Basis


async def read(work: Work, code: str, basis: Basis) -> tuple[str, str]:
    """Return version and JSON text of an active community; DivisionNotFound otherwise."""
    require_area(work.areas, code, DivisionNotFound)
    if not await divisions.is_active(work.tx, code):
        raise DivisionNotFound
    return (await snapshots.build(work.tx, [code], basis))[0]


async def stream(
    database: Database,
    areas: Sequence[str],
    area: str | None,
    basis: Basis,
    *,
    governed_only: bool,
) -> AsyncIterator[bytes]:
    """Return the NDJSON chunks of an area's snapshots; faults of the database come at once."""
    async with database.reading() as tx:
        codes = await snapshots.communities(tx, areas, area, governed_only=governed_only)
    return snapshots.stream(database, codes, basis)
