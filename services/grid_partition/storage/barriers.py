"""Barrier lines: the register, and those that a plan runs into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Text, cast, or_, select, update

from kit.areas import in_areas, under
from kit.boxes import Box, meets
from kit.db import Tx
from services.grid_partition.domain.rules import BarrierSeen
from services.grid_partition.storage.tables import BARRIERS


@dataclass(frozen=True, slots=True)
class BarrierFilter:
    """What a list of barriers is narrowed to; None: not at all."""

    area: str | None = None
    kind: str | None = None
    source: str | None = None
    bbox: Box | None = None
    updated_since: datetime | None = None
    as_of: date | None = None


def listing(areas: Sequence[str], wanted: BarrierFilter) -> Select[Any]:
    """Return the query of the barriers that the caller may see."""
    statement = select(BARRIERS).where(in_areas(BARRIERS.c.area, areas))
    if wanted.area is not None:
        statement = statement.where(under(BARRIERS.c.area, wanted.area))
    if wanted.kind is not None:
        statement = statement.where(BARRIERS.c.kind == wanted.kind)
    if wanted.source is not None:
        statement = statement.where(BARRIERS.c.source == wanted.source)
    if wanted.bbox is not None:
        statement = statement.where(meets(BARRIERS, wanted.bbox))
    if wanted.updated_since is not None:
        statement = statement.where(BARRIERS.c.updated_at >= wanted.updated_since)
    if wanted.as_of is not None:
        statement = statement.where(
            or_(BARRIERS.c.valid_to.is_(None), BARRIERS.c.valid_to > wanted.as_of)
        )
    return statement


async def find(
    tx: Tx, barrier_id: UUID, areas: Sequence[str], *, lock: bool = False
) -> Mapping[Any, Any] | None:
    """Return one barrier within the areas; `lock` holds it for the transaction."""
    statement = select(BARRIERS).where(
        BARRIERS.c.id == barrier_id, in_areas(BARRIERS.c.area, areas)
    )
    if lock:
        statement = statement.with_for_update()
    return (await tx.execute(statement)).mappings().one_or_none()


async def end(tx: Tx, barrier_id: UUID, *, on: date, version: int, now: datetime) -> None:
    """End a barrier from a day on; it stays on record."""
    values = {"valid_to": on, "version": version, "updated_at": now}
    await tx.execute(update(BARRIERS).where(BARRIERS.c.id == barrier_id).values(values))


async def in_district(tx: Tx, area: str, box: Box, on: date) -> list[BarrierSeen]:
    """Return the barriers of the area's district that meet the box and hold on the day.

    In (source, source_id) order.  The whole district, because a street's border is a road that may
    be registered with either neighbour.
    """
    statement = (
        select(
            cast(BARRIERS.c.geometry, Text).label("geometry"),
            BARRIERS.c.kind,
            BARRIERS.c.barrier_class,
        )
        .where(
            under(BARRIERS.c.area, area[:6]),
            meets(BARRIERS, box),
            or_(BARRIERS.c.valid_to.is_(None), BARRIERS.c.valid_to > on),
        )
        .order_by(BARRIERS.c.source, BARRIERS.c.source_id)
    )
    rows = (await tx.execute(statement)).all()
    return [BarrierSeen(row.geometry, row.kind, row.barrier_class) for row in rows]
