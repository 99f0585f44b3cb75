"""Household and building counts by division, estate or building."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Text,
    case,
    cast,
    func,
    literal,
    select,
    union_all,
)

from kit.areas import in_areas, under
from services.registry.domain.buildings import CountBasis
from services.registry.storage.buildings import counted, listed
from services.registry.storage.divisions import ACTIVE
from services.registry.storage.tables import BUILDINGS, DIVISIONS, ESTATES, HOUSEHOLDS

CountsBy = Literal["division", "district", "street", "community", "estate", "building"]

_DIGITS: dict[str, tuple[int, ...]] = {
    "division": (6, 9, 12),
    "district": (6,),
    "street": (9,),
    "community": (12,),
}


def _counted_buildings(areas: Sequence[str], area: str | None, basis: CountBasis) -> Any:
    seen = in_areas(HOUSEHOLDS.c.community_code, areas)
    here = in_areas(BUILDINGS.c.community_code, areas)
    if area is not None:
        seen = seen & under(HOUSEHOLDS.c.community_code, area)
        here = here & under(BUILDINGS.c.community_code, area)
    rows_of = listed(seen)
    return (
        select(
            BUILDINGS.c.id,
            BUILDINGS.c.name,
            BUILDINGS.c.community_code,
            BUILDINGS.c.estate_id,
            counted(basis, rows_of).label("households"),
        )
        .join(rows_of, rows_of.c.building_id == BUILDINGS.c.id, isouter=True)
        .where(BUILDINGS.c.ended_at.is_(None) & here)
        .subquery("counted")
    )


def _whole(expression: ColumnElement[Any]) -> ColumnElement[Any]:
    # PostgreSQL adds bigints up to a numeric, which is no JSON integer.
    return cast(func.coalesce(expression, 0), BigInteger)


def _sums(of: Any) -> list[ColumnElement[Any]]:
    return [
        func.count(of.c.id).label("buildings"),
        _whole(func.sum(of.c.households)).label("households"),
        func.count(of.c.id).filter(of.c.households.is_(None)).label("buildings_without_count"),
    ]


def listing(
    areas: Sequence[str], *, area: str | None, by: CountsBy, basis: CountBasis
) -> tuple[Select[Any], list[ColumnElement[Any]]]:
    """Return the counts, one row a division, estate or building, and the paging key.

    A row's `households` counts what the caller's areas show, so the sums of a caller with a
    part of a district are the sums of that part.
    """
    of = _counted_buildings(areas, area, basis)
    if by == "building":
        rows = _by_building(of)
    elif by == "estate":
        rows = _by_estate(of, areas, area)
    else:
        rows = _by_division(of, areas, area, _DIGITS[by])
    found = rows.subquery("counts")
    return select(found), [found.c.code]


def _by_building(of: Any) -> Select[Any]:
    return select(
        cast(of.c.id, Text).label("code"),
        of.c.name,
        of.c.community_code,
        literal(1).label("buildings"),
        func.coalesce(of.c.households, 0).label("households"),
        case((of.c.households.is_(None), 1), else_=0).label("buildings_without_count"),
    )


def _by_estate(of: Any, areas: Sequence[str], area: str | None) -> Select[Any]:
    statement = (
        select(
            cast(ESTATES.c.id, Text).label("code"),
            ESTATES.c.name,
            ESTATES.c.community_code,
            *_sums(of),
        )
        .join(of, of.c.estate_id == ESTATES.c.id, isouter=True)
        .where(ESTATES.c.ended_at.is_(None) & in_areas(ESTATES.c.community_code, areas))
        .group_by(ESTATES.c.id)
    )
    return statement if area is None else statement.where(under(ESTATES.c.community_code, area))


def _by_division(
    of: Any, areas: Sequence[str], area: str | None, digits: tuple[int, ...]
) -> Select[Any]:
    levels = _levels(of, digits)
    statement = (
        select(
            DIVISIONS.c.code,
            DIVISIONS.c.name,
            case((func.length(DIVISIONS.c.code) == 12, DIVISIONS.c.code)).label("community_code"),
            _whole(levels.c.buildings).label("buildings"),
            _whole(levels.c.households).label("households"),
            _whole(levels.c.buildings_without_count).label("buildings_without_count"),
        )
        .join(levels, levels.c.prefix == DIVISIONS.c.code, isouter=True)
        .where(
            in_areas(DIVISIONS.c.code, areas)
            & (DIVISIONS.c.status == ACTIVE)
            & func.length(DIVISIONS.c.code).in_(digits)
        )
    )
    return statement if area is None else statement.where(under(DIVISIONS.c.code, area))


def _levels(of: Any, digits: tuple[int, ...]) -> Any:
    sums = [
        select(func.left(of.c.community_code, count).label("prefix"), *_sums(of)).group_by("prefix")
        for count in digits
    ]
    return union_all(*sums).subquery("levels")
