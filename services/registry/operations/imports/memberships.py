"""Import of memberships of teams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Date, literal

from kit.bulk.noun import Apply, Counts, ImportContext, Noun, SetStep, Staging
from kit.bulk.problems import ROW_OUTSIDE_AREA
from kit.bulk.upsert import Upsert
from kit.clock import local_date
from kit.db import Tx
from kit.web.schemas import SourceName
from services.registry.domain.organization_problems import (
    MembershipDates,
    MembershipTaken,
    TeamNotFound,
)
from services.registry.domain.people_problems import MemberNotFound
from services.registry.domain.rules import Rules
from services.registry.operations.imports.columns import HEADERS, SourceId, SourceRow
from services.registry.operations.imports.judging import issue_of
from services.registry.operations.imports.people import SheetDate, told
from services.registry.operations.work import People
from services.registry.storage import imports, member_imports, memberships
from services.registry.storage.imports import Imported
from services.registry.storage.tables import MEMBERS, MEMBERSHIPS, TEAMS

_FACTS = ("team_id", "member_id", "valid_from", "valid_to")
_COLUMNS = (*_FACTS, "division_code", "ended_at")
_KEY = ("source", "source_id")
_IMPORTED = Imported("membership", MEMBERSHIPS, _KEY, _COLUMNS, "division_code")
_UPSERT = Upsert(MEMBERSHIPS, key=_KEY, columns=_COLUMNS, area="division_code")


class MembershipRow(SourceRow):
    """One membership; a new one needs a team and a member, and begins today unless it says."""

    team_source: SourceName | None = None
    team_source_id: SourceId | None = None
    member_source: SourceName | None = None
    member_source_id: SourceId | None = None
    valid_from: SheetDate | None = None
    valid_to: SheetDate | None = None
    division_code: Any = None


def stage(row: MembershipRow, _context: ImportContext) -> Sequence[object]:
    """Return the staged values of a row."""
    return (
        row.source, row.source_id, None, None, row.valid_from, row.valid_to, None, None,
        row.team_source or row.source, row.team_source_id, row.member_source or row.source,
        row.member_source_id,
    )  # fmt: skip


_STAGING = (
    ("source", "text"),
    ("source_id", "text"),
    ("team_id", "uuid"),
    ("member_id", "uuid"),
    ("valid_from", "date"),
    ("valid_to", "date"),
    ("division_code", "text"),
    ("ended_at", "timestamptz"),
    ("team_source", "text"),
    ("team_source_id", "text"),
    ("member_source", "text"),
    ("member_source_id", "text"),
)


class _Memberships:
    """The steps of the import, with what they need of persons and of the tenant."""

    def __init__(self, rules: Rules, people: People) -> None:
        self._rules = rules
        self._people = people

    async def check(self, tx: Tx, staging: Staging, context: ImportContext) -> None:
        """Refuse rows without team or member, with dates that do not fit, and twins."""
        areas = context.areas
        await _UPSERT.check(tx, staging, context)
        await imports.resolve_own(tx, staging, TEAMS, ("team_source_id", "team_id"), areas)
        await memberships.resolve_teams(tx, staging, areas)
        await imports.resolve_own(tx, staging, MEMBERS, ("member_source_id", "member_id"), areas)
        await member_imports.resolve_members(tx, staging, areas, issue_of(MemberNotFound))
        await imports.keep_unstated(tx, _IMPORTED, _FACTS, areas)
        await memberships.refuse_teamless(staging, issue_of(TeamNotFound))
        await member_imports.refuse_unnamed_member(staging, issue_of(MemberNotFound))
        await memberships.take_divisions(tx, staging)
        await imports.refuse_hidden(staging, ROW_OUTSIDE_AREA, "division_code", areas)
        today = literal(local_date(context.now, self._rules.time_zone), Date)
        await imports.default(tx, staging, "valid_from", today)
        await memberships.refuse_dates(staging, issue_of(MembershipDates))
        await memberships.refuse_twins(staging, issue_of(MembershipTaken))

    async def apply(self, tx: Tx, staging: Staging, context: ImportContext) -> Counts:
        """Write the rows, their history and the row of the audit trail."""
        await imports.note(tx, _IMPORTED, context)
        counts = await _UPSERT.apply(tx, staging, context)
        await told(tx, self._people, "membership", counts, context)
        return counts


MEMBERSHIP_HEADERS: Mapping[str, Sequence[str]] = HEADERS | {
    "source_id": ("membership_id", "编号", "成员资格编号"),
    "team_source": ("队伍来源",),
    "team_source_id": ("team_id", "队伍编号"),
    "member_source": ("人员来源",),
    "member_source_id": ("member_id", "人员编号"),
    "valid_from": ("起始日期", "加入日期"),
    "valid_to": ("终止日期", "退出日期"),
    "division_code": ("区划代码",),
}
"""Other names of the columns in sheets; the first Chinese one is the title in ours."""


def membership_noun(rules: Rules, people: People) -> Noun[MembershipRow]:
    """Return how memberships are imported."""
    steps = _Memberships(rules, people)
    check: SetStep = steps.check
    apply: Apply = steps.apply
    return Noun(
        name="memberships",
        model=MembershipRow,
        headers=MEMBERSHIP_HEADERS,
        staging=_STAGING,
        stage=stage,
        check=check,
        apply=apply,
        keys=(_KEY,),
        personal=True,
    )
