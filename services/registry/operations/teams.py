"""Use cases of teams."""

from __future__ import annotations

from services.registry.domain.organization_problems import TeamNotFound
from services.registry.operations import places, references
from services.registry.operations.keeping import Kept, Wanted
from services.registry.operations.work import Work
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


TEAMS_KEPT = Kept("team", TEAMS, TeamNotFound, settle)
