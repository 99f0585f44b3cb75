"""Queries on appointments: what is held on a day, and which posts one person holds at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, Select, func, or_, select

from kit.areas import in_areas, under
from kit.db import Tx
from services.registry.storage import places, rows
from services.registry.storage.places import PlaceFilter
from services.registry.storage.tables import APPOINTMENTS


@dataclass(frozen=True, slots=True)
class AppointmentFilter:
    """What a list of appointments is narrowed to; None means no narrowing."""

    member_id: UUID | None = None
    post: str | None = None
    organization_id: UUID | None = None
    as_of: date | None = None


def _on(appointment: FromClause, day: date) -> ColumnElement[bool]:
    columns = appointment.c
    return (columns.valid_from <= day) & or_(columns.valid_to.is_(None), columns.valid_to > day)


def listing(
    areas: Sequence[str], narrowed: PlaceFilter, own: AppointmentFilter
) -> tuple[Select[Any], list[ColumnElement[Any]]]:
    """Return the appointments visible in the areas, and the paging key."""
    owner = None if own.member_id is None else APPOINTMENTS.c.member_id == own.member_id
    statement, key = places.listing(APPOINTMENTS, areas, narrowed, owner)
    for column, value in (
        (APPOINTMENTS.c.post, own.post),
        (APPOINTMENTS.c.organization_id, own.organization_id),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if own.as_of is not None:
        statement = statement.where(_on(APPOINTMENTS, own.as_of))
    return statement, key


async def held(tx: Tx, member_id: UUID, today: date) -> int:
    """Return how many posts a member holds today or will hold."""
    a = APPOINTMENTS.c
    open_end = or_(a.valid_to.is_(None), a.valid_to > today)
    return await rows.count(
        tx, APPOINTMENTS, (a.member_id == member_id) & a.ended_at.is_(None) & open_end
    )


def overlapping(
    areas: Sequence[str], *, area: str | None, member_id: UUID | None, as_of: date | None
) -> tuple[Select[Any], list[ColumnElement[Any]]]:
    """Return pairs of posts that one person holds at the same time, and the paging key.

    Both posts lie in the areas; `area` asks that one of them lies there.
    """
    one, other = APPOINTMENTS.alias("one"), APPOINTMENTS.alias("other")
    begin = func.greatest(one.c.valid_from, other.c.valid_from)
    end = func.least(one.c.valid_to, other.c.valid_to)
    pairs = (
        select(
            one.c.id,
            other.c.id.label("other_id"),
            one.c.member_id,
            *_shown(one, ""),
            *_shown(other, "other_"),
            begin.label("overlaps_from"),
            end.label("overlaps_to"),
        )
        .join_from(one, other, (one.c.member_id == other.c.member_id) & (one.c.id < other.c.id))
        # LEAST leaves NULL out: a post without an end lasts for ever.
        .where(or_(end.is_(None), begin < end))
    )
    for post in (one, other):
        pairs = pairs.where(post.c.ended_at.is_(None), in_areas(post.c.place_code, areas))
        if as_of is not None:
            pairs = pairs.where(_on(post, as_of))
    if area is not None:
        pairs = pairs.where(or_(under(one.c.place_code, area), under(other.c.place_code, area)))
    if member_id is not None:
        pairs = pairs.where(one.c.member_id == member_id)
    found = pairs.subquery("overlaps")
    return select(found), [found.c.id, found.c.other_id]


def _shown(appointment: FromClause, begin: str) -> list[Any]:
    names = ("post", "place_code", "organization_id", "valid_from", "valid_to")
    return [appointment.c[name].label(f"{begin}{name}") for name in names]
