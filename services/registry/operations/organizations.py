"""Use cases of organizations."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from kit.areas import covers
from services.registry.domain.organization_problems import (
    OrganizationInUse,
    OrganizationLoop,
    OrganizationNotFound,
    OrganizationShared,
)
from services.registry.domain.organizations import normalised_uscc
from services.registry.domain.problems import DivisionNotFound
from services.registry.operations import keeping, places, references
from services.registry.operations.jurisdictions import merged_jurisdiction
from services.registry.operations.keeping import Kept, Wanted
from services.registry.operations.work import Work
from services.registry.storage import organizations, rows
from services.registry.storage.rows import Row
from services.registry.storage.tables import ORGANIZATIONS

_PLAIN = ("name", "kind", "uscc", "rating", "phone", "address")


async def settle(work: Work, wanted: Wanted, stored: Row | None) -> Row:
    """Return the column values of an organization: `wanted` over what is stored."""
    kept = stored or {}
    values: Row = {name: wanted.get(name, kept.get(name)) for name in _PLAIN}
    work.rules.kinds.check("organization", values["kind"])
    if values["uscc"] is not None:
        values["uscc"] = normalised_uscc(values["uscc"])
    code = wanted.get("division_code", kept.get("division_code"))
    values["division_code"] = await places.division_of(work, code)
    values["jurisdiction"] = await _jurisdiction(work, wanted, code, kept.get("jurisdiction"))
    values["parent_id"] = await _parent_id(work, wanted, stored)
    return values


async def _jurisdiction(
    work: Work, wanted: Wanted, code: str, stored: Sequence[str] | None
) -> list[str]:
    given = wanted.get("jurisdiction")
    if given is None:
        if stored is not None and "jurisdiction" not in wanted:
            return [*stored]
        return merged_jurisdiction([code], stored or (), work.areas)
    known = await organizations.active_codes(work.tx, given, work.areas)
    absent = [
        places.unknown(f"/jurisdiction/{index}", DivisionNotFound)
        for index, served in enumerate(given)
        if served not in known
    ]
    if absent:
        raise DivisionNotFound(errors=absent)
    return merged_jurisdiction(given, stored or (), work.areas)


async def _parent_id(work: Work, wanted: Wanted, stored: Row | None) -> UUID | None:
    parent_id = await references.referred_id(
        work, references.ORGANIZATION, wanted, "parent", stored
    )
    if stored is None or parent_id is None or parent_id == stored["parent_id"]:
        return parent_id
    if await organizations.stands_above(work.tx, stored["id"], parent_id):
        raise OrganizationLoop
    return parent_id


async def may_end(work: Work, row: Row) -> None:
    """Refuse the end of an organization that others refer to: OrganizationInUse."""
    counts = await organizations.references(work.tx, row["id"])
    if any(counts.values()):
        raise OrganizationInUse(
            organizations=counts["organizations"],
            estates=counts["estates"],
            service_points=counts["service_points"],
            teams=counts["teams"],
            members=counts["members"],
            appointments=counts["appointments"],
        )


ORGANIZATIONS_KEPT = Kept(
    "organization", ORGANIZATIONS, OrganizationNotFound, settle, may_end, counts=False
)


async def read(work: Work, row_id: UUID) -> Row:
    """Return an active organization that belongs to the caller's areas or serves them."""
    row = await rows.one(work.tx, organizations.of_id(row_id, work.areas))
    if row is None:
        raise OrganizationNotFound
    return row


async def change(work: Work, row_id: UUID, patch: Wanted, if_match: str | None) -> Row:
    """Change the given fields of an organization of the caller's areas."""
    await _check_own(work, row_id)
    return await keeping.change(ORGANIZATIONS_KEPT, work, row_id, patch, if_match)


async def end(work: Work, row_id: UUID, if_match: str | None) -> None:
    """End an organization of the caller's areas that nothing refers to."""
    await _check_own(work, row_id)
    await keeping.end(ORGANIZATIONS_KEPT, work, row_id, if_match)


async def _check_own(work: Work, row_id: UUID) -> None:
    row = await read(work, row_id)
    if not covers(work.areas, row["division_code"]):
        raise OrganizationShared
