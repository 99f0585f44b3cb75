"""Queries on memberships of teams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, update

from kit.areas import in_areas
from kit.bulk.issues import RowIssue
from kit.bulk.staging import Staging
from kit.db import Tx
from services.registry.storage import places, rows
from services.registry.storage.places import Listed, PlaceFilter
from services.registry.storage.tables import MEMBERSHIPS, TEAMS

_M = MEMBERSHIPS.c


@dataclass(frozen=True, slots=True)
class MembershipFilter:
    """What a list of memberships is narrowed to; None means no narrowing."""

    team_id: UUID | None = None
    member_id: UUID | None = None
    as_of: date | None = None


def _lasts_beyond(day: date) -> ColumnElement[bool]:
    return or_(_M.valid_to.is_(None), _M.valid_to > day)


def listing(areas: Sequence[str], narrowed: PlaceFilter, own: MembershipFilter) -> Listed:
    """Return the memberships visible in the areas, and the paging key."""
    owner = None
    if own.team_id is not None:
        owner = _M.team_id == own.team_id
    if own.member_id is not None:
        mine = _M.member_id == own.member_id
        owner = mine if owner is None else owner & mine
    statement, key = places.listing(MEMBERSHIPS, areas, narrowed, owner)
    if own.as_of is not None:
        statement = statement.where((_M.valid_from <= own.as_of) & _lasts_beyond(own.as_of))
    return statement, key


async def held(
    tx: Tx, today: date, *, team_id: UUID | None = None, member_id: UUID | None = None
) -> int:
    """Return how many memberships a team, or a member, has today or will have."""
    whose = _M.team_id == team_id if team_id is not None else _M.member_id == member_id
    return await rows.count(tx, MEMBERSHIPS, whose & _M.ended_at.is_(None) & _lasts_beyond(today))


async def follow_team(tx: Tx, team_id: UUID, division_code: str, *, at: datetime) -> None:
    """Let memberships follow their team to another division."""
    values = {"division_code": division_code, "version": _M.version + 1, "updated_at": at}
    await rows.change(tx, MEMBERSHIPS, (_M.team_id == team_id) & _M.ended_at.is_(None), values)


async def resolve_teams(tx: Tx, staging: Staging, areas: Sequence[str]) -> None:
    """Fill the team of staged rows from the id of the source that they give."""
    staged, columns = staging.table, TEAMS.c
    same = (columns.source == staged.c.team_source) & (columns.source_id == staged.c.team_source_id)
    seen = columns.ended_at.is_(None) & in_areas(columns.division_code, areas)
    await tx.execute(
        update(staged).values(team_id=columns.id).where(same & seen & staged.c.team_id.is_(None))
    )


async def take_divisions(tx: Tx, staging: Staging) -> None:
    """Fill the division of staged rows from their teams."""
    staged, columns = staging.table, TEAMS.c
    await tx.execute(
        update(staged)
        .values(division_code=columns.division_code)
        .where(columns.id == staged.c.team_id)
    )


async def refuse_teamless(staging: Staging, issue: RowIssue) -> None:
    """Refuse staged rows without a team that is there."""
    staged = staging.table
    lost = select(staged.c.row_no).where(staged.c.team_id.is_(None))
    await staging.refuse_set(issue, "team_source_id", lost)


async def refuse_dates(staging: Staging, issue: RowIssue) -> None:
    """Refuse staged rows that would end before they begin."""
    staged = staging.table
    wrong = staged.c.valid_to <= staged.c.valid_from
    await staging.refuse_set(issue, "valid_to", select(staged.c.row_no).where(wrong))


async def refuse_twins(staging: Staging, issue: RowIssue) -> None:
    """Refuse staged rows of a member who has another open membership of the team."""
    await staging.refuse(
        issue,
        "member_source_id",
        "SELECT s.row_no FROM import_rows s JOIN memberships m ON m.team_id = s.team_id "
        "AND m.member_id = s.member_id AND m.ended_at IS NULL AND m.valid_to IS NULL "
        "WHERE s.valid_to IS NULL "
        "AND (m.source, m.source_id) IS DISTINCT FROM (s.source, s.source_id)",
    )
