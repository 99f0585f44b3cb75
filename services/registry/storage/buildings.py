"""Queries on buildings, and the one rule that turns rows and statements into a count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Table,
    case,
    cast,
    column,
    func,
    literal,
    or_,
    select,
    table,
    update,
)

from kit.bulk.issues import RowIssue
from kit.bulk.staging import ROWS, Staging
from kit.db import Tx, UtcDateTime
from services.registry.domain.buildings import CountBasis
from services.registry.domain.households import COUNTED_AS_REGISTERED, COUNTED_AS_RESIDENT
from services.registry.storage import places, rows
from services.registry.storage.places import Listed, PlaceFilter
from services.registry.storage.tables import BUILDINGS, DWELLINGS, HOUSEHOLDS, UNITS

#: What belongs to a building, and to whose community.
CONTENTS = (HOUSEHOLDS, DWELLINGS, UNITS)


@dataclass(frozen=True, slots=True)
class Basis:
    """What is counted: the basis, and which kinds of dwellings are homes."""

    name: CountBasis
    homes: Sequence[str] = ()

    @property
    def table(self) -> Table:
        """The table whose single rows count."""
        return DWELLINGS if self.name == "dwellings" else HOUSEHOLDS

    @property
    def counts(self) -> ColumnElement[bool]:
        """The condition that a single row counts."""
        if self.name == "dwellings":
            return or_(DWELLINGS.c.use.is_(None), DWELLINGS.c.use.in_(self.homes))
        wanted = COUNTED_AS_RESIDENT if self.name == "resident" else COUNTED_AS_REGISTERED
        return HOUSEHOLDS.c.residence.in_(wanted)

    @property
    def stated(self) -> ColumnElement[Any]:
        """What was stated for a building as a whole."""
        name = "dwellings" if self.name == "dwellings" else f"households_{self.name}"
        return BUILDINGS.c[name]


def listed(basis: Basis, *conditions: ColumnElement[bool]) -> Any:
    """Return the subquery of single rows added up by building; join on building_id.

    The conditions narrow the rows, so that a count of one area reads only its own.
    """
    columns = basis.table.c
    return (
        select(
            columns.building_id,
            func.count().label("listed"),
            func.count().filter(basis.counts).label("counted"),
        )
        .where(columns.ended_at.is_(None), *conditions)
        .group_by(columns.building_id)
        .subquery("listed")
    )


def listed_in(basis: Basis, building_id: ColumnElement[Any]) -> Any:
    """Return the lateral subquery of the single rows of one building: a page reads its own only."""
    columns = basis.table.c
    return (
        select(
            func.count().label("listed"),
            func.count().filter(basis.counts).label("counted"),
        )
        .where((columns.building_id == building_id) & columns.ended_at.is_(None))
        .lateral("listed")
    )


def counted(basis: Basis, rows_of: Any) -> ColumnElement[Any]:
    """Return the count of a building, NULL where nothing is known.

    `rows_of` is a subquery made by `listed` or `listed_in`, joined to the buildings.
    """
    return case((rows_of.c.listed > 0, rows_of.c.counted), else_=basis.stated)


def whole(expression: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a sum as a whole number, 0 for none: PostgreSQL adds bigints up to a numeric."""
    return cast(func.coalesce(expression, 0), BigInteger)


def listing(
    areas: Sequence[str],
    narrowed: PlaceFilter,
    *,
    estate_id: UUID | None = None,
    outside: bool | None = None,
) -> Listed:
    """Return the buildings visible in the areas with `households_listed`, and the paging key."""
    owner = None if estate_id is None else BUILDINGS.c.estate_id == estate_id
    statement, key = places.listing(BUILDINGS, areas, narrowed, owner)
    statement = statement.add_columns(_listed().label("households_listed"))
    if outside is not None:
        noted = BUILDINGS.c.outside_m.is_not(None)
        statement = statement.where(noted if outside else ~noted)
    return statement, key


def _listed() -> ColumnElement[int]:
    return (
        select(func.count())
        .where((HOUSEHOLDS.c.building_id == BUILDINGS.c.id) & HOUSEHOLDS.c.ended_at.is_(None))
        .scalar_subquery()
    )


async def households_in(tx: Tx, building_id: UUID) -> int:
    """Return how many active household rows belong to a building."""
    return await rows.count(
        tx, HOUSEHOLDS, (HOUSEHOLDS.c.building_id == building_id) & HOUSEHOLDS.c.ended_at.is_(None)
    )


async def contents(tx: Tx, building_id: UUID) -> dict[str, int]:
    """Return how many active households, dwellings and units belong to a building."""
    return {
        held.name: await rows.count(
            tx, held, (held.c.building_id == building_id) & held.c.ended_at.is_(None)
        )
        for held in CONTENTS
    }


async def move_contents(tx: Tx, building_id: UUID, community_code: str, *, at: datetime) -> None:
    """Let households, dwellings and units follow their building into another community."""
    for held in CONTENTS:
        condition = (held.c.building_id == building_id) & held.c.ended_at.is_(None)
        values = {"community_code": community_code, "version": held.c.version + 1, "updated_at": at}
        await rows.change(tx, held, condition, values)


async def points(tx: Tx, community_code: str) -> list[tuple[UUID, float, float, float | None]]:
    """Return id, longitude, latitude and noted distance of a community's located buildings."""
    statement = select(
        BUILDINGS.c.id, BUILDINGS.c.lon, BUILDINGS.c.lat, BUILDINGS.c.outside_m
    ).where(
        (BUILDINGS.c.community_code == community_code)
        & BUILDINGS.c.ended_at.is_(None)
        & BUILDINGS.c.lon.is_not(None)
    )
    return [(row[0], row[1], row[2], row[3]) for row in await tx.execute(statement)]


async def note_outside(tx: Tx, building_id: UUID, outside_m: float | None, *, at: datetime) -> None:
    """Write by how many metres a building lies outside its community, None for inside."""
    values = {"outside_m": outside_m, "version": BUILDINGS.c.version + 1, "updated_at": at}
    await rows.change(tx, BUILDINGS, BUILDINGS.c.id == building_id, values)


async def refuse_clashing_moves(staging: Staging, issue: RowIssue) -> None:
    """Refuse staged buildings whose households would meet their own numbers where they move."""
    await staging.refuse(
        issue,
        "community_code",
        "SELECT s.row_no FROM import_rows s "
        "JOIN buildings b ON b.source = s.source AND b.source_id = s.source_id "
        "JOIN households h ON h.building_id = b.id AND h.ended_at IS NULL "
        "JOIN households o ON o.community_code = s.community_code "
        "AND o.household_no = h.household_no AND o.ended_at IS NULL AND o.id <> h.id "
        "WHERE b.community_code <> s.community_code",
    )


async def bring_contents_along(tx: Tx, *, at: datetime) -> None:
    """Give what imported buildings hold the community that the building has now."""
    staged = table(ROWS, column("source"), column("source_id"))
    for held in CONTENTS:
        moved = (
            (BUILDINGS.c.source == staged.c.source)
            & (BUILDINGS.c.source_id == staged.c.source_id)
            & (held.c.building_id == BUILDINGS.c.id)
            & (held.c.community_code != BUILDINGS.c.community_code)
            & held.c.ended_at.is_(None)
        )
        values = {
            "community_code": BUILDINGS.c.community_code,
            "version": held.c.version + 1,
            "updated_at": literal(at, UtcDateTime),
        }
        await tx.execute(update(held).values(values).where(moved))
