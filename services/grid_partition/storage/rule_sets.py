"""Rule sets: shared ones (area `*`), and those of a district or street."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, insert, literal, or_, select, update

from kit.areas import EVERYWHERE, in_areas
from kit.db import Tx
from services.grid_partition.storage.tables import RULE_SETS


def _visible(areas: Sequence[str]) -> ColumnElement[bool]:
    # A street may read the rules of its district: those whose area begins its own.
    above = [literal(area).startswith(RULE_SETS.c.area) for area in areas]
    return or_(RULE_SETS.c.area == EVERYWHERE, in_areas(RULE_SETS.c.area, areas), *above)


def listing(
    areas: Sequence[str], *, area: str | None, updated_since: datetime | None
) -> Select[Any]:
    """Return the query of the rule sets that the caller may read."""
    statement = select(RULE_SETS).where(_visible(areas))
    if area is not None:
        statement = statement.where(in_areas(RULE_SETS.c.area, [area]))
    if updated_since is not None:
        statement = statement.where(RULE_SETS.c.updated_at >= updated_since)
    return statement


async def find(
    tx: Tx, rule_set_id: UUID, areas: Sequence[str], *, lock: bool = False
) -> Mapping[Any, Any] | None:
    """Return a rule set that the caller may read; `lock` holds it for the transaction."""
    statement = select(RULE_SETS).where(RULE_SETS.c.id == rule_set_id, _visible(areas))
    if lock:
        statement = statement.with_for_update()
    return (await tx.execute(statement)).mappings().one_or_none()


async def holding(tx: Tx, name: str, area: str) -> Mapping[Any, Any] | None:
    """Return the rule set of this name that holds in the area: the one of the nearest area."""
    statement = (
        select(RULE_SETS)
        .where(
            RULE_SETS.c.name == name,
            or_(RULE_SETS.c.area == EVERYWHERE, literal(area).startswith(RULE_SETS.c.area)),
        )
        .order_by(func.length(RULE_SETS.c.area).desc())
        .limit(1)
    )
    return (await tx.execute(statement)).mappings().one_or_none()


async def add(tx: Tx, row: Mapping[Any, Any]) -> None:
    """Insert a rule set; an IntegrityError means that the area has one of that name."""
    await tx.execute(insert(RULE_SETS).values(dict(row)))


async def change(tx: Tx, rule_set_id: UUID, values: Mapping[Any, Any]) -> None:
    """Set columns of a rule set that the transaction holds."""
    await tx.execute(update(RULE_SETS).where(RULE_SETS.c.id == rule_set_id).values(dict(values)))
