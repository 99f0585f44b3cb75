"""Queries on residents; what is personal in them is sealed before it comes here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Table, any_, column, or_, select, table, update

from kit.areas import in_areas
from kit.bulk.staging import ROWS
from kit.db import Tx
from services.registry.storage import places, rows
from services.registry.storage.places import PlaceFilter
from services.registry.storage.rows import Row
from services.registry.storage.tables import HOUSEHOLDS, RESIDENTS


@dataclass(frozen=True, slots=True)
class ResidentFilter:
    """What a list of residents is narrowed to besides its place; None means no narrowing."""

    household_id: UUID | None = None
    relation_to_householder: str | None = None
    residence_type: str | None = None
    registered_elsewhere: bool | None = None
    tag: str | None = None
    warning: str | None = None


def listing(
    areas: Sequence[str], narrowed: PlaceFilter, own: ResidentFilter
) -> tuple[Select[Any], list[ColumnElement[Any]]]:
    """Return the residents visible in the areas, and the paging key."""
    owner = None if own.household_id is None else belongs_to(own.household_id)
    statement, key = places.listing(RESIDENTS, areas, narrowed, owner)
    columns = RESIDENTS.c
    for filtered, value in (
        (columns.relation_to_householder, own.relation_to_householder),
        (columns.residence_type, own.residence_type),
        (columns.registered_elsewhere, own.registered_elsewhere),
    ):
        if value is not None:
            statement = statement.where(filtered == value)
    if own.tag is not None:
        statement = statement.where(any_(columns.tags) == own.tag)
    if own.warning is not None:
        statement = statement.where(any_(columns.warnings) == own.warning)
    return statement, key


def belongs_to(household_id: UUID) -> ColumnElement[bool]:
    """Return the condition that a resident lives in a household or is registered there."""
    columns = RESIDENTS.c
    return or_(
        columns.household_id == household_id, columns.registered_household_id == household_id
    )


async def household(tx: Tx, household_id: UUID) -> Row | None:
    """Return a household that a resident belongs to already, whatever the areas."""
    return await rows.one(tx, select(HOUSEHOLDS).where(HOUSEHOLDS.c.id == household_id))


async def count_in(tx: Tx, household_id: UUID) -> int:
    """Return how many active residents belong to a household."""
    return await rows.count(
        tx, RESIDENTS, belongs_to(household_id) & RESIDENTS.c.ended_at.is_(None)
    )


async def by_hash(
    tx: Tx, areas: Sequence[str], field: str, hashed: bytes, *, limit: int
) -> list[Row]:
    """Return the active residents in the areas whose field has this keyed hash."""
    column = RESIDENTS.c[f"{field}_hash"]
    condition = (
        (column == hashed)
        & RESIDENTS.c.ended_at.is_(None)
        & in_areas(RESIDENTS.c.community_code, areas)
    )
    statement = select(RESIDENTS).where(condition).order_by(RESIDENTS.c.id).limit(limit)
    return [dict(row) for row in (await tx.execute(statement)).mappings()]


def home_is(household: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition that a household decides where a resident belongs."""
    columns = RESIDENTS.c
    registered = columns.household_id.is_(None) & (columns.registered_household_id == household)
    return or_(columns.household_id == household, registered)


async def follow(tx: Tx, moved: ColumnElement[bool]) -> None:
    """Give residents the community that their household, one of the moved, has now."""
    code = HOUSEHOLDS.c.community_code
    condition = home_is(HOUSEHOLDS.c.id) & (RESIDENTS.c.community_code != code) & moved
    await tx.execute(update(RESIDENTS).where(condition).values(community_code=code))


async def follow_building(tx: Tx, building_id: UUID) -> None:
    """Let residents follow the households of a building that has moved."""
    await follow(tx, HOUSEHOLDS.c.building_id == building_id)


async def follow_household(tx: Tx, household_id: UUID) -> None:
    """Let residents follow a household that has moved."""
    await follow(tx, HOUSEHOLDS.c.id == household_id)


async def follow_imported(tx: Tx, moved: Table) -> None:
    """Let residents follow the households, or those of the buildings, that an import changed."""
    staged = table(ROWS, column("source"), column("source_id"), column("row_state"))
    same = (moved.c.source == staged.c.source) & (moved.c.source_id == staged.c.source_id)
    ids = select(moved.c.id).join(staged, same).where(staged.c.row_state == "changed")
    owner = HOUSEHOLDS.c.id if moved is HOUSEHOLDS else HOUSEHOLDS.c.building_id
    await follow(tx, owner.in_(ids))
