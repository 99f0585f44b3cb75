"""Queries on the shares that grids have in buildings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, insert, select, update

from kit.db import Tx
from services.registry.storage import rows
from services.registry.storage.rows import Lock, Row
from services.registry.storage.tables import GRID_LAYOUTS, GRID_SHARES

_SHARE = tuple(
    column for column in GRID_SHARES.c if column.name not in {"community_code", "number"}
)


async def layout(tx: Tx, code: str, *, lock: Lock = "none") -> Row | None:
    """Return what is known of a community's grids as a whole."""
    statement = select(GRID_LAYOUTS).where(GRID_LAYOUTS.c.community_code == code)
    return await rows.one(tx, rows.locked(statement, lock))


async def shares(tx: Tx, code: str) -> list[Row]:
    """Return the shares of a community's grids in its buildings, in order."""
    statement = (
        select(*_SHARE).where(GRID_SHARES.c.community_code == code).order_by(GRID_SHARES.c.number)
    )
    return [dict(row) for row in (await tx.execute(statement)).mappings()]


async def put(tx: Tx, values: Row, wanted: Sequence[Mapping[str, Any]], *, is_new: bool) -> None:
    """Write a community's layout and put its shares in the place of those before."""
    code = values["community_code"]
    if is_new:
        await tx.execute(insert(GRID_LAYOUTS).values(values))
    else:
        here = GRID_LAYOUTS.c.community_code == code
        await tx.execute(update(GRID_LAYOUTS).where(here).values(values))
    await tx.execute(delete(GRID_SHARES).where(GRID_SHARES.c.community_code == code))
    if wanted:
        rows_of = [
            dict(share) | {"community_code": code, "number": number}
            for number, share in enumerate(wanted)
        ]
        await tx.execute(insert(GRID_SHARES), rows_of)
