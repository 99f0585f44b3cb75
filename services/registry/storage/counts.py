"""Household and building counts by division, estate, grid or building.

A page of buildings or estates reads the rows of that page; divisions are added up at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    case,
    cast,
    func,
    literal,
    select,
    true,
    union_all,
)

from kit.areas import narrow
from services.registry.storage import grid_counts
from services.registry.storage.buildings import Basis, counted, listed, listed_in, whole
from services.registry.storage.divisions import ACTIVE
from services.registry.storage.places import Listed, within
from services.registry.storage.tables import BUILDINGS, DIVISIONS, ESTATES

CountsBy = Literal["division", "district", "street", "community", "estate", "grid", "building"]

_DIGITS: dict[str, tuple[int, ...]] = {
    "division": (6, 9, 12),
    "district": (6,),
    "street": (9,),
    "community": (12,),
}


def listing(areas: Sequence[str], *, area: str | None, by: CountsBy, basis: Basis) -> Listed:
    """Return the counts, one row a division, estate or building, and the paging key.

    A row's `households` counts what the caller's areas show, so the sums of a caller with a
    part of a district are the sums of that part.
    """
    prefixes = narrow(areas, area)
    if by == "building":
        return _by_building(prefixes, basis)
    if by == "estate":
        return _by_estate(prefixes, basis)
    if by == "grid":
        return grid_counts.listing(prefixes, basis)
    return _by_division(prefixes, basis, _DIGITS[by])


def _sums(of: Any) -> list[ColumnElement[Any]]:
    return [
        func.count(of.c.id).label("buildings"),
        whole(func.sum(of.c.households)).label("households"),
        func.count(of.c.id).filter(of.c.households.is_(None)).label("buildings_without_count"),
    ]


def _by_building(prefixes: Sequence[str], basis: Basis) -> Listed:
    columns = BUILDINGS.c
    rows_of = listed_in(basis, columns.id)
    households = counted(basis, rows_of)
    statement = (
        select(
            cast(columns.id, Text).label("code"),
            columns.name,
            columns.community_code,
            literal(1).label("buildings"),
            func.coalesce(households, 0).label("households"),
            case((households.is_(None), 1), else_=0).label("buildings_without_count"),
            columns.id,
        )
        .join_from(BUILDINGS, rows_of, true())
        .where(columns.ended_at.is_(None) & within(columns.community_code, prefixes))
    )
    return statement, [columns.community_code, columns.id]


def _by_estate(prefixes: Sequence[str], basis: Basis) -> Listed:
    columns = ESTATES.c
    rows_of = listed_in(basis, BUILDINGS.c.id)
    # An estate's buildings may stand in a community that the caller does not see.
    here = (
        select(BUILDINGS.c.id, counted(basis, rows_of).label("households"))
        .join_from(BUILDINGS, rows_of, true())
        .where(
            (BUILDINGS.c.estate_id == columns.id)
            & BUILDINGS.c.ended_at.is_(None)
            & within(BUILDINGS.c.community_code, prefixes)
        )
        .correlate(ESTATES)
        .subquery("here")
    )
    sums = select(*_sums(here)).lateral("sums")
    statement = (
        select(
            cast(columns.id, Text).label("code"),
            columns.name,
            columns.community_code,
            sums.c.buildings,
            sums.c.households,
            sums.c.buildings_without_count,
            columns.id,
        )
        .join_from(ESTATES, sums, true())
        .where(columns.ended_at.is_(None) & within(columns.community_code, prefixes))
    )
    return statement, [columns.community_code, columns.id]


def _by_division(prefixes: Sequence[str], basis: Basis, digits: tuple[int, ...]) -> Listed:
    levels = _levels(_counted_buildings(prefixes, basis), digits)
    columns = DIVISIONS.c
    statement = (
        select(
            columns.code,
            columns.name,
            case((func.length(columns.code) == 12, columns.code)).label("community_code"),
            whole(levels.c.buildings).label("buildings"),
            whole(levels.c.households).label("households"),
            whole(levels.c.buildings_without_count).label("buildings_without_count"),
        )
        .join_from(DIVISIONS, levels, levels.c.prefix == columns.code, isouter=True)
        .where(
            within(columns.code, prefixes)
            & (columns.status == ACTIVE)
            & func.length(columns.code).in_(digits)
        )
    )
    return statement, [columns.code]


def _counted_buildings(prefixes: Sequence[str], basis: Basis) -> Any:
    columns = BUILDINGS.c
    rows_of = listed(basis, within(basis.table.c.community_code, prefixes))
    return (
        select(columns.id, columns.community_code, counted(basis, rows_of).label("households"))
        .join_from(BUILDINGS, rows_of, rows_of.c.building_id == columns.id, isouter=True)
        .where(columns.ended_at.is_(None) & within(columns.community_code, prefixes))
        .subquery("counted")
    )


def _levels(of: Any, digits: tuple[int, ...]) -> Any:
    sums: list[Select[Any]] = [
        select(func.left(of.c.community_code, count).label("prefix"), *_sums(of)).group_by("prefix")
        for count in digits
    ]
    return union_all(*sums).subquery("levels")
