"""Use cases of estates."""

from __future__ import annotations

from kit.web.schemas import Crs
from services.registry.domain.estates import has_company
from services.registry.domain.problems import EstateInUse, EstateNotFound
from services.registry.operations import places
from services.registry.operations.keeping import Kept, Wanted
from services.registry.operations.work import Work
from services.registry.storage import estates
from services.registry.storage.rows import Row
from services.registry.storage.tables import ESTATES

_PLAIN = (
    "name",
    "management_mode",
    "has_property_company",
    "has_owners_committee",
    "has_resident_organization",
)


async def settle(work: Work, wanted: Wanted, stored: Row | None) -> Row:
    """Return the column values of an estate: `wanted` over what is stored."""
    values: Row = {name: (stored or {}).get(name) for name in _PLAIN}
    values |= {name: wanted[name] for name in _PLAIN if name in wanted}
    values["has_property_company"] = has_company(
        values["management_mode"], values["has_property_company"]
    )
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


async def may_end(work: Work, row: Row) -> None:
    """Refuse the end of an estate that still has buildings: EstateInUse."""
    count = await estates.buildings_in(work.tx, row["id"])
    if count:
        raise EstateInUse(count=count)


ESTATES_KEPT = Kept("estate", ESTATES, EstateNotFound, settle, may_end)
