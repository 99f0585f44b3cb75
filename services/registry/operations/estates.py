"""Use cases of estates."""

from __future__ import annotations

from kit.web.schemas import Crs
from services.registry.domain.estates import FACTS, settle_parties
from services.registry.domain.kinds import PARTIES, EstateParty
from services.registry.domain.organization_problems import OrganizationUnfit
from services.registry.domain.problems import EstateInUse, EstateNotFound
from services.registry.operations import places, references
from services.registry.operations.keeping import Kept, Wanted
from services.registry.operations.work import Work
from services.registry.storage import estates
from services.registry.storage.rows import Row
from services.registry.storage.tables import ESTATES

_PLAIN = ("name", "management_mode", *FACTS.values())


async def settle(work: Work, wanted: Wanted, stored: Row | None) -> Row:
    """Return the column values of an estate: `wanted` over what is stored."""
    values: Row = {name: (stored or {}).get(name) for name in _PLAIN}
    values |= {name: wanted[name] for name in _PLAIN if name in wanted}
    for party in PARTIES:
        await _settle_party(work, wanted, stored, values, party)
    settle_parties(values)
    code = wanted.get("community_code", stored["community_code"] if stored else None)
    shape = None
    if stored is None or "geometry" in wanted:
        values |= {"geometry": None, **places.NO_EXTENT}
        if wanted.get("geometry") is not None:
            crs: Crs = wanted.get("crs", "CGCS2000")
            around = await places.expected_extent(work, code)
            values["geometry"], shape = places.checked(wanted["geometry"], crs, around)
            values |= places.extent_of(shape)
    values["community_code"] = await places.community_of(work, code, shape)
    return values


async def _settle_party(
    work: Work, wanted: Wanted, stored: Row | None, values: Row, party: EstateParty
) -> None:
    """Settle the organization of one party; whoever drops it says anew whether there is one."""
    column = f"{party}_id"
    values[column] = None if stored is None else stored[column]
    if not references.names(wanted, party):
        return
    row = await references.referred(work, references.ORGANIZATION, wanted, party)
    if row is not None and work.rules.kinds.party_of(row["kind"]) != party:
        raise OrganizationUnfit(party=party)
    if row is None and values[column] is not None:
        values[FACTS[party]] = wanted.get(FACTS[party])
    values[column] = None if row is None else row["id"]


async def may_end(work: Work, row: Row) -> None:
    """Refuse the end of an estate that still has buildings: EstateInUse."""
    count = await estates.buildings_in(work.tx, row["id"])
    if count:
        raise EstateInUse(count=count)


ESTATES_KEPT = Kept("estate", ESTATES, EstateNotFound, settle, may_end)
