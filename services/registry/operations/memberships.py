"""Use cases of memberships: who belongs to which team, from when to when."""

from __future__ import annotations

from datetime import date

from kit.errors import FieldError
from services.registry.domain.organization_problems import MembershipDates, MembershipNotFound
from services.registry.operations import personal as shared
from services.registry.operations import references
from services.registry.operations.keeping import Kept, Wanted
from services.registry.operations.work import Work
from services.registry.storage.rows import Row
from services.registry.storage.tables import MEMBERSHIPS


async def settle(work: Work, wanted: Wanted, stored: Row | None) -> Row:
    """Return the column values of a membership; its division is its team's."""
    kept = stored or {"valid_from": None, "valid_to": None}
    begin = wanted.get("valid_from", kept["valid_from"]) or work.today
    end = wanted.get("valid_to", kept["valid_to"])
    _check_dates(begin, end)
    values: Row = {"valid_from": begin, "valid_to": end}
    for name, target in (("team", references.TEAM), ("member", references.MEMBER)):
        asked = dict(wanted)
        if stored is not None and not references.names(wanted, name):
            asked = {f"{name}_id": stored[f"{name}_id"]}
        row = await references.referred(work, target, asked, name)
        if row is None:
            raise references.absent(target, f"/{name}_id")
        values[f"{name}_id"] = row["id"]
        if name == "team":
            values["division_code"] = row["division_code"]
    return values


def _check_dates(begin: date, end: date | None) -> None:
    if end is not None and end <= begin:
        error = FieldError(MembershipDates.code, MembershipDates.detail, pointer="/valid_to")
        raise MembershipDates(errors=[error])


MEMBERSHIPS_KEPT = Kept(
    "membership", MEMBERSHIPS, MembershipNotFound, settle, noted=shared.noted, counts=False
)
