"""Counts by grid, from the shares that grids have in buildings.

A building that one grid holds counts there whole.  Of one that is cut, single rows count where
their unit and floor lie, and what lies in no slice counts with the first; a stated number is
divided by the weights that the slices were told with, to the last household.  Buildings that no
grid holds count under their community's own code, so that the sums add up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    Text,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    null,
    or_,
    select,
    true,
    union_all,
)

from kit.areas import under
from services.registry.storage.buildings import Basis, counted, listed, listed_in, whole
from services.registry.storage.places import Listed, within
from services.registry.storage.tables import BUILDINGS, GRID_SHARES

_S = GRID_SHARES.c
_COMMUNITY = 12


def listing(prefixes: Sequence[str], basis: Basis) -> Listed:
    """Return the counts of the grids, and of what no grid holds, in the order of their codes.

    A prefix may be a grid's code: the shares of its buildings are known from the whole community.
    """
    around = tuple(sorted({prefix[:_COMMUNITY] for prefix in prefixes}))
    parts = union_all(_held(around, basis), _unheld(around, basis)).subquery("parts")
    wanted = or_(false(), *(under(parts.c.code, prefix) for prefix in prefixes))
    sums = (
        select(
            parts.c.code,
            cast(null(), Text).label("name"),
            parts.c.community_code,
            func.count(parts.c.building_id.distinct()).label("buildings"),
            whole(func.sum(parts.c.households)).label("households"),
            func.count(parts.c.building_id.distinct())
            .filter(parts.c.households.is_(None))
            .label("buildings_without_count"),
        )
        .where(wanted)
        .group_by(parts.c.code, parts.c.community_code)
        .subquery("grids")
    )
    return select(sums), [sums.c.code]


def _held(prefixes: Sequence[str], basis: Basis) -> Select[Any]:
    """Return the shares of grids with the households that each has of its building."""
    rows_of = listed_in(basis, BUILDINGS.c.id)
    matched = _matched(basis)
    building, number = _S.building_id, _S.number
    is_first = func.row_number().over(partition_by=building, order_by=number) == 1
    so_far = func.sum(_S.households).over(partition_by=building, order_by=number)
    total = func.sum(_S.households).over(partition_by=building)
    all_matched = func.sum(matched.c.counted).over(partition_by=building)
    rest = case((is_first, rows_of.c.counted - all_matched), else_=0)
    stated = cast(basis.stated, BigInteger)
    below = so_far - _S.households
    cut = _floor(stated * so_far, total) - _floor(stated * below, total)
    # Slices without weights: all of it with the first, so that the sum stays.
    shares = case((total > 0, cut), (is_first, stated), else_=stated * 0)
    return (
        select(
            _S.grid_code.label("code"),
            _S.community_code,
            _S.building_id,
            case((rows_of.c.listed > 0, matched.c.counted + rest), else_=shares).label(
                "households"
            ),
        )
        .join_from(
            GRID_SHARES,
            BUILDINGS,
            and_(
                BUILDINGS.c.id == _S.building_id,
                BUILDINGS.c.ended_at.is_(None),
                BUILDINGS.c.community_code == _S.community_code,
            ),
        )
        .join(rows_of, true())
        .join(matched, true())
        .where(within(_S.community_code, prefixes))
    )


def _floor(amount: ColumnElement[Any], parts: ColumnElement[Any]) -> ColumnElement[Any]:
    return cast(func.floor(amount / parts), BigInteger)


def _matched(basis: Basis) -> Any:
    """Return the lateral subquery of the single rows that lie in a share."""
    columns = basis.table.c
    unit = cast(func.substring(columns.unit, "[0-9]{1,6}"), Integer)
    in_units = or_(_S.unit_from == 0, unit.between(_S.unit_from, _S.unit_to))
    on_floors = or_(_S.floor_from == 0, columns.floor.between(_S.floor_from, _S.floor_to))
    here = (columns.building_id == _S.building_id) & columns.ended_at.is_(None)
    return (
        select(func.count().filter(basis.counts).label("counted"))
        .where(here & in_units & on_floors)
        .lateral("matched")
    )


def _unheld(prefixes: Sequence[str], basis: Basis) -> Select[Any]:
    """Return the buildings that no grid holds, with their households."""
    columns = BUILDINGS.c
    rows_of = listed(basis, within(basis.table.c.community_code, prefixes))
    is_held = exists().where(
        (_S.building_id == columns.id) & (_S.community_code == columns.community_code)
    )
    return (
        select(
            columns.community_code.label("code"),
            columns.community_code,
            columns.id.label("building_id"),
            cast(counted(basis, rows_of), BigInteger).label("households"),
        )
        .join_from(BUILDINGS, rows_of, rows_of.c.building_id == columns.id, isouter=True)
        .where(columns.ended_at.is_(None) & within(columns.community_code, prefixes) & ~is_held)
    )
