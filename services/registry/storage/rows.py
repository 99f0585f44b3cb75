"""What every noun asks of its table: one row, seen by its areas, written with its version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from sqlalchemy import Column, ColumnElement, Select, Table, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from kit.areas import in_areas
from kit.db import Tx, sqlstate
from kit.errors import Problem
from services.registry.domain.dwelling_problems import AddressCodeTaken, UnitTaken
from services.registry.domain.organization_problems import MembershipTaken
from services.registry.domain.people_problems import HouseholderTaken
from services.registry.domain.problems import HouseholdNoTaken, SourceTaken

Row = dict[str, Any]

#: Name of a unique constraint -> what its violation means.
_TAKEN: Mapping[str, type[Problem]] = {
    "uq_households_number": HouseholdNoTaken,
    "uq_residents_householder": HouseholderTaken,
    "uq_residents_registered_householder": HouseholderTaken,
    "uq_units_name": UnitTaken,
    "uq_memberships_open": MembershipTaken,
    "uq_dwellings_address_code": AddressCodeTaken,
}
#: Every noun has this constraint, named after its table.
_SOURCE = "_source_source_id"


def area_of(table: Table) -> Column[str]:
    """Return the column with the code that a row belongs to: community, division or place."""
    names = ("community_code", "division_code", "place_code")
    return next(table.c[name] for name in names if name in table.c)


async def one(tx: Tx, statement: Select[Any]) -> Row | None:
    """Return the only row of a statement as a plain dict."""
    row = (await tx.execute(statement)).mappings().one_or_none()
    return None if row is None else dict(row)


Lock = Literal["none", "share", "update"]
"""`share` keeps a row that is being referred to from ending meanwhile; `update` is for changes."""


def locked(statement: Select[Any], lock: Lock) -> Select[Any]:
    """Return the statement with its row lock."""
    if lock == "none":
        return statement
    return statement.with_for_update(read=lock == "share")


def of_id(
    table: Table, row_id: object, areas: Sequence[str], *, lock: Lock = "none"
) -> Select[Any]:
    """Return the statement of an active row by our id, visible in the areas."""
    condition = (
        (table.c.id == row_id) & table.c.ended_at.is_(None) & in_areas(area_of(table), areas)
    )
    return locked(select(table).where(condition), lock)


def of_source(
    table: Table, source: str, source_id: str, areas: Sequence[str], *, lock: Lock = "none"
) -> Select[Any]:
    """Return the statement of a row by its source, ended ones too, visible in the areas."""
    condition = (
        (table.c.source == source)
        & (table.c.source_id == source_id)
        & in_areas(area_of(table), areas)
    )
    return locked(select(table).where(condition), lock)


async def add(tx: Tx, table: Table, row: Mapping[str, Any]) -> None:
    """Insert a row; raises the problem that a taken key stands for."""
    try:
        await tx.execute(insert(table).values(row))
    except IntegrityError as error:
        raise _meaning(error) from error


async def change(
    tx: Tx, table: Table, condition: ColumnElement[bool], values: Mapping[str, Any]
) -> None:
    """Update rows; raises the problem that a taken key stands for."""
    try:
        await tx.execute(update(table).where(condition).values(values))
    except IntegrityError as error:
        raise _meaning(error) from error


async def count(tx: Tx, table: Table, condition: ColumnElement[bool]) -> int:
    """Return how many rows fulfil a condition."""
    found = await tx.scalar(select(func.count()).select_from(table).where(condition))
    return int(found or 0)


def _meaning(error: IntegrityError) -> Exception:
    if sqlstate(error) == "23505":
        text = str(error.orig)
        for constraint, problem in _TAKEN.items():
            if constraint in text:
                return problem()
        if _SOURCE in text:
            return SourceTaken()
    return error
