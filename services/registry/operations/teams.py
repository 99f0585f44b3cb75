"""Use cases of teams."""

from __future__ import annotations

from services.registry.domain.organization_problems import TeamInUse, TeamNotFound
from services.registry.operations import places, references
from services.registry.operations.keeping import Kept, Wanted
from services.registry.operations.work import Work
from services.registry.storage import memberships
from services.registry.storage.rows import Row
from services.registry.storage.tables import TEAMS

_PLAIN = ("name", "kind", "description")


async def settle(work: Work, wanted: Wanted, stored: Row | None) -> Row:
    """Return the column values of a team: `wanted` over what is stored."""
    kept = stored or {}
    values: Row = {name: wanted.get(name, kept.get(name)) for name in _PLAIN}
    work.rules.kinds.check("team", values["kind"])
    code = wanted.get("division_code", kept.get("division_code"))
    values["division_code"] = await places.division_of(work, code)
    values["organization_id"] = await references.referred_id(
        work, references.ORGANIZATION, wanted, "organization", stored
    )
    return values


async def may_end(work: Work, row: Row) -> None:
    """Refuse the end of a team that still has members: TeamInUse."""
    count = await memberships.held(work.tx, work.today, team_id=row["id"])
    if count:
        raise TeamInUse(count=count)


async def after(work: Work, before: Row, row: Row) -> None:
    """Let the memberships follow a team to another division."""
    if before["division_code"] != row["division_code"]:
        await memberships.follow_team(work.tx, row["id"], row["division_code"], at=work.at)


TEAMS_KEPT = Kept("team", TEAMS, TeamNotFound, settle, may_end, after, counts=False)
